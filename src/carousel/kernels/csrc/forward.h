// The forward equations (carousel.equations.augmented.forward), a batch at a time.
#pragma once

#include <algorithm>
#include <cstring>

#include "activations.h"
#include "layout.h"
#include "memory.h"
#include "product.h"
#include "share.h"
#include "team.h"

namespace carousel::CAROUSEL_LEVEL {

// The weights as the forward products read them.
template <class T> struct ForwardWeights {
    Cell cell;
    Sizes z;
    Layout layout;
    Panels<T> x, v, early, late, hr;
    T* bias;      // [slots * padded]: what the accumulation nodes start from
    T* diagonal;  // [early + 1, padded]

    ForwardWeights(const Cell& cell, const Sizes& z, Memory& memory) : cell(cell), z(z), layout(cell) {
        const long P = z.padded();
        x = by_unit<T>(z.I, cell.nodes(), P, memory);
        v = by_unit<T>(z.V, cell.nodes(), P, memory);
        bias = memory.take<T>(cell.slots() * P);
        if (cell.peephole == Peephole::full) {
            early = by_unit<T>(z.H, cell.early(), P, memory);
            late = neighbours<T>(z.H, P, memory);
        }
        if (cell.peephole == Peephole::diagonal) diagonal = memory.take<T>((cell.early() + 1) * P);
        if (cell.projection) hr = neighbours<T>(z.H, z.V, memory);
    }

    // This thread's share of the packing.
    void pack(const Weights<T>& w, int thread, int threads) const {
        for (long j = thread; j < x.count; j += threads)
            for (int c = 0; c < cell.nodes(); ++c) {
                const long unit = j * L<T>, input = layout.input_order[c] * z.H, value = layout.value_order[c] * z.H;
                pack_columns(x, j, c, w.ih + (input + unit) * z.I, z.H - unit);
                pack_columns(v, j, c, w.hh + (value + unit) * z.V, z.H - unit);
                if (early.data && c < cell.early())
                    pack_columns(early, j, c, w.ch + (c * z.H + unit) * z.H, z.H - unit);
            }
        if (late.data) pack_transposed(late, w.ch + cell.early() * z.H * z.H, z.H, thread, threads);
        if (hr.data) pack_transposed(hr, w.hr, z.V, thread, threads);
        if (thread != 0) return;
        const long P = z.padded();
        std::memset(bias, 0, size_t(cell.slots() * P) * sizeof(T));
        if (w.bias)
            for (int c = 0; c < cell.nodes(); ++c)
                std::memcpy(bias + (layout.values + c) * P, w.bias + layout.value_order[c] * z.H, bytes(z.H));
        if (cell.peephole == Peephole::diagonal) {
            std::memset(diagonal, 0, size_t((cell.early() + 1) * P) * sizeof(T));
            for (int c = 0; c <= cell.early(); ++c) std::memcpy(diagonal + c * P, w.ch + c * z.H, bytes(z.H));
        }
    }

private:
    static size_t bytes(long count) { return size_t(count) * sizeof(T); }

    // A matrix [columns, K] whose rows become columns.
    static void pack_transposed(const Panels<T>& p, const T* from, long columns, int thread, int threads) {
        for (long j = thread; j < p.count; j += threads)
            for (int c = 0; c < p.width_of(j); ++c) {
                const long column = j * p.step + c * L<T>;
                pack_columns(p, j, c, from + column * p.K, columns - column);
            }
    }
};

// a_cu, a_cs, (a_cx,) a_du, s[n-1] -> s[n], for L units from block j; with `keep`, also g_cu, g_cs, (g_cx,) u, in
// the place of what they were made from.
template <class T>
inline void update_state(const ForwardWeights<T>& w, T* a, const T* s_before, T* s_now, long j, bool keep) {
    const long P = w.z.padded();
    const Layout& slot = w.layout;
    const Vector<T> s = load(s_before);
    Vector<T> a_cu = load(a + slot.cu * P), a_cs = load(a + slot.cs * P), a_du = load(a + slot.du * P);
    const bool diagonal = w.cell.peephole == Peephole::diagonal;
    const T* w_s = diagonal ? w.diagonal + j * L<T> : nullptr;
    if (diagonal) {
        a_cu += load(w_s) * s;
        a_cs += load(w_s + P) * s;
    }
    if (w.cell.input_gate) {
        Vector<T> a_cx = load(a + slot.cx * P);
        if (diagonal) a_cx += load(w_s + 2 * P) * s;
        const Vector<T> g_cx = logistic<T>(a_cx);
        a_du += g_cx * load(a + slot.xi_du * P);
        if (keep) store(a + slot.cx * P, g_cx);
    }
    const Vector<T> g_cu = logistic<T>(a_cu), g_cs = logistic<T>(a_cs), u = tanh<T>(a_du);
    store(s_now, g_cs * s + g_cu * u);
    if (keep) {
        store(a + slot.cu * P, g_cu);
        store(a + slot.cs * P, g_cs);
        store(a + slot.du * P, u);
    }
}

// a_cr, s[n] -> q[n], and with `keep` g_cr.
template <class T>
inline void read_out(const ForwardWeights<T>& w, T* a, const T* s_now, T* q, long j, bool keep) {
    const long P = w.z.padded();
    const Vector<T> s = load(s_now);
    T* cr = a + w.layout.cr * P;
    Vector<T> a_cr = load(cr);
    if (w.cell.peephole == Peephole::diagonal) a_cr += load(w.diagonal + w.cell.early() * P + j * L<T>) * s;
    const Vector<T> g_cr = logistic<T>(a_cr);
    if (keep) store(cr, g_cr);
    store_part(q, g_cr * tanh<T>(s), w.cell.projection ? L<T> : w.z.H - j * L<T>);
}

// One thread's work on the recurrence.
template <class T> class ForwardRecurrence {
public:
    ForwardRecurrence(const Forward<T>& f, const ForwardWeights<T>& w, const Grid& grid, int thread, const T* s_init,
                      Barrier& meeting, Memory& memory)
        : f(f),
          w(w),
          z(f.sizes),
          P(z.padded()),
          S(z.state_row()),
          row(z.slots_row(f.cell)),
          rows(f.batch, z, thread % grid.parts, grid.parts),
          leads(thread / grid.parts == 0),
          panels(stretch((P + WIDTH * L<T> - 1) / (WIDTH * L<T>), thread / grid.parts, grid.pieces)),
          blocks{panels.first * WIDTH, std::min(panels.last * WIDTH, P / L<T>)},
          value_panels(f.cell.projection ? stretch(w.hr.count, thread / grid.parts, grid.pieces) : Range{0, 0}),
          s_init(s_init),
          meeting(meeting),
          most(chunk_steps() * rows.all),
          fused(can_fuse()) {
        x = memory.take<const T*>(most);
        pre = memory.take<T*>(most);
        bias = memory.take<const T*>(most);
        v_before = memory.take<const T*>(rows.all);
        s_before = memory.take<const T*>(rows.all);
        s_now = memory.take<T*>(rows.all);
        q = memory.take<T*>(rows.all);
        projected = memory.take<T*>(rows.all);
        shifted = memory.take<const T*>(most);
        std::fill(bias, bias + most, w.bias);
    }

    // Numbers of scratch that the threads of a part share.
    long scratch() const {
        return (f.gates ? 0 : most * row) + (f.s ? 0 : 2 * rows.all * S) +
               (f.cell.projection ? rows.all * (P + z.padded_values()) : 0) + (f.v_mask ? 2 * rows.all * z.V : 0);
    }

    void use(T* scratch) {
        own_gates = scratch;
        own_s = own_gates + (f.gates ? 0 : most * row);
        T* own_q = own_s + (f.s ? 0 : 2 * rows.all * S);
        masked_v = own_q + (f.cell.projection ? rows.all * (P + z.padded_values()) : 0);
        if (f.cell.projection)
            for (long r = 0; r < rows.all; ++r) {
                q[r] = own_q + r * P;
                projected[r] = own_q + rows.all * P + r * z.padded_values();
            }
    }

    void run() {
        const long steps = chunk_steps();
        for (long i = 0; i < z.T; i += steps) {
            const long end = std::min(z.T, i + steps);
            input_share(i, end);
            long token = 0;
            for (long k = i; k < end; ++k) {
                const long n = rows.step(k), m = rows.active(n);
                if (m) step(n, m, k % 2, pre + token, x + token);
                token += m;
            }
        }
        if (leads) clear_after_end();
    }

private:
    // Steps whose input shares are computed in one product: enough rows to be worth reading the weights once.
    long chunk_steps() const { return rows.all >= 64 ? 1 : std::min(z.T, 64 / rows.all); }

    // Whether a step reads the input's weights together with those of v: they all stay in the cache from step to step, or
    // there are rows enough to read them anew. Otherwise the input's share is computed for a chunk of steps.
    bool can_fuse() const {
        const double kept = double(w.x.K + w.v.K) * double(f.cell.nodes() * blocks.count() * L<T>) * sizeof(T);
        return !f.cell.input_gate && w.x.K <= STRETCH<T> && w.v.K <= STRETCH<T> &&
               rows.all >= (kept < 512e3 ? 4 : 48);
    }

    void input_share(long i, long end) {
        long token = 0;
        for (; i < end; ++i) {
            const long n = rows.step(i), m = rows.active(n);
            for (long r = 0; r < m; ++r, ++token) {
                const long at = n * z.B + rows.sequence(r);
                x[token] = f.x + at * z.I;
                pre[token] = f.gates ? f.gates + at * row : own_gates + token * row;
            }
        }
        if (!fused) multiply(token, x, 0, bias, pre, 0, w.x, blocks.first, blocks.last, shifted);
        for (long t = 0; f.gates && leads && t < token; ++t)  // what separates rows is defined, too
            std::memset(pre[t] + f.cell.slots() * P, 0, size_t(row - f.cell.slots() * P) * sizeof(T));
        if (f.cell.input_gate)  // the input's share of du is still to be gated: du itself starts from its bias
            for (long t = 0; t < token; ++t) {
                const long at = w.layout.du * P + blocks.first * L<T>;
                std::memcpy(pre[t] + at, w.bias + at, size_t(blocks.count() * L<T>) * sizeof(T));
            }
    }

    void step(long n, long m, long parity, T* const* a, const T* const* x_n) {
        for (long r = 0; r < m; ++r) {
            const long b = rows.sequence(r), now = n * z.B + b, before = rows.before(n) * z.B + b;
            const bool first = rows.is_first(r, n);
            v_before[r] = first      ? f.v_init + b * z.V
                          : f.v_mask ? masked_v + ((1 - parity) * rows.all + r) * z.V
                                     : f.v + before * z.V;
            s_now[r] = f.s ? f.s + now * S : own_s + (parity * rows.all + r) * S;
            s_before[r] = first ? s_init + b * P : f.s ? f.s + before * S : own_s + ((1 - parity) * rows.all + r) * S;
            if (f.s && leads) std::memset(s_now[r] + P, 0, size_t(S - P) * sizeof(T));
            if (!f.cell.projection) q[r] = f.v + now * z.V;
        }
        const bool full = f.cell.peephole == Peephole::full, keep = f.gates;
        const long values = w.layout.values * P;
        for (long j = blocks.first; j < blocks.last; ++j) {
            const long at = j * L<T>;
            if (fused)
                multiply_both(m, x_n, w.x, v_before, w.v, bias, a, values, j);
            else
                multiply(m, v_before, 0, a, a, values, w.v, j, j + 1, shifted);
            if (full) multiply(m, s_before, 0, a, a, values, w.early, j, j + 1, shifted);
            for (long r = 0; r < m; ++r) update_state(w, a[r] + at, s_before[r] + at, s_now[r] + at, j, keep);
            if (!full)
                for (long r = 0; r < m; ++r) read_out(w, a[r] + at, s_now[r] + at, q[r] + at, j, keep);
        }
        if (full) {
            meeting.wait();
            multiply(m, s_now, 0, a, a, w.layout.cr * P, w.late, panels.first, panels.last, shifted);
            for (long j = blocks.first; j < blocks.last; ++j)
                for (long r = 0; r < m; ++r)
                    read_out(w, a[r] + j * L<T>, s_now[r] + j * L<T>, q[r] + j * L<T>, j, keep);
        }
        if (f.v_mask && !f.cell.projection)
            mask_values(n, m, parity, {blocks.first * L<T>, std::min(blocks.last * L<T>, z.V)});
        meeting.wait();
        if (f.cell.projection) {
            project(n, m, parity);
            meeting.wait();
        }
        if (leads) finish(n, m);
    }

    void project(long n, long m, long parity) {
        constexpr const T* const* zeros = nullptr;
        multiply(m, q, 0, zeros, projected, 0, w.hr, value_panels.first, value_panels.last, shifted);
        const long column = value_panels.first * WIDTH * L<T>;
        const long count = std::min(value_panels.last * WIDTH * L<T>, z.V) - column;
        for (long r = 0; r < m && count > 0; ++r)
            std::memcpy(f.v + (n * z.B + rows.sequence(r)) * z.V + column, projected[r] + column,
                        size_t(count) * sizeof(T));
        if (f.v_mask) mask_values(n, m, parity, {column, column + count});
    }

    // These columns of v[n], as the next step's nodes see them.
    void mask_values(long n, long m, long parity, Range columns) const {
        for (long r = 0; r < m; ++r) {
            const long b = rows.sequence(r);
            const T *v = f.v + (n * z.B + b) * z.V, *mask = f.v_mask + b * z.V;
            T* masked = masked_v + (parity * rows.all + r) * z.V;
            for (long c = columns.first; c < columns.last; ++c) masked[c] = v[c] * mask[c];
        }
    }

    void finish(long n, long m) const {
        for (long r = 0; r < m; ++r) {
            if (!rows.is_last(r, n)) continue;
            const long b = rows.sequence(r);
            std::memcpy(f.v_last + b * z.V, f.v + (n * z.B + b) * z.V, size_t(z.V) * sizeof(T));
            std::memcpy(f.s_last + b * z.H, s_now[r], size_t(z.H) * sizeof(T));
        }
    }

    void clear_after_end() const {
        for (long n = 0; n < z.T; ++n)
            for (long r = rows.active(n); r < rows.all; ++r)
                std::memset(f.v + (n * z.B + rows.sequence(r)) * z.V, 0, size_t(z.V) * sizeof(T));
    }

    const Forward<T>& f;
    const ForwardWeights<T>& w;
    const Sizes z;
    const long P, S, row;  // padded units; rows of s and of slots
    const Rows rows;
    const bool leads;
    const Range panels, blocks, value_panels;  // this thread's units, counted in panels and in vectors, and values
    const T* const s_init;                     // [B, padded]
    Barrier& meeting;
    const long most;   // rows of a chunk of steps
    const bool fused;
    const T **x, **bias, **v_before, **s_before, **shifted;
    T **pre, **s_now, **q, **projected;
    T *own_gates = nullptr, *own_s = nullptr, *masked_v = nullptr;
};

template <class T> void forward(const Forward<T>& f, int threads) {
    const Sizes& z = f.sizes;
    const long P = z.padded();
    const Grid grid = grid_for<T>(f.cell, z, threads);
    const int team = grid.parts * grid.pieces;
    Memory memory(Reserve::of_thread());
    const ForwardWeights<T> w(f.cell, z, memory);
    T* s_init = memory.take<T>(z.B * P);
    Barrier* meetings = memory.take<Barrier>(grid.parts);
    Barrier start(team);
    auto* recurrences = memory.take<ForwardRecurrence<T>>(team);
    T* scratch = nullptr;
    for (int i = 0; i < team; ++i) {
        const int part = i % grid.parts;
        if (i < grid.parts) new (&meetings[part]) Barrier(grid.pieces);
        new (&recurrences[i]) ForwardRecurrence<T>(f, w, grid, i, s_init, meetings[part], memory);
    }
    for (int part = 0; part < grid.parts; ++part) {
        scratch = memory.take<T>(recurrences[part].scratch());
        for (int i = part; i < team; i += grid.parts) recurrences[i].use(scratch);
    }
    const size_t steps = size_t(z.T * z.B);
    prefer_large_pages(f.v, steps * size_t(z.V) * sizeof(T));
    prefer_large_pages(f.s, steps * size_t(z.state_row()) * sizeof(T));
    prefer_large_pages(f.gates, steps * size_t(z.slots_row(f.cell)) * sizeof(T));
    const bool complete = together(team, [&](int thread) {
        w.pack(f.weights, thread, team);
        for (long b = thread; b < z.B; b += team) {
            std::memset(s_init + b * P, 0, size_t(P) * sizeof(T));
            std::memcpy(s_init + b * P, f.s_init + b * z.H, size_t(z.H) * sizeof(T));
        }
        start.wait();
        recurrences[thread].run();
    });
    if (!complete) forward(f, 1);
}

}  // namespace carousel::CAROUSEL_LEVEL
