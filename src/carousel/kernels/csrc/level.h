// The levels of machine instructions that level.cpp is compiled for.
#pragma once

#include "lstm.h"

namespace carousel {

namespace portable {
extern const Level level;
}
namespace avx2 {
extern const Level level;
}
namespace avx512 {
extern const Level level;
}

}  // namespace carousel
