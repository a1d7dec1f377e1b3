// What the kernels compute, told to every level of instructions in the same words.
//
// Letters, as in carousel.equations: T steps, B sequences, I inputs, H units (d_s), V values (d_v). Arrays are dense,
// row by row. A sequence's rows at and after its length are never read; in results they are zero.
#pragma once

#include <cstdint>

namespace carousel {

enum class Peephole { none, diagonal, full };

struct Cell {
    Peephole peephole;
    bool input_gate, projection;

    int nodes() const { return input_gate ? 5 : 4; }
    // Nodes that see s[n-1] through a peephole; cr, which sees s[n], comes on top.
    int early() const { return input_gate ? 3 : 2; }
    // Rows of H numbers that a step keeps: one a node, and with an input gate xi_du beside a_du.
    int slots() const { return input_gate ? 6 : 4; }
};

struct Sizes {
    long T, B, I, H, V;

    // Rounded up so that every level's vectors divide it.
    long padded() const { return (H + 15) / 16 * 16; }
    long padded_values() const { return (V + 15) / 16 * 16; }

    // Numbers from one row of the kernels' own arrays to the next. The odd multiple of 16 spreads rows over the sets of
    // a cache, where a power of two would pile them up in a few.
    long state_row() const { return odd(padded()); }
    long slots_row(const Cell& cell) const { return odd(cell.slots() * padded()); }

private:
    static long odd(long count) { return count / 16 % 2 ? count : count + 16; }
};

// Where the sequences of a batch lie, longest first.
struct Batch {
    const int64_t* order;    // [B] the sequences by falling length
    const int64_t* lengths;  // [B] of the sequences in that order
    const int64_t* active;   // [T] how many sequences have a step n
    bool reverse;            // from a sequence's last step to its first
};

// As PyTorch stores them: rows of nodes cu, cs, du, cr, (cx); peepholes of cu, cs, (cx), cr. Absent ones are null.
template <class T> struct Weights {
    const T* ih;    // [nodes * H, I]
    const T* hh;    // [nodes * H, V]
    const T* ch;    // [(early + 1) * H, H] full, [(early + 1) * H] diagonal
    const T* bias;  // [nodes * H]
    const T* hr;    // [V, H]
};

template <class T> struct Forward {
    Cell cell;
    Sizes sizes;
    Batch batch;
    Weights<T> weights;
    const T *x, *v_init, *s_init;  // [T, B, I], [B, V], [B, H]
    const T* v_mask;               // [B, V] factors of v on its way to the nodes, v_init has them; null for ones
    T *v, *v_last, *s_last;        // [T, B, V], [B, V], [B, H]
    T *s, *gates;                  // [T, B, state_row], [T, B, slots_row]; null where nothing is to be kept
};

// dE/d(what the name says), for each array of Forward and Weights; null where it is not wanted, or zero where it is given.
template <class T> struct Gradients {
    T *x, *v_init, *s_init;
    T *ih, *hh, *ch, *bias, *hr;
};

template <class T> struct Backward {
    Forward<T> forward;                 // all of it, as filled in, but v with the factors of v_mask
    const T *dv, *dv_last, *ds_last;    // [T, B, V], [B, V], [B, H]
    Gradients<T> gradients;
};

// A stack of layers that B streams run through a sample at a time; all have one cell, and its sizes H and V.
template <class T> struct StreamedLayer {
    long inputs, past, future;  // numbers in a sample, samples of the window before and after
    Weights<T> weights;
};

template <class T> struct StreamPlan {
    Cell cell;
    long B, H, V;
    int count;
    const StreamedLayer<T>* layers;
};

// Runs a plan, with its own copy of the weights. Arrays are of the plan's type of number.
class Stream {
public:
    virtual ~Stream() = default;
    // Multiplications in a step.
    virtual double products() const = 0;
    // Take x[n], [B, inputs]. True if an output has become known, which is in `out`, [B, V]: that of the sample which
    // came as many before as the layers look ahead together.
    virtual bool push(const void* x, void* out, int threads) = 0;
    // Write the outputs still to come, as many as the layers look ahead, or as samples came; how many. Nothing can be
    // pushed after that.
    virtual long flush(void* out, int threads) = 0;
    // The state as [layers, B, V], [layers, B, H] and for each layer with a window [B, samples, inputs], latest first;
    // how many samples came.
    virtual long save(void* v, void* s, void* const* windows) const = 0;
    virtual void load(const void* v, const void* s, const void* const* windows, long steps) = 0;
};

// One set of machine instructions. `threads` is how many threads a call may use.
struct Level {
    const char* name;
    void (*forward_single)(const Forward<float>&, int threads);
    void (*forward_double)(const Forward<double>&, int threads);
    void (*backward_single)(const Backward<float>&, int threads);
    void (*backward_double)(const Backward<double>&, int threads);
    Stream* (*stream_single)(const StreamPlan<float>&);
    Stream* (*stream_double)(const StreamPlan<double>&);
    // Runs `rounds` of independent multiply-adds in registers on each of `threads` threads; how many numbers were made.
    double (*multiply_add_single)(long rounds, int threads);
    double (*multiply_add_double)(long rounds, int threads);
    void (*activate_single)(bool is_tanh, const float*, float*, long);
    void (*activate_double)(bool is_tanh, const double*, double*, long);
};

// Tests fill fresh scratch with NaN, so that reading what was never written shows.
extern bool poison_scratch;

}  // namespace carousel
