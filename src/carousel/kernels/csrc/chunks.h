// What the error signals are computed from and where they go: weights packed for them, and chunks of steps.
#pragma once

#include <algorithm>
#include <cstring>

#include "layout.h"
#include "memory.h"
#include "product.h"

namespace carousel::CAROUSEL_LEVEL {

// The weights as the products of the error signals read them: rows of nodes times columns of what they came from.
template <class T> struct BackwardWeights {
    Cell cell;
    Sizes z;
    Layout layout;
    Panels<T> x, v, early, late, hr;
    T* diagonal;  // [early + 1, padded]

    BackwardWeights(const Cell& cell, const Sizes& z, bool wants_x, Memory& memory) : cell(cell), z(z), layout(cell) {
        const long P = z.padded();
        if (wants_x) x = neighbours<T>(cell.nodes() * P, z.I, memory);
        v = neighbours<T>(cell.nodes() * P, z.padded_values(), memory);
        if (cell.peephole == Peephole::full) {
            early = neighbours<T>(cell.early() * P, P, memory);
            late = neighbours<T>(P, P, memory);
        }
        if (cell.peephole == Peephole::diagonal) diagonal = memory.take<T>((cell.early() + 1) * P);
        if (cell.projection) hr = neighbours<T>(z.V, P, memory);
    }

    // This thread's share of the packing.
    void pack(const Weights<T>& w, int thread, int threads) const {
        static constexpr int in_order[] = {0, 1, 2};
        if (x.data) pack_nodes(x, w.ih, layout.input_order, cell.nodes(), z.I, thread, threads);
        pack_nodes(v, w.hh, layout.value_order, cell.nodes(), z.V, thread, threads);
        if (early.data) pack_nodes(early, w.ch, in_order, cell.early(), z.H, thread, threads);
        if (late.data) pack_nodes(late, w.ch + cell.early() * z.H * z.H, in_order, 1, z.H, thread, threads);
        if (hr.data)
            for (long j = thread; j < hr.count; j += threads) pack_rows(hr, j, 0, z.V, w.hr, z.H, z.H);
        if (thread == 0 && cell.peephole == Peephole::diagonal) {
            const long P = z.padded();
            std::memset(diagonal, 0, size_t((cell.early() + 1) * P) * sizeof(T));
            for (int c = 0; c <= cell.early(); ++c)
                std::memcpy(diagonal + c * P, w.ch + c * z.H, size_t(z.H) * sizeof(T));
        }
    }

private:
    // Rows of nodes, each node's padded with zeros, in the order of their slots.
    void pack_nodes(const Panels<T>& p, const T* from, const int* order, int nodes, long columns, int thread,
                    int threads) const {
        const long P = z.padded();
        for (long j = thread; j < p.count; j += threads)
            for (int c = 0; c < nodes; ++c) {
                pack_rows(p, j, c * P, z.H, from + order[c] * z.H * columns, columns, columns);
                const long row = p.width_of(j) * L<T>;
                std::memset(p.panel(j) + (c * P + z.H) * row, 0, size_t((P - z.H) * row) * sizeof(T));
            }
    }
};

// The steps in the direction of the errors, cut into chunks that have at least ROWS rows, a row for each sequence that
// has the step; and what the recurrence leaves of one chunk for the products that follow.
template <class T> struct Chunks {
    static constexpr long ROWS = 256;

    long count = 0, most = 0;  // chunks, and the rows of the largest
    long *steps, *offsets;  // [T] n, and the first row of step n within its chunk
    long *starts;           // [count + 1] where each chunk's steps begin
    long row;               // numbers from one row of alpha to the next
    T* alpha;               // [rows, row] slots as in Layout: dE/da of each node, and dE/dxi_du in that of xi_du
    T *chi, *q;             // [rows, padded_values], [rows, state_row]; with a projection only

    Chunks(const Cell& cell, const Sizes& z, const Batch& batch, Memory& memory) {
        steps = memory.take<long>(z.T);
        offsets = memory.take<long>(z.T);
        starts = memory.take<long>(z.T + 1);
        long rows = 0;
        for (long i = 0; i < z.T; ++i) {
            if (i == 0 || rows >= ROWS) {
                starts[count++] = i;
                rows = 0;
            }
            steps[i] = batch.reverse ? i : z.T - 1 - i;
            offsets[i] = rows;
            rows += batch.active[steps[i]];
            most = std::max(most, rows);
        }
        starts[count] = z.T;
        row = z.slots_row(cell);
        alpha = memory.take<T>(most * row);
        chi = cell.projection ? memory.take<T>(most * z.padded_values()) : nullptr;
        q = cell.projection ? memory.take<T>(most * z.state_row()) : nullptr;
    }
};

}  // namespace carousel::CAROUSEL_LEVEL
