// Who does what: sequences are shared out among threads, or the units of all sequences are, or both.
#pragma once

#include "lstm.h"
#include "vectors.h"

namespace carousel::CAROUSEL_LEVEL {

struct Range {
    long first, last;
    long count() const { return last - first; }
};

// The i-th of n nearly equal stretches of 0 .. total.
inline Range stretch(long total, long i, long n) { return {total * i / n, total * (i + 1) / n}; }

// `parts` groups of sequences that never wait for each other, times `pieces` threads that share a group's units and
// meet at every step. parts * pieces <= threads.
struct Grid {
    int parts, pieces;
};

// The grid with the cheapest step, in cycles: products, weights that have to come from a cache, waiting.
//
// A core is taken to do 32 multiplications of its widest kind a cycle, to draw 32 bytes a cycle from a second-level
// cache of which 768 KB are free for weights, and 10 from beyond; a meeting of threads, to cost 1500 cycles.
template <class T> inline Grid grid_for(const Cell& cell, const Sizes& z, int threads) {
    double weights = double(cell.nodes()) * double(z.padded()) * double(z.V);
    int meetings = 1;
    if (cell.peephole == Peephole::full) {
        weights += double(cell.early() + 1) * double(z.padded()) * double(z.H);
        ++meetings;
    }
    if (cell.projection) {
        weights += double(z.V) * double(z.padded());
        ++meetings;
    }
    Grid best{1, 1};
    double least = 1e300;
    const long panels = (z.padded() + 4 * L<T> - 1) / (4 * L<T>);
    for (int pieces = 1; pieces <= threads && pieces <= panels; ++pieces) {
        long parts = threads / pieces;
        if (parts > z.B) parts = z.B;
        const double rows = double((z.B + parts - 1) / parts);
        const double share = double((panels + pieces - 1) / pieces) / double(panels) * weights;
        const double bytes = share * double(sizeof(T));
        const double products = share * (rows < 2 ? 2 : rows) / (2 * L<T>);
        const double traffic = bytes / (bytes < 768e3 ? 32 : 10);
        const double cycles = (products > traffic ? products : traffic) + (pieces > 1 ? 1500 * meetings : 0);
        if (cycles < least * 0.95) {
            least = cycles;
            best = {int(parts), pieces};
        }
    }
    return best;
}

// The sequences of one part: ranks part, part + parts, ... of the order by falling length, so that every part has
// long ones and short ones, and those that have a step n come first.
struct Rows {
    const Batch& batch;
    long T, part, parts, all;

    Rows(const Batch& batch, const Sizes& z, long part, long parts)
        : batch(batch), T(z.T), part(part), parts(parts), all(count(z.B)) {}

    long rank(long row) const { return part + row * parts; }
    long sequence(long row) const { return batch.order[rank(row)]; }
    long length(long row) const { return batch.lengths[rank(row)]; }
    long active(long n) const { return count(batch.active[n]); }

    // The i-th step in the direction of the recurrence.
    long step(long i) const { return batch.reverse ? T - 1 - i : i; }
    // The step before n, of a sequence for which n is not the first.
    long before(long n) const { return batch.reverse ? n + 1 : n - 1; }
    bool is_first(long row, long n) const { return batch.reverse ? n == length(row) - 1 : n == 0; }
    bool is_last(long row, long n) const { return batch.reverse ? n == 0 : n == length(row) - 1; }

private:
    long count(long ranks) const { return ranks > part ? (ranks - part + parts - 1) / parts : 0; }
};

}  // namespace carousel::CAROUSEL_LEVEL
