// The extension carousel.kernels._cpu. Compiled for the plainest processor: it must run on every one to choose a level.
//
// Arrays come as addresses: carousel.kernels.cpu, the only caller, has made them dense, of one type, and kept them alive.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "level.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#include <pthread.h>

namespace nb = nanobind;

namespace carousel {

bool poison_scratch = false;

namespace {

std::vector<const Level*> find_levels() {
    std::vector<const Level*> found;
#if defined(CAROUSEL_X86_LEVELS)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    if (avx512) found.push_back(&avx512::level);
    if (avx2) found.push_back(&avx2::level);
#endif
    found.push_back(&portable::level);
    return found;
}

const std::vector<const Level*> levels = find_levels();
const Level* level = levels.front();
bool forked = false;  // OpenMP's pool of threads does not survive a fork

// As many as PyTorch uses, which counts in the same OpenMP.
int available_threads() {
#if defined(_OPENMP)
    return forked ? 1 : omp_get_max_threads();
#else
    return 1;
#endif
}

std::vector<std::string> level_names() {
    std::vector<std::string> names;
    for (const Level* one : levels) names.emplace_back(one->name);
    return names;
}

void use_level(const std::string& name) {
    for (const Level* one : levels)
        if (name == one->name) {
            level = one;
            return;
        }
    throw std::invalid_argument("use_level: this processor has no level " + name);
}

// A batch by falling length; without lengths, all sequences have T steps.
struct OrderedBatch {
    std::vector<int64_t> order, lengths, active;

    OrderedBatch(int64_t T, int64_t B, const int64_t* given) : order(B), lengths(B, T), active(T, B) {
        std::iota(order.begin(), order.end(), 0);
        if (!given) return;
        for (int64_t b = 0; b < B; ++b)
            if (given[b] < 1 || given[b] > T) throw std::invalid_argument("lengths must lie in 1 .. T");
        std::stable_sort(order.begin(), order.end(), [given](int64_t a, int64_t b) { return given[a] > given[b]; });
        for (int64_t rank = 0; rank < B; ++rank) lengths[rank] = given[order[rank]];
        for (int64_t n = 0, count = B; n < T; ++n) {
            while (lengths[count - 1] <= n) --count;
            active[n] = count;
            if (n + 1 == lengths[0]) {
                std::fill(active.begin() + n + 1, active.end(), 0);
                break;
            }
        }
    }

    Batch view(bool reverse) const { return {order.data(), lengths.data(), active.data(), reverse}; }
};

template <class T> T* array(uintptr_t address) { return reinterpret_cast<T*>(address); }

// What forward and backward are both told, in the order of the Python call.
struct Problem {
    bool is_double;
    int peephole;
    bool input_gate, projection, reverse;
    long T, B, I, H, V;
    uintptr_t lengths, v_mask, x, v_init, s_init, ih, hh, ch, bias, hr, v, v_last, s_last, s, gates;

    template <class Number> Forward<Number> as(const OrderedBatch& batch) const {
        return {{Peephole(peephole), input_gate, projection},
                {T, B, I, H, V},
                batch.view(reverse),
                {array<Number>(ih), array<Number>(hh), array<Number>(ch), array<Number>(bias), array<Number>(hr)},
                array<Number>(x),
                array<Number>(v_init),
                array<Number>(s_init),
                array<Number>(v_mask),
                array<Number>(v),
                array<Number>(v_last),
                array<Number>(s_last),
                array<Number>(s),
                array<Number>(gates)};
    }
};

// dE/d(what the name says).
struct Errors {
    uintptr_t dv, dv_last, ds_last, dx, dv_init, ds_init, dih, dhh, dch, dbias, dhr;

