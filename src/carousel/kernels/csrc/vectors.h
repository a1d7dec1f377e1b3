// Vectors of one instruction-set level, through the vector extensions of GCC and Clang: no intrinsics, any processor.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace carousel::CAROUSEL_LEVEL {

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX2__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif

template <class T> struct Lanes;

template <> struct Lanes<float> {
    typedef float Vector __attribute__((vector_size(BYTES)));
    typedef float Unaligned __attribute__((vector_size(BYTES), aligned(4), may_alias));
    typedef int32_t Integers __attribute__((vector_size(BYTES)));
};

template <> struct Lanes<double> {
    typedef double Vector __attribute__((vector_size(BYTES)));
    typedef double Unaligned __attribute__((vector_size(BYTES), aligned(8), may_alias));
    typedef int64_t Integers __attribute__((vector_size(BYTES)));
};

template <class T> using Vector = typename Lanes<T>::Vector;
template <class T> using Integers = typename Lanes<T>::Integers;

// How many numbers a vector holds.
template <class T> constexpr int L = BYTES / int(sizeof(T));

template <class T> inline Vector<T> load(const T* from) {
    return *reinterpret_cast<const typename Lanes<T>::Unaligned*>(from);
}

template <class T> inline void store(T* to, Vector<T> value) {
    *reinterpret_cast<typename Lanes<T>::Unaligned*>(to) = value;
}

// The first `count` numbers, zeros beyond; count may exceed L.
template <class T> inline Vector<T> load_part(const T* from, long count) {
    if (count >= L<T>) return load(from);
    Vector<T> value{};
    if (count > 0) std::memcpy(&value, from, size_t(count) * sizeof(T));
    return value;
}

template <class T> inline void store_part(T* to, Vector<T> value, long count) {
    if (count >= L<T>)
        store(to, value);
    else if (count > 0)
        std::memcpy(to, &value, size_t(count) * sizeof(T));
}

template <class T> inline Vector<T> all(T value) { return value - Vector<T>{}; }  // keeps the sign of zero


// The lesser and the greater of x and a limit; NaN where x is.
template <class T> inline Vector<T> at_most(Vector<T> x, T limit) { return all(limit) < x ? all(limit) : x; }
template <class T> inline Vector<T> at_least(Vector<T> x, T limit) { return all(limit) > x ? all(limit) : x; }

// One instruction where the compiler would take two.
#if defined(__AVX512F__)
constexpr int EVERY = 0xffff;  // lanes; without a mask, GCC 12 warns of its own header
template <> inline Vector<float> at_most(Vector<float> x, float limit) { return _mm512_maskz_min_ps(EVERY, all(limit), x); }
template <> inline Vector<float> at_least(Vector<float> x, float limit) { return _mm512_maskz_max_ps(EVERY, all(limit), x); }
template <> inline Vector<double> at_most(Vector<double> x, double limit) { return _mm512_maskz_min_pd(__mmask8(EVERY), all(limit), x); }
template <> inline Vector<double> at_least(Vector<double> x, double limit) { return _mm512_maskz_max_pd(__mmask8(EVERY), all(limit), x); }
#elif defined(__AVX2__)
template <> inline Vector<float> at_most(Vector<float> x, float limit) { return _mm256_min_ps(all(limit), x); }
template <> inline Vector<float> at_least(Vector<float> x, float limit) { return _mm256_max_ps(all(limit), x); }
template <> inline Vector<double> at_most(Vector<double> x, double limit) { return _mm256_min_pd(all(limit), x); }
template <> inline Vector<double> at_least(Vector<double> x, double limit) { return _mm256_max_pd(all(limit), x); }
#endif

// One stage of a transposition: of rows d apart, the lanes whose bit d is set change places with those where it is not.
template <class T, int D, size_t... I>
inline void exchange(Vector<T>& a, Vector<T>& b, std::index_sequence<I...>) {
    const Vector<T> low = __builtin_shufflevector(a, b, (I & D ? int(I + L<T> - D) : int(I))...);
    b = __builtin_shufflevector(a, b, (I & D ? int(I + L<T>) : int(I + D))...);
    a = low;
}

// Rows become columns.
template <class T, int D = 1> inline void transpose(Vector<T> (&rows)[L<T>]) {
    if constexpr (D < L<T>) {
#pragma GCC unroll 16
        for (int i = 0; i < L<T>; ++i)
            if (!(i & D)) exchange<T, D>(rows[i], rows[i | D], std::make_index_sequence<size_t(L<T>)>());
        transpose<T, 2 * D>(rows);
    }
}

}  // namespace carousel::CAROUSEL_LEVEL
