// The training equations (carousel.equations.augmented.backward), a batch at a time.
//
// Steps are taken in chunks of some hundred rows. Within a chunk the threads first run the recurrence, each for its own
// sequences or units, and then share out the products that time does not order: dE/dx and the weights' gradients, whose
// sums run over the rows of the batch in one order however many threads there are.
#pragma once

#include <algorithm>
#include <cstring>

#include "activations.h"
#include "chunks.h"
#include "gradients.h"
#include "share.h"
#include "team.h"

namespace carousel::CAROUSEL_LEVEL {

// One thread's work on the error signals of its sequences or units.
template <class T> class BackwardRecurrence {
public:
    BackwardRecurrence(const Backward<T>& e, const BackwardWeights<T>& w, const Chunks<T>& chunks, const Grid& grid,
                       int thread, const T* s_init, T* f_chi_all, T* f_psi_all, T* beta_all, Barrier& meeting,
                       Memory& memory)
        : e(e),
          f(e.forward),
          w(w),
          slot(w.layout),
          chunks(chunks),
          z(f.sizes),
          P(z.padded()),
          PV(z.padded_values()),
          rows(f.batch, z, thread % grid.parts, grid.parts),
          panels(stretch((P + WIDTH * L<T> - 1) / (WIDTH * L<T>), thread / grid.parts, grid.pieces)),
          blocks{panels.first * WIDTH, std::min(panels.last * WIDTH, P / L<T>)},
          value_panels(stretch(w.v.count, thread / grid.parts, grid.pieces)),
          value_blocks{value_panels.first * WIDTH, std::min(value_panels.last * WIDTH, PV / L<T>)},
          s_init(s_init),
          meeting(meeting) {
        for (T*** pointers : {&alpha, &chi, &q, &f_chi, &f_psi, &beta}) *pointers = memory.take<T*>(rows.all);
        for (const T*** pointers : {&gates, &s, &s_before, &dv, &shifted})
            *pointers = memory.take<const T*>(rows.all);
        for (long r = 0; r < rows.all; ++r) {
            f_chi[r] = f_chi_all + rows.rank(r) * PV;
            f_psi[r] = f_psi_all + rows.rank(r) * P;
            beta[r] = f.cell.projection ? beta_all + rows.rank(r) * P : nullptr;
        }
    }

    void run(long chunk) {
        for (long i = chunks.starts[chunk]; i < chunks.starts[chunk + 1]; ++i)
            if (const long m = rows.active(chunks.steps[i])) step(chunks.steps[i], chunks.offsets[i], m);
    }

private:
    void step(long n, long offset, long m) {
        for (long r = 0; r < m; ++r) {
            const long b = rows.sequence(r), now = n * z.B + b, row = offset + rows.rank(r);
            alpha[r] = chunks.alpha + row * chunks.row;
            gates[r] = f.gates + now * z.slots_row(f.cell);
            s[r] = f.s + now * z.state_row();
            s_before[r] = rows.is_first(r, n) ? s_init + b * P : f.s + (rows.before(n) * z.B + b) * z.state_row();
            dv[r] = e.dv ? e.dv + now * z.V : nullptr;
            if (rows.is_last(r, n)) begin(r, b);
            if (f.cell.projection) {
                chi[r] = chunks.chi + row * PV;
                q[r] = chunks.q + row * z.state_row();
            }
        }
        constexpr const T* const* zeros = nullptr;
        if (f.cell.projection) {
            for (long r = 0; r < m; ++r)
                for (long j = value_blocks.first; j < value_blocks.last; ++j)
                    store(chi[r] + j * L<T>, value_error(r, j));
            meeting.wait();
            multiply(m, chi, 0, zeros, beta, 0, w.hr, panels.first, panels.last, shifted);
        }
        const bool full = f.cell.peephole == Peephole::full;
        for (long r = 0; r < m; ++r)
            for (long j = blocks.first; j < blocks.last; ++j) {
                const Vector<T> psi = readout_error(r, j);
                if (full)
                    store(f_psi[r] + j * L<T>, psi);
                else
                    state_error(r, j, psi);
            }
        if (full) {
            meeting.wait();
            multiply(m, alpha, slot.cr * P, f_psi, f_psi, 0, w.late, panels.first, panels.last, shifted);
            for (long r = 0; r < m; ++r)
                for (long j = blocks.first; j < blocks.last; ++j) state_error(r, j, load(f_psi[r] + j * L<T>));
        }
        meeting.wait();
        multiply(m, alpha, slot.values * P, zeros, f_chi, 0, w.v, value_panels.first, value_panels.last, shifted);
        if (f.v_mask) mask_errors(m);
        if (full) multiply(m, alpha, slot.cu * P, f_psi, f_psi, 0, w.early, panels.first, panels.last, shifted);
        for (long r = 0; r < m; ++r)
            if (rows.is_first(r, n)) end(r, rows.sequence(r));
    }

    // From the errors of what the nodes saw to those of v[n-1].
    void mask_errors(long m) const {
        for (long r = 0; r < m; ++r)
            for (long j = value_blocks.first; j < value_blocks.last; ++j) {
                T* error = f_chi[r] + j * L<T>;
                store(error, load(error) * given(f.v_mask + rows.sequence(r) * z.V, j, z.V));
            }
    }

    // A sequence's last step: its errors begin with those of the final v and s.
    void begin(long r, long b) const {
        for (long j = value_blocks.first; j < value_blocks.last; ++j)
            store(f_chi[r] + j * L<T>, given(e.dv_last ? e.dv_last + b * z.V : nullptr, j, z.V));
        for (long j = blocks.first; j < blocks.last; ++j)
            store(f_psi[r] + j * L<T>, given(e.ds_last ? e.ds_last + b * z.H : nullptr, j, z.H));
    }

    // Before its first step, what is left belongs to the initial v and s.
    void end(long r, long b) const {
        const Gradients<T>& d = e.gradients;
        for (long j = value_blocks.first; d.v_init && j < value_blocks.last; ++j)
            store_part(d.v_init + b * z.V + j * L<T>, load(f_chi[r] + j * L<T>), z.V - j * L<T>);
        for (long j = blocks.first; d.s_init && j < blocks.last; ++j)
            store_part(d.s_init + b * z.H + j * L<T>, load(f_psi[r] + j * L<T>), z.H - j * L<T>);
    }

    static Vector<T> given(const T* from, long j, long columns) {
        return from ? load_part(from + j * L<T>, columns - j * L<T>) : Vector<T>{};
    }

    Vector<T> value_error(long r, long j) const { return given(dv[r], j, z.V) + load(f_chi[r] + j * L<T>); }

    // Units beyond H are no units: whatever was computed for them must not enter a sum.
    Vector<T> units_only(Vector<T> value, long j) const {
        if (z.H - j * L<T> >= L<T>) return value;
        T numbers[L<T>];
        store(numbers, value);
        return load_part(numbers, z.H - j * L<T>);
    }

    // beta -> alpha_cr, and psi but for what a full peephole of the readout gate adds.
    Vector<T> readout_error(long r, long j) const {
        const long at = j * L<T>;
        const Vector<T> beta_n = f.cell.projection ? load(beta[r] + at) : value_error(r, j);
        const Vector<T> g_cr = load(gates[r] + slot.cr * P + at), readout = tanh<T>(load(s[r] + at));
        const Vector<T> alpha_cr = units_only(beta_n * readout * (g_cr * (T(1) - g_cr)), j);
        store(alpha[r] + slot.cr * P + at, alpha_cr);
        Vector<T> psi = load(f_psi[r] + at) + beta_n * g_cr * (T(1) - readout * readout);
        if (f.cell.peephole == Peephole::diagonal) psi += load(w.diagonal + f.cell.early() * P + at) * alpha_cr;
        if (f.cell.projection) store(q[r] + at, g_cr * readout);
        return psi;
    }

    // psi -> alpha_cs, alpha_cu, alpha_du, (alpha_cx, delta_du,) f_psi.
    void state_error(long r, long j, Vector<T> psi) const {
        const long at = j * L<T>;
        const T* g = gates[r] + at;
        T* a = alpha[r] + at;
        const Vector<T> g_cu = load(g + slot.cu * P), g_cs = load(g + slot.cs * P), u = load(g + slot.du * P);
        const Vector<T> alpha_cs = units_only(psi * load(s_before[r] + at) * (g_cs * (T(1) - g_cs)), j);
        const Vector<T> alpha_cu = units_only(psi * u * (g_cu * (T(1) - g_cu)), j);
        const Vector<T> alpha_du = units_only(psi * g_cu * (T(1) - u * u), j);
        store(a + slot.cs * P, alpha_cs);
        store(a + slot.cu * P, alpha_cu);
        store(a + slot.du * P, alpha_du);
        Vector<T> f_psi_n = g_cs * psi;
        const bool diagonal = f.cell.peephole == Peephole::diagonal;
        if (diagonal) f_psi_n += load(w.diagonal + at) * alpha_cu + load(w.diagonal + P + at) * alpha_cs;
        if (f.cell.input_gate) {
            const Vector<T> g_cx = load(g + slot.cx * P);
            const Vector<T> alpha_cx = units_only(alpha_du * load(g + slot.xi_du * P) * (g_cx * (T(1) - g_cx)), j);
            store(a + slot.cx * P, alpha_cx);
            store(a + slot.xi_du * P, units_only(g_cx * alpha_du, j));
            if (diagonal) f_psi_n += load(w.diagonal + 2 * P + at) * alpha_cx;
        }
        store(f_psi[r] + at, f_psi_n);
    }

    const Backward<T>& e;
    const Forward<T>& f;
    const BackwardWeights<T>& w;
    const Layout& slot;
    const Chunks<T>& chunks;
    const Sizes z;
    const long P, PV;
    const Rows rows;
    const Range panels, blocks, value_panels, value_blocks;  // this thread's units and values
    const T* const s_init;                                   // [B, padded]
    Barrier& meeting;
    T **alpha, **chi, **q, **f_chi, **f_psi, **beta;  // a pointer for each sequence of the part
    const T **gates, **s, **s_before, **dv, **shifted;
};

template <class T> void backward(const Backward<T>& e, int threads) {
    const Forward<T>& f = e.forward;
    const Sizes& z = f.sizes;
    const long P = z.padded(), PV = z.padded_values();
    const Grid grid = grid_for<T>(f.cell, z, threads);
    const int team = grid.parts * grid.pieces;
    Memory memory(Reserve::of_thread());
    const BackwardWeights<T> w(f.cell, z, e.gradients.x, memory);
    const Chunks<T> chunks(f.cell, z, f.batch, memory);
    T* s_init = memory.take<T>(z.B * P);
    T* f_chi = memory.take<T>(z.B * PV);
    T* f_psi = memory.take<T>(z.B * P);
    T* beta = f.cell.projection ? memory.take<T>(z.B * P) : nullptr;
    const WeightSums<T> sums(f.cell, z, e.gradients, memory);
    Barrier* meetings = memory.take<Barrier>(grid.parts);
    Barrier everyone(team);
    auto* recurrences = memory.take<BackwardRecurrence<T>>(team);
    auto* products = memory.take<ParallelProducts<T>>(team);
    for (int i = 0; i < team; ++i) {
        const int part = i % grid.parts;
        if (i < grid.parts) new (&meetings[part]) Barrier(grid.pieces);
        new (&recurrences[i])
            BackwardRecurrence<T>(e, w, chunks, grid, i, s_init, f_chi, f_psi, beta, meetings[part], memory);
        new (&products[i]) ParallelProducts<T>(e, w, chunks, s_init, sums, i, team, memory);
    }
    prefer_large_pages(e.gradients.x, size_t(z.T * z.B * z.I) * sizeof(T));
    const bool complete = together(team, [&](int thread) {
        w.pack(f.weights, thread, team);
        for (long b = thread; b < z.B; b += team) {
            std::memset(s_init + b * P, 0, size_t(P) * sizeof(T));
            std::memcpy(s_init + b * P, f.s_init + b * z.H, size_t(z.H) * sizeof(T));
        }
        everyone.wait();
        for (long chunk = 0; chunk < chunks.count; ++chunk) {
            recurrences[thread].run(chunk);
            everyone.wait();
            products[thread].run(chunk);
            everyone.wait();
        }
        products[thread].finish();
    });
    if (!complete) backward(e, 1);
}

}  // namespace carousel::CAROUSEL_LEVEL
