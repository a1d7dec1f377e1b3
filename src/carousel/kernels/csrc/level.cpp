// Compiled once for each level, with that level's instructions, into the namespace CAROUSEL_LEVEL.
#include "level.h"

#include "backward.h"
#include "forward.h"
#include "stream.h"

namespace carousel::CAROUSEL_LEVEL {

namespace {

template <class T> void activate(bool is_tanh, const T* from, T* to, long count) {
    for (long i = 0; i < count; i += L<T>) {
        const Vector<T> x = load_part(from + i, count - i);
        store_part(to + i, is_tanh ? tanh<T>(x) : logistic<T>(x), count - i);
    }
}

template <class T> double multiply_add(long rounds, int threads) {
    constexpr int CHAINS = 12;
    const auto work = [rounds](int) {
        Vector<T> sums[CHAINS];
        for (int c = 0; c < CHAINS; ++c) sums[c] = all(T(c));
        const Vector<T> factor = all(T(0.5)), term = all(T(1));
        for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
            for (int c = 0; c < CHAINS; ++c) sums[c] = sums[c] * factor + term;
        }
        for (int c = 1; c < CHAINS; ++c) sums[0] += sums[c];
        [[maybe_unused]] volatile T kept = sums[0][0];  // or the compiler would leave the loop out
    };
    return together(threads, work) ? double(rounds) * CHAINS * L<T> * threads : 0;
}

#define CAROUSEL_TEXT_OF(name) #name
#define CAROUSEL_TEXT(name) CAROUSEL_TEXT_OF(name)

}  // namespace

const Level level{CAROUSEL_TEXT(CAROUSEL_LEVEL), forward<float>, forward<double>, backward<float>, backward<double>,
                  make_stream<float>, make_stream<double>, multiply_add<float>, multiply_add<double>,
                  activate<float>, activate<double>};

}  // namespace carousel::CAROUSEL_LEVEL
