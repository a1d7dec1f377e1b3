// Vectors of one instruction-set level, through the vector extensions of GCC and Clang: no intrinsics, any processor.
#pragma once

#include <cstdint>
#include <cstring>

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

}  // namespace carousel::CAROUSEL_LEVEL
