// Scratch memory of one call: aligned blocks that are freed together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "lstm.h"

namespace carousel::CAROUSEL_LEVEL {

constexpr size_t LARGE_PAGE = size_t(2) << 20;

// Ask for large pages where memory has yet to be touched: of what is read and written in long stretches, few large pages
// cost less to make and to find than many small ones.
inline void prefer_large_pages([[maybe_unused]] void* from, [[maybe_unused]] size_t bytes) {
#if defined(__linux__)
    const uintptr_t first = (uintptr_t(from) + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    const uintptr_t last = (uintptr_t(from) + bytes) / LARGE_PAGE * LARGE_PAGE;
    if (from && last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

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
        const size_t alignment = bytes < LARGE_PAGE ? LINE : LARGE_PAGE;
        void* raw = ::operator new(bytes, std::align_val_t(alignment));
        prefer_large_pages(raw, bytes);
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
    static constexpr size_t LINE = 64;
    struct Block {
        Block* before;
        size_t alignment;
    };
    Block* last_ = nullptr;
};

}  // namespace carousel::CAROUSEL_LEVEL