    template <class Number> Backward<Number> as(const Forward<Number>& forward) const {
        return {forward,
                array<Number>(dv),
                array<Number>(dv_last),
                array<Number>(ds_last),
                {array<Number>(dx), array<Number>(dv_init), array<Number>(ds_init), array<Number>(dih),
                 array<Number>(dhh), array<Number>(dch), array<Number>(dbias), array<Number>(dhr)}};
    }
};

int threads_for(const Problem& p, int threads) {
    // Waking other threads takes longer than this many multiplications.
    const double least = 1e5;
    return double(p.T) * double(p.B) * double(p.H) * double(p.I + p.V) < least ? 1 : threads ? threads : available_threads();
}

void run_forward(const Problem& p, int threads) {
    nb::gil_scoped_release release;
    const OrderedBatch batch(p.T, p.B, array<int64_t>(p.lengths));
    threads = threads_for(p, threads);
    if (p.is_double)
        level->forward_double(p.as<double>(batch), threads);
    else
        level->forward_single(p.as<float>(batch), threads);
}

void run_backward(const Problem& p, const Errors& e, int threads) {
    nb::gil_scoped_release release;
    const OrderedBatch batch(p.T, p.B, array<int64_t>(p.lengths));
    threads = threads_for(p, threads);
    if (p.is_double)
        level->backward_double(e.as(p.as<double>(batch)), threads);
    else
        level->backward_single(e.as(p.as<float>(batch)), threads);
}

// One layer of a stream, in the order of the Python call.
struct LayerOfStream {
    long inputs, past, future;
    uintptr_t ih, hh, ch, bias, hr;

    template <class Number> StreamedLayer<Number> as() const {
        return {inputs,
                past,
                future,
                {array<Number>(ih), array<Number>(hh), array<Number>(ch), array<Number>(bias), array<Number>(hr)}};
    }
};

// A stream as Python holds it. A step that takes long lets other Python threads run, for which a short one has no time.
class SharedStream {
public:
    SharedStream(bool is_double, int peephole, bool input_gate, bool projection, long B, long H, long V,
                 const std::vector<LayerOfStream>& layers) {
        const Cell cell{Peephole(peephole), input_gate, projection};
        stream_.reset(is_double ? make<double>(level->stream_double, cell, B, H, V, layers)
                                : make<float>(level->stream_single, cell, B, H, V, layers));
        is_long_ = stream_->products() > 1e7;
        // A thread is worth waking for this many multiplications.
        most_threads_ = int(std::max(1.0, std::min(1024.0, stream_->products() / 1e5)));
    }

    bool push(uintptr_t x, uintptr_t out) {
        const auto step = [&] { return stream_->push(array<void>(x), array<void>(out), threads()); };
        return is_long_ ? alone(step) : step();
    }

    long flush(uintptr_t out) {
        return alone([&] { return stream_->flush(array<void>(out), threads()); });
    }

    long save(uintptr_t v, uintptr_t s, const std::vector<uintptr_t>& windows) {
        const std::vector<void*> to = arrays<void>(windows);
        return alone([&] { return stream_->save(array<void>(v), array<void>(s), to.data()); });
    }

    void load(uintptr_t v, uintptr_t s, const std::vector<uintptr_t>& windows, long steps) {
        const std::vector<const void*> from = arrays<const void>(windows);
        alone([&] { stream_->load(array<void>(v), array<void>(s), from.data(), steps); });
    }

private:
    template <class Number>
    static Stream* make(Stream* (*create)(const StreamPlan<Number>&), const Cell& cell, long B, long H, long V,
                        const std::vector<LayerOfStream>& layers) {
        std::vector<StreamedLayer<Number>> plan;
        for (const LayerOfStream& layer : layers) plan.push_back(layer.as<Number>());
        return create({cell, B, H, V, int(plan.size()), plan.data()});
    }

    template <class Pointee> static std::vector<Pointee*> arrays(const std::vector<uintptr_t>& addresses) {
        std::vector<Pointee*> pointers;
        for (uintptr_t address : addresses) pointers.push_back(array<Pointee>(address));
        return pointers;
    }

    template <class Work> std::invoke_result_t<Work> alone(const Work& work) {
        nb::gil_scoped_release release;
        const std::lock_guard<std::mutex> lock(one_at_a_time_);
        return work();
    }

    int threads() const { return std::min(most_threads_, available_threads()); }

    std::unique_ptr<Stream> stream_;
    std::mutex one_at_a_time_;
    bool is_long_;
    int most_threads_;
};

void activate(const std::string& name, bool is_double, uintptr_t from, uintptr_t to, long count) {
    if (is_double)
        level->activate_double(name == "tanh", array<double>(from), array<double>(to), count);
    else
        level->activate_single(name == "tanh", array<float>(from), array<float>(to), count);
}

double multiply_add(bool is_double, long rounds, int threads) {
    nb::gil_scoped_release release;
    return is_double ? level->multiply_add_double(rounds, threads) : level->multiply_add_single(rounds, threads);
}

}  // namespace
}  // namespace carousel

