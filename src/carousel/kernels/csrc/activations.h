// The paper's warping functions G_c (logistic) and G_d (hyperbolic tangent), a vector at a time.
//
// Both stand on exp(-z): z = -k ln 2 + r with |r| <= (ln 2) / 2, and 1 - exp(-r) by its Taylor series, long enough to be
// exact there. The quotient that follows is corrected by its remainder, which keeps the error within 2 units in the
// last place. A logistic below the smallest normal number is zero; NaN stays NaN; tanh keeps the sign of zero.
#pragma once

#include "vectors.h"

namespace carousel::CAROUSEL_LEVEL {

template <class T> struct Exponential;

template <> struct Exponential<float> {
    static constexpr float most = 87.33654f;  // exp(-z) of more is below the smallest normal number
    static constexpr float log2_e = 1.44269504f;
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // k * ln2_high is exact
    static constexpr float round = 12582912.0f;  // adding 1.5 * 2^23 leaves an integer in the last bits
    static constexpr int exponent_bits = 23, exponent_bias = 127, terms = 8;
};

template <> struct Exponential<double> {
    static constexpr double most = 708.3964185322641;
    static constexpr double log2_e = 1.4426950408889634;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double round = 6755399441055744.0;
    static constexpr int exponent_bits = 52, exponent_bias = 1023, terms = 13;
};

// of[n] is (-1)^n / n!. A table: the values of a function GCC may compute anew for every vector.
template <class T> struct Coefficients {
    T of[Exponential<T>::terms + 1];

    constexpr Coefficients() : of{} {
        double value = 1;
        for (int n = 0; n <= Exponential<T>::terms; ++n) {
            of[n] = T(value);
            value /= -(n + 1);
        }
    }
};

// scale = 2^k and part = 1 - exp(-r), so that exp(-z) = scale - scale * part. z must lie in -most .. most, or be NaN.
template <class T> inline void split_exp(Vector<T> z, Vector<T>& scale, Vector<T>& part) {
    using E = Exponential<T>;
    const Vector<T> shifted = E::round - z * E::log2_e;
    const Vector<T> k = shifted - E::round;
    Vector<T> r = z + k * E::ln2_high;
    r = r + k * E::ln2_low;
    static constexpr Coefficients<T> coefficient;
    Vector<T> series = all<T>(coefficient.of[E::terms]);
#pragma GCC unroll 16
    for (int n = E::terms - 1; n >= 2; --n) series = series * r + coefficient.of[n];
    part = r - series * (r * r);
    constexpr auto bias = decltype(Integers<T>{}[0] + 0)(E::exponent_bias);
    scale = (Vector<T>)(((Integers<T>)shifted + bias) << E::exponent_bits);
}

template <class T> inline Vector<T> logistic(Vector<T> x) {
    constexpr T most = Exponential<T>::most;
    Vector<T> scale, part;
    split_exp<T>(at_least<T>(at_most<T>(x, most), -most), scale, part);
    // 1 / (1 + exp(-x)), whose denominator is high - low.
    const Vector<T> high = T(1) + scale, low = scale * part;
    const Vector<T> ratio = T(1) / (high - low);
    const Vector<T> remainder = (T(1) - ratio * high) + ratio * low;
    return x < -most ? Vector<T>{} : ratio + ratio * remainder;
}

template <class T> inline Vector<T> tanh(Vector<T> x) {
    const Integers<T> minus = (Integers<T>)all<T>(T(-0.0));
    const Vector<T> size = (Vector<T>)((Integers<T>)x & ~minus);
    Vector<T> scale, part;
    split_exp<T>(T(2) * at_most<T>(size, Exponential<T>::most / 2), scale, part);
    // (1 - exp(-2x)) / (1 + exp(-2x)) = (top + low) / (high - low).
    const Vector<T> top = T(1) - scale, high = T(1) + scale, low = scale * part;
    const Vector<T> inverse = T(1) / (high - low);
    const Vector<T> ratio = (top + low) * inverse;
    const Vector<T> remainder = ((top - ratio * high) + low) + ratio * low;
    const Vector<T> value = ratio + remainder * inverse;
    return (Vector<T>)((Integers<T>)value | ((Integers<T>)x & minus));
}

}  // namespace carousel::CAROUSEL_LEVEL
