/// What the machine can do at best, measured by loops of our own, and Philox on its own. The CPU's are
/// compiled once per instruction set (cpu_probes.cpp), the GPU's by nvcc (cuda_probes.cu).
#pragma once

#include <cstdint>

namespace starling::bench {

struct Limits {
  double fma_per_second = 0;         ///< fused multiply-adds of floats: every thread's best time, added up
  double divisions_per_second = 0;   ///< divisions of floats, likewise
  double read_bytes_per_second = 0;  ///< reading memory that no cache holds
};

#define STARLING_BENCH_VARIANT(variant)                                                         \
  namespace variant {                                                                           \
  Limits measure_limits(int threads);                                                           \
  /* Makes about `words` random words; how many is returned, and their exclusive or in fold. */ \
  std::uint64_t philox_words(std::uint64_t words, int threads, std::uint32_t& fold);            \
  }
STARLING_BENCH_VARIANT(generic)
STARLING_BENCH_VARIANT(avx2)
STARLING_BENCH_VARIANT(avx512)
#undef STARLING_BENCH_VARIANT

namespace cuda {
Limits measure_limits(int device);
std::uint64_t philox_words(std::uint64_t words, int device, std::uint32_t& fold);
}  // namespace cuda

}  // namespace starling::bench
