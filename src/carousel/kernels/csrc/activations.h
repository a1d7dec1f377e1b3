// The paper's warping functions G_c (logistic) and G_d (hyperbolic tangent), a vector at a time.
//
// Both stand on exp(z) for z <= 0, which cannot overflow: z = k ln 2 + r with |r| <= (ln 2) / 2, and exp(r) - 1 by its
// Taylor series, long enough to be exact there; the uneven range leaves small z, where tanh is delicate, to k = 0. What rounding takes from a quotient's parts is given back, which
// keeps the error within 2 units in the last place. A logistic below the smallest normal number is zero; NaN stays NaN.
#pragma once

#include "vectors.h"

namespace carousel::CAROUSEL_LEVEL {

template <class T> struct Exponential;

template <> struct Exponential<float> {
    static constexpr float lowest = -87.33654f;  // exp of less is below the smallest normal number
    static constexpr float log2_e = 1.44269504f;
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // k * ln2_high is exact
    static constexpr float round = 12582912.0f;  // adding 1.5 * 2^23 leaves an integer in the last bits
    static constexpr int exponent_bits = 23, exponent_bias = 127, terms = 8;
};

template <> struct Exponential<double> {
    static constexpr double lowest = -708.3964185322641;
    static constexpr double log2_e = 1.4426950408889634;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double round = 6755399441055744.0;
    static constexpr int exponent_bits = 52, exponent_bias = 1023, terms = 13;
};

constexpr double inverse_factorial(int n) { return n < 2 ? 1.0 : inverse_factorial(n - 1) / n; }

template <class T> inline Vector<T> absolute(Vector<T> x) {
    return (Vector<T>)((Integers<T>)x & ~(Integers<T>)all<T>(T(-0.0)));
}

// scale = 2^k and part = exp(r) - 1, so that exp(z) = scale + scale * part. z must lie in lowest .. 0, or be NaN.
template <class T> inline void split_exp(Vector<T> z, Vector<T>& scale, Vector<T>& part) {
    using E = Exponential<T>;
    const Vector<T> shifted = z * E::log2_e + E::round;
    const Vector<T> k = shifted - E::round;
    Vector<T> r = z - k * E::ln2_high;
    r = r - k * E::ln2_low;
    Vector<T> series = all<T>(T(inverse_factorial(E::terms)));
#pragma GCC unroll 16
    for (int n = E::terms - 1; n >= 2; --n) series = series * r + T(inverse_factorial(n));
    part = series * (r * r) + r;
    constexpr auto bias = decltype(Integers<T>{}[0] + 0)(E::exponent_bias);
    scale = (Vector<T>)(((Integers<T>)shifted + bias) << E::exponent_bits);
}

template <class T> inline Vector<T> logistic(Vector<T> x) {
    using E = Exponential<T>;
    const Vector<T> z = -absolute<T>(x);
    Vector<T> scale, part;
    split_exp<T>(z < E::lowest ? all<T>(E::lowest) : z, scale, part);
    const Vector<T> low = scale * part, rounded = scale + low;
    const Vector<T> e = z < E::lowest ? Vector<T>{} : rounded;  // exp(z)
    const Vector<T> lost = low - (rounded - scale);             // what it lacks
    const Vector<T> sum = T(1) + e, lost_too = lost + (e - (sum - T(1)));
    const Integers<T> negative = x < T(0);
    const Vector<T> ratio = (negative ? e : all<T>(1)) / sum;
    const Vector<T> inverse = negative ? T(1) - ratio : ratio;  // of the sum
    return ratio + ((negative ? lost : Vector<T>{}) - ratio * lost_too) * inverse;
}

template <class T> inline Vector<T> tanh(Vector<T> x) {
    using E = Exponential<T>;
    constexpr T least = E::lowest / 2;
    Vector<T> z = -T(2) * absolute<T>(x);
    z = z < least ? all<T>(least) : z;
    Vector<T> scale, part;
    split_exp<T>(z, scale, part);
    const Vector<T> high = scale - T(1), low = scale * part;
    const Vector<T> em1 = high + low, lost = low - (em1 - high);  // exp(z) - 1, and what em1 lacks of it
    const Vector<T> sum = T(2) + em1, lost_too = lost + (em1 - (sum - T(2)));
    const Vector<T> ratio = -em1 / sum, inverse = T(0.5) + T(0.5) * ratio;  // of the sum
    const Vector<T> size = ratio - (lost + ratio * lost_too) * inverse;
    const Integers<T> sign = (Integers<T>)x & (Integers<T>)all<T>(T(-0.0));
    return (Vector<T>)((Integers<T>)size | sign);
}

}  // namespace carousel::CAROUSEL_LEVEL
