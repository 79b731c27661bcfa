// Stands in for the CUDA backend in a build without it.
#include "backends/cuda_kernels.hpp"
#include "starling/error.hpp"

namespace starling::cuda {
namespace {
constexpr const char* kWhy =
    "this build of Starling has no CUDA backend (nvcc was not found when it was built, or it was left out)";
}

std::vector<DeviceProperties> device_list(std::string& why_none) {
  why_none = kWhy;
  return {};
}

}  // namespace starling::cuda
