// Threads that work on one call together, and where they wait for each other.
#pragma once

#include <atomic>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(CAROUSEL_STD_THREADS)
#include <thread>
#include <vector>
#elif defined(_OPENMP)
#include <omp.h>
#endif
#include <sched.h>

namespace carousel::CAROUSEL_LEVEL {

// Waiting costs a fraction of a microsecond while all threads run, and gives the processor away when they do not.
class Barrier {
public:
    explicit Barrier(int threads) : threads_(threads) {}

    void wait() {
        if (threads_ == 1) return;
        const int round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
            if (spins > 4000) sched_yield();
#if defined(__x86_64__)
            _mm_pause();
#endif
        }
    }

private:
    const int threads_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<int> round_{0};
};

// While it lives, numbers below the smallest normal one count as zero on this thread: they would be slow.
class FlushToZero {
public:
#if defined(__x86_64__)
    FlushToZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~FlushToZero() { _mm_setcsr(before_); }

private:
    unsigned before_;
#endif
};

// Call work(thread) on `threads` threads at once. False, and nothing done, if that many could not be had.
template <class Work> bool together(int threads, const Work& work) {
    if (threads == 1) {
        FlushToZero flush;
        work(0);
        return true;
    }
#if defined(CAROUSEL_STD_THREADS)
    std::vector<std::thread> team;
    for (int i = 0; i < threads; ++i)
        team.emplace_back([&work, i] {
            FlushToZero flush;
            work(i);
        });
    for (std::thread& thread : team) thread.join();
    return true;
#elif defined(_OPENMP)
    bool complete = true;
#pragma omp parallel num_threads(threads)
    {
        if (omp_get_num_threads() == threads) {
            FlushToZero flush;
            work(omp_get_thread_num());
        } else {
#pragma omp single
            complete = false;
        }
    }
    return complete;
#else
    return false;
#endif
}

}  // namespace carousel::CAROUSEL_LEVEL
