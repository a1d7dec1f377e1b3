// Compiled once for each level, with that level's instructions, into the namespace CAROUSEL_LEVEL.
#include "level.h"

namespace carousel::CAROUSEL_LEVEL {

bool compiled() { return true; }

}  // namespace carousel::CAROUSEL_LEVEL
