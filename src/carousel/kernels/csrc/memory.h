// Scratch memory of one call: aligned blocks that are freed together, or kept together for the next call.
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

constexpr size_t LINE = 64;

// The bytes of scratch that a thread keeps at most. AddressSanitizer is to see each block by itself.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t MOST_KEPT = 0;
#else
constexpr size_t MOST_KEPT = size_t(64) << 20;
#endif

inline std::align_val_t alignment_of(size_t bytes) { return std::align_val_t(bytes < LARGE_PAGE ? LINE : LARGE_PAGE); }

// Scratch that stays with a thread from call to call: made anew by the system page by page, it took up to a quarter of a
// short training step.
class Reserve {
public:
    Reserve() = default;
    Reserve(const Reserve&) = delete;
    Reserve& operator=(const Reserve&) = delete;
    ~Reserve() { ::operator delete(data_, alignment_of(bytes_)); }

    static Reserve& of_thread() {
        static thread_local Reserve one;
        return one;
    }

    // The next so many bytes, or null if it is not as large.
    char* take(size_t bytes) {
        if (bytes > bytes_ - taken_) return nullptr;
        taken_ += bytes;
        return data_ + taken_ - bytes;
    }

    size_t taken() const { return taken_; }

    // What was taken since is free again; if that is all, make room for `wanted` bytes, if they can be had.
    void go_back(size_t taken, size_t wanted) {
        taken_ = taken;
        if (taken || wanted <= bytes_ || wanted > MOST_KEPT) return;
        ::operator delete(data_, alignment_of(bytes_));
        data_ = static_cast<char*>(::operator new(wanted, alignment_of(wanted), std::nothrow));
        bytes_ = data_ ? wanted : 0;
        prefer_large_pages(data_, bytes_);
    }

private:
    char* data_ = nullptr;
    size_t bytes_ = 0, taken_ = 0;
};

class Memory {
public:
    Memory() = default;
    // Takes what there is from a reserve; of several at a time, the last one to begin ends first.
    explicit Memory(Reserve& reserve) : reserve_(&reserve), before_(reserve.taken()) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        while (last_) {
            Block* block = last_;
            last_ = block->before;
            ::operator delete(block, block->alignment);
        }
        if (reserve_) reserve_->go_back(before_, taken_);
    }

    template <class T> T* take(long count) {
        const size_t bytes = (size_t(count) * sizeof(T) + LINE - 1) / LINE * LINE;
        taken_ += bytes;
        char* raw = reserve_ ? reserve_->take(bytes) : nullptr;
        T* numbers = reinterpret_cast<T*>(raw ? raw : new_block(bytes));
        if constexpr (std::numeric_limits<T>::has_quiet_NaN)
            if (poison_scratch)
                for (long i = 0; i < count; ++i) numbers[i] = std::numeric_limits<T>::quiet_NaN();
        return numbers;
    }

private:
    struct Block {
        Block* before;
        std::align_val_t alignment;
    };

    char* new_block(size_t bytes) {
        const std::align_val_t alignment = alignment_of(LINE + bytes);
        char* raw = static_cast<char*>(::operator new(LINE + bytes, alignment));
        prefer_large_pages(raw, LINE + bytes);
        last_ = new (raw) Block{last_, alignment};
        return raw + LINE;
    }

    Reserve* reserve_ = nullptr;
    size_t before_ = 0, taken_ = 0;
    Block* last_ = nullptr;
};

}  // namespace carousel::CAROUSEL_LEVEL
