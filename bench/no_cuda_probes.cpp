// Stands in for cuda_probes.cu in a build without nvcc, which lists no device to probe.
#include "probes.hpp"
#include "starling/error.hpp"

namespace starling::bench::cuda {

Limits measure_limits(int) {
  throw RunError("this build has no CUDA backend");
}
std::uint64_t philox_words(std::uint64_t, int, std::uint32_t&) {
  throw RunError("this build has no CUDA backend");
}

}  // namespace starling::bench::cuda