NB_MODULE(_cpu, module) {
    using namespace carousel;
    pthread_atfork(nullptr, nullptr, [] { forked = true; });
    module.def("levels", &level_names, "The instruction sets that this processor can run, best first.");
    module.def("level", [] { return std::string(level->name); }, "The instruction set in use.");
    module.def("use_level", &use_level, nb::arg("name"), "Run another of `levels()`; for tests.");
    module.def("threads", &available_threads, "How many threads a kernel called from this thread may use.");
    module.def("poison_scratch", [](bool on) { poison_scratch = on; }, nb::arg("on"),
               "Fill the kernels' fresh memory with NaN; for tests.");
    module.def("activate", &activate, nb::arg("name"), nb::arg("is_double"), nb::arg("source"), nb::arg("target"),
               nb::arg("count"), "logistic or tanh of `count` numbers; for tests.");
    module.def("multiply_add", &multiply_add, nb::arg("is_double"), nb::arg("rounds"), nb::arg("threads"),
               "Multiply and add in registers, as fast as this processor can; how many multiply-adds were done.");
    nb::class_<Problem>(module, "Problem")
        .def(nb::init<bool, int, bool, bool, bool, long, long, long, long, long, uintptr_t, uintptr_t, uintptr_t,
                      uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                      uintptr_t, uintptr_t, uintptr_t>(),
             nb::kw_only(), nb::arg("is_double"), nb::arg("peephole"), nb::arg("input_gate"), nb::arg("projection"),
             nb::arg("reverse"), nb::arg("T"), nb::arg("B"), nb::arg("I"), nb::arg("H"), nb::arg("V"),
             nb::arg("lengths"), nb::arg("v_mask"), nb::arg("x"), nb::arg("v_init"), nb::arg("s_init"), nb::arg("ih"),
             nb::arg("hh"), nb::arg("ch"), nb::arg("bias"), nb::arg("hr"), nb::arg("v"), nb::arg("v_last"),
             nb::arg("s_last"), nb::arg("s"), nb::arg("gates"));
    module.def("forward", &run_forward, nb::arg("problem"), nb::arg("threads") = 0);
    nb::class_<Errors>(module, "Errors")
        .def(nb::init<uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                      uintptr_t, uintptr_t>(),
             nb::kw_only(), nb::arg("dv"), nb::arg("dv_last"), nb::arg("ds_last"), nb::arg("dx"), nb::arg("dv_init"),
             nb::arg("ds_init"), nb::arg("dih"), nb::arg("dhh"), nb::arg("dch"), nb::arg("dbias"), nb::arg("dhr"));
    module.def("backward", &run_backward, nb::arg("problem"), nb::arg("errors"), nb::arg("threads") = 0);
    nb::class_<LayerOfStream>(module, "StreamLayer")
        .def(nb::init<long, long, long, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t>(), nb::kw_only(),
             nb::arg("inputs"), nb::arg("past"), nb::arg("future"), nb::arg("ih"), nb::arg("hh"), nb::arg("ch"),
             nb::arg("bias"), nb::arg("hr"));
    nb::class_<SharedStream>(module, "Stream")
        .def(nb::init<bool, int, bool, bool, long, long, long, const std::vector<LayerOfStream>&>(), nb::kw_only(),
             nb::arg("is_double"), nb::arg("peephole"), nb::arg("input_gate"), nb::arg("projection"), nb::arg("B"),
             nb::arg("H"), nb::arg("V"), nb::arg("layers"))
        .def("push", &SharedStream::push, nb::arg("x"), nb::arg("out"))
        .def("flush", &SharedStream::flush, nb::arg("out"))
        .def("save", &SharedStream::save, nb::arg("v"), nb::arg("s"), nb::arg("windows"))
        .def("load", &SharedStream::load, nb::arg("v"), nb::arg("s"), nb::arg("windows"), nb::arg("steps"));
}
