// Matrix products on a register tile: R rows of numbers, each broadcast, times C vectors of columns.
//
// Every sum runs over k in ascending order in one accumulator, so a result does not depend on how rows and columns
// were shared out among tiles and threads.
#pragma once

#include <algorithm>

#include "memory.h"
#include "vectors.h"

namespace carousel::CAROUSEL_LEVEL {

constexpr int MOST_VECTORS = 5;
constexpr int MOST_ROWS = 8;

// Rows of a tile of `vectors` columns, so that accumulators, one row of weights and one number fit the registers.
constexpr int tile_rows(int vectors) {
#if defined(__AVX512F__) || defined(__aarch64__)
    constexpr int rows[] = {0, 8, 8, 8, 6, 5};
#else
    constexpr int rows[] = {0, 6, 6, 4, 3, 2};
#endif
    return rows[vectors];
}

// One term of a tile's sums: rows of numbers times K rows of columns.
template <class T> struct Term {
    const T* const* a = nullptr;  // one row each; a[r][k * a_step] is broadcast
    long a_step = 1;
    const T* w = nullptr;  // [K, C vectors], rows w_step apart
    long K = 0, w_step = 0;
};

// What a tile sees. Rows of all arrays of pointers are taken in order.
template <class T> struct Operands {
    Term<T> terms[2];      // added up one after the other
    const T* const* init;  // what each row's sums start from, or null for zeros
    T* const* out;         // where each row's sums go
    long column, stride;   // vector c of a row lies at column + c * stride, in init and out
};

template <class T, int R, int C> void tile(const Operands<T>& o) {
    Vector<T> sums[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) sums[r][c] = o.init ? load(o.init[r] + o.column + c * o.stride) : Vector<T>{};
    for (const Term<T>& term : o.terms) {
        if (term.K == 0) continue;
        const T* a[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) a[r] = term.a[r];
        const T* w = term.w;
        const long K = term.K, a_step = term.a_step, w_step = term.w_step;
        for (long k = 0; k < K; ++k, w += w_step) {
            Vector<T> row[C];
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) row[c] = load(w + c * L<T>);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const Vector<T> number = all(a[r][k * a_step]);
#pragma GCC unroll 8
                for (int c = 0; c < C; ++c) sums[r][c] += number * row[c];
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) store(o.out[r] + o.column + c * o.stride, sums[r][c]);
}

template <class T> using Tile = void (*)(const Operands<T>&);

template <class T, int C> constexpr Tile<T> tile_of(int rows) {
    constexpr int most = tile_rows(C);
    constexpr Tile<T> tiles[] = {
        tile<T, 1, C>,
        tile<T, 2, C>,
        tile<T, std::min(3, most), C>,
        tile<T, std::min(4, most), C>,
        tile<T, std::min(5, most), C>,
        tile<T, std::min(6, most), C>,
        tile<T, std::min(7, most), C>,
        tile<T, std::min(8, most), C>,
    };
    return tiles[rows - 1];
}

template <class T> inline Tile<T> tile_of(int rows, int vectors) {
    switch (vectors) {
        case 1: return tile_of<T, 1>(rows);
        case 2: return tile_of<T, 2>(rows);
        case 3: return tile_of<T, 3>(rows);
        case 4: return tile_of<T, 4>(rows);
        default: return tile_of<T, 5>(rows);
    }
}

// Run `operands`, tiles of `vectors` columns, over m rows.
template <class T> inline void product(long m, int vectors, Operands<T> o) {
    const long groups = (m + tile_rows(vectors) - 1) / tile_rows(vectors);
    for (long g = 0; g < groups; ++g) {
        const int rows = int(m / groups + (g < m % groups));
        tile_of<T>(rows, vectors)(o);
        for (Term<T>& term : o.terms) term.a += rows;
        o.out += rows;
        if (o.init) o.init += rows;
    }
}

// Weights [K, columns] cut into panels of `width` vectors, each panel contiguous: [panel][K][width][L].
//
// Vector c of panel j belongs to column j * step + c * stride of a row of results. A panel's vectors are neighbours
// (stride = L, step = width * L), or the same units of several nodes (stride = padded H, step = L).
template <class T> struct Panels {
    long K = 0, count = 0, vectors = 0, step = 0, stride = 0;
    int width = 0;
    T* data = nullptr;

    int width_of(long panel) const { return int(std::min<long>(width, vectors - panel * width)); }
    T* panel(long j) const { return data + j * width * L<T> * K; }
    // Rows of numbers times the rows k .. k + count - 1 of panel j.
    Term<T> term(long j, const T* const* a, long k, long count) const {
        const long row = width_of(j) * L<T>;
        return {a, 1, panel(j) + k * row, count, row};
    }
};

constexpr int WIDTH = 4;

// Panels of neighbouring columns.
template <class T> inline Panels<T> neighbours(long K, long columns, Memory& memory) {
    Panels<T> p;
    p.K = K;
    p.width = WIDTH;
    p.vectors = (columns + L<T> - 1) / L<T>;
    p.count = (p.vectors + WIDTH - 1) / WIDTH;
    p.stride = L<T>;
    p.step = WIDTH * L<T>;
    p.data = memory.take<T>(K * p.vectors * L<T>);
    return p;
}

// Panels that hold the same units of `nodes` nodes, whose results lie `padded` numbers apart.
template <class T> inline Panels<T> by_unit(long K, int nodes, long padded, Memory& memory) {
    Panels<T> p;
    p.K = K;
    p.width = nodes;
    p.count = padded / L<T>;
    p.vectors = p.count * nodes;
    p.stride = padded;
    p.step = L<T>;
    p.data = memory.take<T>(K * p.vectors * L<T>);
    return p;
}

// The longest stretch of K whose panel stays in the second-level cache while all rows pass.
template <class T> constexpr long STRETCH = 2048 / long(sizeof(T));

// out = init + a[:, from:] @ panels, for m rows and the panels first .. last - 1; `column` is where rows of out and init
// begin, `shifted` room for m pointers.
template <class T>
inline void multiply(long m, const T* const* a, long from, const T* const* init, T* const* out, long column,
                     const Panels<T>& w, long first, long last, const T** shifted) {
    for (long j = first; j < last; ++j) {
        const int width = w.width_of(j);
        for (long k = 0; k < w.K; k += STRETCH<T>) {
            const bool shift = from + k;
            for (long r = 0; shift && r < m; ++r) shifted[r] = a[r] + from + k;
            const Term<T> term = w.term(j, shift ? shifted : a, k, std::min(STRETCH<T>, w.K - k));
            product<T>(m, width,
                       {{term, {}}, k ? const_cast<const T* const*>(out) : init, out, column + j * w.step, w.stride});
        }
    }
}

// out = init + a @ one panel + b @ the same panel of other weights, neither longer than a stretch.
template <class T>
inline void multiply_both(long m, const T* const* a, const Panels<T>& w, const T* const* b, const Panels<T>& u,
                          const T* const* init, T* const* out, long column, long j) {
    product<T>(m, w.width, {{w.term(j, a, 0, w.K), u.term(j, b, 0, u.K)}, init, out, column + j * w.step, w.stride});
}

// Write columns [panel * step ..) of one panel from rows of a matrix: numbers `from[k * row_stride + c]`.
template <class T>
inline void pack_rows(const Panels<T>& p, long panel, long k_first, long K, const T* from, long row_stride,
                      long columns) {
    const int width = p.width_of(panel);
    T* to = p.panel(panel) + k_first * width * L<T>;
    const long left = columns - panel * p.step;
    from += panel * p.step;
    for (long k = 0; k < K; ++k, from += row_stride)
        for (int c = 0; c < width; ++c, to += L<T>) store(to, load_part(from + c * L<T>, left - c * L<T>));
}

// Write vector c of one panel from L rows of a matrix [rows, K], of which `rows` exist: a transposition.
template <class T> inline void pack_columns(const Panels<T>& p, long panel, int c, const T* from, long rows) {
    const int width = p.width_of(panel);
    T* to = p.panel(panel) + c * L<T>;
    for (long k = 0; k < p.K; k += L<T>) {
        Vector<T> block[L<T>];
        for (int l = 0; l < L<T>; ++l) block[l] = l < rows ? load_part(from + l * p.K + k, p.K - k) : Vector<T>{};
        transpose<T>(block);
        const int here = int(std::min<long>(L<T>, p.K - k));
        for (int i = 0; i < here; ++i, to += width * L<T>) store(to, block[i]);
    }
}

}  // namespace carousel::CAROUSEL_LEVEL
