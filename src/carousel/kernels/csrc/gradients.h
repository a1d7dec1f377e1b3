// The products of a chunk that time does not order: dE/dx, and the sums over all rows that are the weights' gradients.
#pragma once

#include <algorithm>
#include <cstring>

#include "chunks.h"
#include "product.h"
#include "share.h"

namespace carousel::CAROUSEL_LEVEL {

// A weight's gradient while it is summed. Rows: numbers of what the nodes saw. Columns: units in slots. Panels of WIDTH
// vectors of columns are contiguous, so that a tile's sums are neighbours in memory.
template <class T> struct Sums {
    long rows = 0, columns = 0;
    T* data = nullptr;

    int width(long panel) const { return int(std::min<long>(WIDTH, columns / L<T> - panel * WIDTH)); }
    T* row(long panel, long i) const { return data + (panel * WIDTH * rows + i * width(panel)) * L<T>; }
    T& at(long i, long column) const {
        const long panel = column / (WIDTH * L<T>);
        return row(panel, i)[column - panel * WIDTH * L<T>];
    }

    void allocate(long rows_, long columns_, Memory& memory) {
        rows = rows_;
        columns = columns_;
        data = memory.take<T>(rows * columns);
    }
};

template <class T> struct WeightSums {
    Sums<T> ih, hh, early, late, hr;
    T* diagonal = nullptr;  // [early + 1, padded]

    WeightSums(const Cell& cell, const Sizes& z, const Gradients<T>& wanted, Memory& memory) {
        const long P = z.padded();
        if (wanted.ih) ih.allocate(z.I, cell.nodes() * P, memory);
        // One row more: what every node sees as 1, its bias.
        if (wanted.hh || wanted.bias) hh.allocate(z.V + 1, cell.nodes() * P, memory);
        if (wanted.ch && cell.peephole == Peephole::full) {
            early.allocate(z.H, cell.early() * P, memory);
            late.allocate(z.H, P, memory);
        }
        if (wanted.ch && cell.peephole == Peephole::diagonal) diagonal = memory.take<T>((cell.early() + 1) * P);
        if (wanted.hr) hr.allocate(z.V, P, memory);
    }
};

// One thread's share of these products.
template <class T> class ParallelProducts {
public:
    ParallelProducts(const Backward<T>& e, const BackwardWeights<T>& w, const Chunks<T>& chunks, const T* s_init,
                     const WeightSums<T>& sums, int thread, int threads, Memory& memory)
        : e(e),
          f(e.forward),
          w(w),
          chunks(chunks),
          z(f.sizes),
          P(z.padded()),
          s_init(s_init),
          sums(sums),
          thread(thread),
          threads(threads) {
        for (const T*** pointers : {&x, &v_before, &s_before, &s, &chi, &alpha, &shifted})
            *pointers = memory.take<const T*>(chunks.most);
        dx = memory.take<T*>(chunks.most);
        long groups = 0;
        for (const Sums<T>& one : {sums.ih, sums.hh, sums.early, sums.late, sums.hr})
            groups = std::max(groups, own_groups(one).count());
        packed = memory.take<T>(groups * GROUP * DEPTH + GROUP);
        ragged_columns = z.I % L<T> != 0;
        if (e.gradients.x && ragged_columns) own_dx = memory.take<T>(DX_ROWS * (z.I + L<T>));
    }

    void run(long chunk) {
        const long rows = gather(chunk);
        if (e.gradients.x) input_gradient(rows);
        const T* all = chunks.alpha;
        const long values = w.layout.values * P;
        const bool first = chunk == 0;
        add(sums.ih, x, z.I, all, chunks.row, rows, first);
        add(sums.hh, v_before, z.V, all + values, chunks.row, rows, first);
        add(sums.early, s_before, z.H, all + w.layout.cu * P, chunks.row, rows, first);
        add(sums.late, s, z.H, all + w.layout.cr * P, chunks.row, rows, first);
        add(sums.hr, chi, z.V, chunks.q, z.state_row(), rows, first);
        if (sums.diagonal) add_diagonal(rows, first);
    }

    // Hand the sums over, node by node in the stored order.
    void finish() const {
        const Gradients<T>& d = e.gradients;
        const Cell& cell = f.cell;
        static constexpr int in_order[] = {0, 1, 2};
        if (d.ih) transpose_sums(sums.ih, z.I, d.ih, w.layout.input_order, cell.nodes());
        if (d.hh) transpose_sums(sums.hh, z.V, d.hh, w.layout.value_order, cell.nodes());
        if (sums.early.data) transpose_sums(sums.early, z.H, d.ch, in_order, cell.early());
        if (sums.late.data) transpose_sums(sums.late, z.H, d.ch + cell.early() * z.H * z.H, in_order, 1);
        if (sums.hr.data)
            for (long row = thread; row < z.V; row += threads)
                for (long unit = 0; unit < z.H; ++unit) d.hr[row * z.H + unit] = sums.hr.at(row, unit);
        if (thread != 0) return;
        for (int c = 0; d.bias && c < cell.nodes(); ++c)
            for (long unit = 0; unit < z.H; ++unit)
                d.bias[w.layout.value_order[c] * z.H + unit] = sums.hh.at(z.V, c * P + unit);
        for (int c = 0; sums.diagonal && c <= cell.early(); ++c)
            std::memcpy(d.ch + c * z.H, sums.diagonal + c * P, size_t(z.H) * sizeof(T));
    }

private:
    static constexpr int GROUP = tile_rows(WIDTH);
    static constexpr long DX_ROWS = 96, DEPTH = 256;

    Range own_groups(const Sums<T>& one) const { return stretch((one.rows + GROUP - 1) / GROUP, thread, threads); }

    // Where each row of the chunk finds what its nodes saw.
    long gather(long chunk) {
        const Rows rows(f.batch, z, 0, 1);
        long t = 0;
        for (long i = chunks.starts[chunk]; i < chunks.starts[chunk + 1]; ++i) {
            const long n = chunks.steps[i], m = rows.active(n);
            for (long r = 0; r < m; ++r, ++t) {
                const long b = rows.sequence(r), now = n * z.B + b, before = rows.before(n) * z.B + b;
                const bool first = rows.is_first(r, n);
                x[t] = f.x + now * z.I;
                v_before[t] = first ? f.v_init + b * z.V : f.v + before * z.V;
                s_before[t] = first ? s_init + b * P : f.s + before * z.state_row();
                s[t] = f.s + now * z.state_row();
                alpha[t] = chunks.alpha + t * chunks.row;
                if (chunks.chi) chi[t] = chunks.chi + t * z.padded_values();
                if (e.gradients.x) dx[t] = e.gradients.x + now * z.I;
            }
        }
        return t;
    }

    void input_gradient(long rows) {
        constexpr const T* const* zeros = nullptr;
        const Range own = stretch(rows, thread, threads);
        if (!ragged_columns) {
            multiply(own.count(), alpha + own.first, 0, zeros, dx + own.first, 0, w.x, 0, w.x.count, shifted);
            return;
        }
        T* out[DX_ROWS];
        for (long r = 0; r < DX_ROWS; ++r) out[r] = own_dx + r * ((z.I + L<T> - 1) / L<T> * L<T>);
        for (long t = own.first; t < own.last; t += DX_ROWS) {
            const long m = std::min(DX_ROWS, own.last - t);
            multiply(m, alpha + t, 0, zeros, out, 0, w.x, 0, w.x.count, shifted);
            for (long r = 0; r < m; ++r) std::memcpy(dx[t + r], out[r], size_t(z.I) * sizeof(T));
        }
    }

    // sums[i, :] += sum over rows t of seen[t][i] * errors[t, :]; a number beyond `numbers` is 1.
    void add(const Sums<T>& one, const T* const* seen, long numbers, const T* errors, long errors_row, long rows,
             bool first) {
        if (!one.data) return;
        const Range own = own_groups(one);
        for (long t = 0; t < rows; t += DEPTH) {
            const long depth = std::min(DEPTH, rows - t);
            pack(own, one.rows, seen + t, numbers, depth);
            for (long j = 0; j * WIDTH * L<T> < one.columns; ++j) {
                const int width = one.width(j);
                const T* panel = errors + t * errors_row + j * WIDTH * L<T>;
                for (long g = own.first; g < own.last; ++g) {
                    const int count = int(std::min<long>(GROUP, one.rows - g * GROUP));
                    const T* a[GROUP];
                    T* out[GROUP];
                    for (int i = 0; i < count; ++i) {
                        a[i] = packed + (g - own.first) * GROUP * DEPTH + i;
                        out[i] = one.row(j, g * GROUP + i);
                    }
                    // The sums of the next tile are far away: they come while this one is computed.
                    for (int i = 0; i < GROUP * width; ++i) __builtin_prefetch(one.row(j, (g + 1) * GROUP) + i * L<T>, 1);
                    const T* const* init = first && t == 0 ? nullptr : const_cast<const T* const*>(out);
                    tile_of<T>(count, width)({{{a, GROUP, panel, depth, errors_row}, {}}, init, out, 0, L<T>});
                }
            }
        }
    }

    // [group][t][GROUP] of the groups that are this thread's. Where a row has that many numbers left, WIDE of them are
    // copied at once, and those too many are overwritten by the next.
    void pack(const Range& own, long rows, const T* const* seen, long numbers, long depth) {
        constexpr long WIDE = GROUP > 4 ? 8 : 4;
        for (long g = own.first; g < own.last; ++g) {
            T* to = packed + (g - own.first) * GROUP * DEPTH;
            const long first = g * GROUP, here = std::min<long>(GROUP, std::min(rows, numbers) - first);
            if (numbers - first >= WIDE) {
                for (long t = 0; t < depth; ++t, to += GROUP) std::memcpy(to, seen[t] + first, WIDE * sizeof(T));
                continue;
            }
            for (long t = 0; t < depth; ++t, to += GROUP) {
                for (long i = 0; i < here; ++i) to[i] = seen[t][first + i];
                for (long i = std::max(here, 0L); i < GROUP; ++i) to[i] = T(1);
            }
        }
    }

    void add_diagonal(long rows, bool first) {
        const Range own = stretch(P / L<T>, thread, threads);
        for (int c = 0; c <= f.cell.early(); ++c) {
            const T* const* seen = c < f.cell.early() ? s_before : s;
            const T* errors = chunks.alpha + (w.layout.cu + c) * P;
            for (long j = own.first; j < own.last; ++j) {
                T* to = sums.diagonal + c * P + j * L<T>;
                Vector<T> sum = first ? Vector<T>{} : load(to);
                for (long t = 0; t < rows; ++t) sum += load(errors + t * chunks.row + j * L<T>) * load(seen[t] + j * L<T>);
                store(to, sum);
            }
        }
    }

    // From [numbers, nodes * padded] to [nodes * H, numbers], nodes as stored.
    void transpose_sums(const Sums<T>& one, long numbers, T* to, const int* order, int nodes) const {
        const long vectors = P / L<T>;
        for (long j = thread; j < nodes * vectors; j += threads) {
            const long unit = j % vectors * L<T>, units = std::min<long>(L<T>, z.H - unit);
            const long panel = j / WIDTH, within = j % WIDTH * L<T>;
            T* rows = to + (order[j / vectors] * z.H + unit) * numbers;
            for (long k = 0; k < numbers; k += L<T>) {
                Vector<T> block[L<T>];
                for (long i = 0; i < L<T>; ++i)
                    block[i] = k + i < numbers ? load(one.row(panel, k + i) + within) : Vector<T>{};
                transpose<T>(block);
                for (long l = 0; l < units; ++l) store_part(rows + l * numbers + k, block[l], numbers - k);
            }
        }
    }

    const Backward<T>& e;
    const Forward<T>& f;
    const BackwardWeights<T>& w;
    const Chunks<T>& chunks;
    const Sizes z;
    const long P;
    const T* const s_init;
    const WeightSums<T>& sums;
    const int thread, threads;
    bool ragged_columns;
    const T **x, **v_before, **s_before, **s, **chi, **alpha, **shifted;  // one pointer for each row of the chunk
    T** dx;
    T *packed, *own_dx = nullptr;
};

}  // namespace carousel::CAROUSEL_LEVEL
