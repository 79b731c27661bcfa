// The CUDA devices that there are, or why there is none.
#include "backends/cuda_kernels.hpp"
#include "kernels/cuda_compat.hpp"

namespace starling::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::vector<DeviceProperties> device_list(std::string& why_none) {
  why_none.clear();
  int driver = 0, runtime = 0, count = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  const cudaError_t status = cudaGetDeviceCount(&count);
  (void)cudaGetLastError();
  std::vector<DeviceProperties> list;
  if (driver == 0) {
    why_none = "no NVIDIA driver is installed";
  } else if (status == cudaErrorInsufficientDriver) {
    why_none = "the NVIDIA driver supports CUDA " + version_text(driver) +
               " and is too old for this build, which needs " + version_text(runtime);
  } else if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    why_none = "no CUDA device was found";
  } else if (status != cudaSuccess) {
    why_none = std::string("CUDA does not start: ") + cudaGetErrorString(status);
  }
  if (!why_none.empty()) return list;
  for (int k = 0; k < count; ++k) {
    cudaDeviceProp p{};
    DeviceProperties d;
    std::size_t available = 0, total = 0;
    if (cudaGetDeviceProperties(&p, k) != cudaSuccess || cudaSetDevice(k) != cudaSuccess ||
        cudaMemGetInfo(&available, &total) != cudaSuccess) {
      why_none = std::string("device ") + std::to_string(k) +
                 " does not answer: " + cudaGetErrorString(cudaGetLastError());
      return {};
    }
    d.name = p.name;
    d.major = p.major;
    d.minor = p.minor;
    d.memory = total;
    d.free_memory = available;
    list.push_back(d);
  }
  if (list[0].major * 10 + list[0].minor < 75) {
    why_none = list[0].name + " has compute capability " + std::to_string(list[0].major) + "." +
               std::to_string(list[0].minor) + ", and 7.5 or more is needed";
    return {};
  }
  return list;
}

}  // namespace starling::cuda
