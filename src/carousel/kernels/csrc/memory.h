// Scratch memory of one call: aligned blocks that are freed together.
#pragma once

#include <cstddef>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "lstm.h"

namespace carousel::CAROUSEL_LEVEL {

class Memory {
public:
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        while (last_) {
            Block* block = last_;
            last_ = block->before;
            ::operator delete(block, std::align_val_t(block->alignment));
        }
    }

    template <class T> T* take(long count) {
        const size_t bytes = LINE + size_t(count) * sizeof(T);
        const size_t alignment = bytes < HUGE_PAGE ? LINE : HUGE_PAGE;
        void* raw = ::operator new(bytes, std::align_val_t(alignment));
#if defined(__linux__)
        // What is large is read in stretches: few large pages cost less to find than many small ones.
        if (alignment == HUGE_PAGE) madvise(raw, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
        Block* block = static_cast<Block*>(raw);
        *block = {last_, alignment};
        last_ = block;
        T* numbers = reinterpret_cast<T*>(static_cast<char*>(raw) + LINE);
        if constexpr (std::numeric_limits<T>::has_quiet_NaN)
            if (poison_scratch)
                for (long i = 0; i < count; ++i) numbers[i] = std::numeric_limits<T>::quiet_NaN();
        return numbers;
    }

private:
    static constexpr size_t LINE = 64, HUGE_PAGE = size_t(2) << 20;
    struct Block {
        Block* before;
        size_t alignment;
    };
    Block* last_ = nullptr;
};

}  // namespace carousel::CAROUSEL_LEVEL
