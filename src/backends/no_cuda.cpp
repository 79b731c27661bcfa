// Stands in for the CUDA backend in a build without nvcc.
#include "backends/cuda_kernels.hpp"
#include "models/builtin_kernels.hpp"
#include "starling/error.hpp"

namespace starling::cuda {
namespace {
constexpr const char* kWhy =
    "this build of Starling has no CUDA backend (nvcc was not found when it was built)";
}

std::vector<DeviceProperties> device_list(std::string& why_none) {
  why_none = kWhy;
  return {};
}

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>&, int) {
  throw RunError(kWhy);
}
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>&, const LatentSetup&, int) {
  throw RunError(kWhy);
}

STARLING_INSTANTIATE_KERNELS()

}  // namespace starling::cuda
