// The extension carousel.kernels._cpu. Compiled for the plainest processor: it must run on every one to choose a level.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "level.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

#ifdef CAROUSEL_X86_LEVELS
bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

std::vector<std::string> levels() {
    std::vector<std::string> found;
#ifdef CAROUSEL_X86_LEVELS
    if (has_avx512() && carousel::avx512::compiled()) found.push_back("avx512");
    if (has_avx2() && carousel::avx2::compiled()) found.push_back("avx2");
#endif
    if (carousel::portable::compiled()) found.push_back("portable");
    return found;
}

int threads() {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

}  // namespace

NB_MODULE(_cpu, module) {
    module.def("levels", &levels, "The instruction sets that this processor can run, best first.");
    module.def("threads", &threads, "How many threads a kernel called from this thread may use.");
}
