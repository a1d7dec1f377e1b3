// What level.cpp offers, once for each level: one instruction set, one namespace.
#pragma once

namespace carousel {

namespace portable {
bool compiled();
}
namespace avx2 {
bool compiled();
}
namespace avx512 {
bool compiled();
}

}  // namespace carousel
