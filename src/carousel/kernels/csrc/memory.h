// Scratch memory of one call: aligned blocks that are freed together.
#pragma once

#include <cstddef>
#include <limits>
#include <new>

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
            ::operator delete(block, std::align_val_t(ALIGNMENT));
        }
    }

    template <class T> T* take(long count) {
        void* raw = ::operator new(ALIGNMENT + size_t(count) * sizeof(T), std::align_val_t(ALIGNMENT));
        Block* block = static_cast<Block*>(raw);
        block->before = last_;
        last_ = block;
        T* numbers = reinterpret_cast<T*>(static_cast<char*>(raw) + ALIGNMENT);
        if constexpr (std::numeric_limits<T>::has_quiet_NaN)
            if (poison_scratch)
                for (long i = 0; i < count; ++i) numbers[i] = std::numeric_limits<T>::quiet_NaN();
        return numbers;
    }

private:
    static constexpr size_t ALIGNMENT = 64;
    struct Block {
        Block* before;
    };
    Block* last_ = nullptr;
};

}  // namespace carousel::CAROUSEL_LEVEL
