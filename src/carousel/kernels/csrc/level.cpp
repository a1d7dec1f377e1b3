// Compiled once for each level, with that level's instructions, into the namespace CAROUSEL_LEVEL.
#include "level.h"

#include "backward.h"
#include "forward.h"

namespace carousel::CAROUSEL_LEVEL {

namespace {

template <class T> void activate(bool is_tanh, const T* from, T* to, long count) {
    for (long i = 0; i < count; i += L<T>) {
        const Vector<T> x = load_part(from + i, count - i);
        store_part(to + i, is_tanh ? tanh<T>(x) : logistic<T>(x), count - i);
    }
}

#define CAROUSEL_TEXT_OF(name) #name
#define CAROUSEL_TEXT(name) CAROUSEL_TEXT_OF(name)

}  // namespace

const Level level{CAROUSEL_TEXT(CAROUSEL_LEVEL), forward<float>, forward<double>, backward<float>, backward<double>,
                  activate<float>, activate<double>};

}  // namespace carousel::CAROUSEL_LEVEL
