// The forward equations one step at a time: a stack of layers that samples are pushed through as they arrive.
#pragma once

#include <algorithm>
#include <climits>
#include <cstring>

#include "forward.h"

namespace carousel::CAROUSEL_LEVEL {

// One layer: its weights, the state of each of B streams, and the samples that its window still sees.
template <class T> class StreamLayer {
public:
    const long inputs, taps, future;
    const Sizes z;

    StreamLayer(const StreamPlan<T>& plan, const StreamedLayer<T>& given, Memory& memory)
        : inputs(given.inputs),
          taps(given.past + 1 + given.future),
          future(given.future),
          z{1, plan.B, taps * given.inputs, plan.H, plan.V},
          w(plan.cell, z, memory),
          P(z.padded()) {
        w.pack(given.weights, 0, 1);
        window = taps > 1 ? rows<T>(z.I, memory) : memory.take<T*>(z.B);
        a = rows<T>(plan.cell.slots() * P, memory);
        for (int i = 0; i < 2; ++i) {
            v[i] = rows<T>(z.padded_values(), memory);
            s[i] = rows<T>(P, memory);
        }
        if (plan.cell.projection) own_q = rows<T>(P, memory);
        bias = memory.take<const T*>(z.B);
        std::fill(bias, bias + z.B, w.bias);
        all_shifted = memory.take<const T*>(z.B * most_pieces());
    }

    // Numbers that a step reads of the weights, which is what it multiplies for each stream.
    long weights() const {
        const auto count = [](const Panels<T>& p) { return p.K * p.vectors * L<T>; };
        return count(w.x) + count(w.v) + count(w.early) + count(w.late) + count(w.hr);
    }

    // How many threads can share the units.
    int most_pieces() const { return int(all_panels()); }

    // The newest sample of every stream, rows `stride` apart; null for the zeros beyond the end.
    void take(const T* x, long stride) {
        for (long r = 0; r < z.B; ++r) {
            if (taps == 1) {
                window[r] = const_cast<T*>(x + r * stride);  // which a step only reads
                continue;
            }
            std::memmove(window[r] + inputs, window[r], bytes((taps - 1) * inputs));
            if (x)
                std::memcpy(window[r], x + r * stride, bytes(inputs));
            else
                std::memset(window[r], 0, bytes(inputs));
        }
    }

    // v[n] of every stream, rows `value_row` apart.
    const T* values() const { return v[now][0]; }
    long value_row() const { return z.padded_values(); }

    // One thread's share of a step. Units are visited to and fro, so that the weights a step began with last are those
    // that the one before left in the cache.
    void step(int piece, int pieces, Barrier& meeting) {
        const T** shifted = all_shifted + piece * z.B;
        const Range panels = stretch(all_panels(), piece, pieces);
        const Range blocks{panels.first * WIDTH, std::min(panels.last * WIDTH, P / L<T>)};
        const bool full = w.cell.peephole == Peephole::full;
        const bool fused = !w.cell.input_gate && w.x.K <= STRETCH<T> && w.v.K <= STRETCH<T>;
        const long values = w.layout.values * P, du = w.layout.du * P;
        T *const *v_now = v[1 - now], *const *s_now = s[1 - now], *const *s_before = s[now];
        T* const* q = w.cell.projection ? own_q : v_now;
        for (long i = 0; i < blocks.count(); ++i) {
            const long j = now ? blocks.last - 1 - i : blocks.first + i, at = j * L<T>;
            if (fused) {
                multiply_both(z.B, window, w.x, v[now], w.v, bias, a, values, j);
            } else {
                multiply(z.B, window, 0, bias, a, 0, w.x, j, j + 1, shifted);
                if (w.cell.input_gate)  // the input's share of du is still to be gated: du itself starts from its bias
                    for (long r = 0; r < z.B; ++r) store(a[r] + du + at, load(w.bias + du + at));
                multiply(z.B, v[now], 0, a, a, values, w.v, j, j + 1, shifted);
            }
            if (full) multiply(z.B, s_before, 0, a, a, values, w.early, j, j + 1, shifted);
            for (long r = 0; r < z.B; ++r) update_state(w, a[r] + at, s_before[r] + at, s_now[r] + at, j, false);
            if (!full)
                for (long r = 0; r < z.B; ++r) read_out(w, a[r] + at, s_now[r] + at, q[r] + at, j, false);
        }
        meeting.wait();
        if (full) {
            multiply(z.B, s_now, 0, a, a, w.layout.cr * P, w.late, panels.first, panels.last, shifted);
            for (long j = blocks.first; j < blocks.last; ++j)
                for (long r = 0; r < z.B; ++r)
                    read_out(w, a[r] + j * L<T>, s_now[r] + j * L<T>, q[r] + j * L<T>, j, false);
            meeting.wait();
        }
        if (w.cell.projection) {
            constexpr const T* const* zeros = nullptr;
            const Range columns = stretch(w.hr.count, piece, pieces);
            multiply(z.B, q, 0, zeros, v_now, 0, w.hr, columns.first, columns.last, shifted);
            meeting.wait();
        }
    }

    // After all shares of a step.
    void finish() { now = 1 - now; }

    void save(T* to_v, T* to_s, T* to_window) const {
        for (long r = 0; r < z.B; ++r) {
            std::memcpy(to_v + r * z.V, v[now][r], bytes(z.V));
            std::memcpy(to_s + r * z.H, s[now][r], bytes(z.H));
            if (taps > 1) std::memcpy(to_window + r * z.I, window[r], bytes(z.I));
        }
    }

    void restore(const T* from_v, const T* from_s, const T* from_window) {
        for (long r = 0; r < z.B; ++r) {
            std::memcpy(v[now][r], from_v + r * z.V, bytes(z.V));
            std::memset(s[now][r], 0, bytes(P));
            std::memcpy(s[now][r], from_s + r * z.H, bytes(z.H));
            if (taps > 1) std::memcpy(window[r], from_window + r * z.I, bytes(z.I));
        }
    }

private:
    static size_t bytes(long count) { return size_t(count) * sizeof(T); }

    long all_panels() const { return (P + WIDTH * L<T> - 1) / (WIDTH * L<T>); }

    // A row of `count` numbers for each stream.
    template <class Number> Number** rows(long count, Memory& memory) const {
        Number** pointers = memory.take<Number*>(z.B);
        Number* numbers = memory.take<Number>(z.B * count);
        for (long r = 0; r < z.B; ++r) pointers[r] = numbers + r * count;
        return pointers;
    }

    const ForwardWeights<T> w;
    const long P;  // padded units
    int now = 0;   // which of v and s holds the last step's
    T **window, **a, **v[2], **s[2], **own_q = nullptr;
    const T **bias, **all_shifted;
};

template <class T> class StreamOf final : public Stream {
public:
    explicit StreamOf(const StreamPlan<T>& plan) : count(plan.count), layers(memory.take<StreamLayer<T>>(count)) {
        for (int i = 0; i < count; ++i) new (&layers[i]) StreamLayer<T>(plan, plan.layers[i], memory);
    }

    double products() const override {
        double sum = 0;
        for (int i = 0; i < count; ++i) sum += double(layers[i].weights()) * double(layers[i].z.B);
        return sum;
    }

    bool push(const void* x, void* out, int threads) override {
        return advance(static_cast<const T*>(x), static_cast<T*>(out), threads);
    }

    long flush(void* out, int threads) override {
        end = steps;
        long left = 0, known = 0;
        for (int i = 0; i < count; ++i) left += layers[i].future;
        const Sizes& z = layers[count - 1].z;
        for (; left > 0; --left) known += advance(nullptr, static_cast<T*>(out) + known * z.B * z.V, threads);
        return known;
    }

    long save(void* v, void* s, void* const* windows) const override {
        for (int i = 0; i < count; ++i) {
            const Sizes& z = layers[i].z;
            layers[i].save(static_cast<T*>(v) + i * z.B * z.V, static_cast<T*>(s) + i * z.B * z.H,
                           static_cast<T*>(windows[i]));
        }
        return std::min(steps, end);
    }

    void load(const void* v, const void* s, const void* const* windows, long taken) override {
        steps = taken;
        end = LONG_MAX;
        for (int i = 0; i < count; ++i) {
            const Sizes& z = layers[i].z;
            layers[i].restore(static_cast<const T*>(v) + i * z.B * z.V, static_cast<const T*>(s) + i * z.B * z.H,
                           static_cast<const T*>(windows[i]));
        }
    }

private:
    bool advance(const T* x, T* out, int threads) {
        for (int i = 0; i < count; ++i) threads = std::min(threads, layers[i].most_pieces());
        bool known = false;
        const auto share = [&](int pieces) {
            Barrier meeting(pieces);
            return together(pieces, [&](int piece) { pass(x, out, piece, pieces, meeting, known); });
        };
        if (!share(threads)) share(1);
        ++steps;
        return known;
    }

    // One thread's share of a sample's way up the stack. A layer is `lag` samples late, and done when it has made as
    // many values as there were samples.
    void pass(const T* x, T* out, int piece, int pieces, Barrier& meeting, bool& known) {
        long stride = layers[0].inputs, lag = 0;
        for (int i = 0; i < count; ++i) {
            StreamLayer<T>& layer = layers[i];
            const long sample = steps - lag, n = sample - layer.future;
            if (sample < 0) return;
            lag += layer.future;
            if (n >= end) continue;
            if (piece == 0) layer.take(sample < end ? x : nullptr, stride);
            if (n < 0) return;
            meeting.wait();
            layer.step(piece, pieces, meeting);
            if (piece != 0) continue;
            layer.finish();
            x = layer.values(), stride = layer.value_row();
        }
        if (piece != 0) return;
        const Sizes& z = layers[count - 1].z;
        for (long r = 0; r < z.B; ++r) std::memcpy(out + r * z.V, x + r * stride, size_t(z.V) * sizeof(T));
        known = true;
    }

    Memory memory;
    const int count;
    StreamLayer<T>* const layers;
    long steps = 0;       // taken so far
    long end = LONG_MAX;  // how many of them bring a sample
};

template <class T> Stream* make_stream(const StreamPlan<T>& plan) { return new StreamOf<T>(plan); }

}  // namespace carousel::CAROUSEL_LEVEL
