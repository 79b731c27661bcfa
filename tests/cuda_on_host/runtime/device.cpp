// Devices, kernels' attributes and launches.
#include "device.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "../cuda_on_host.hpp"
#include "call.hpp"
#include "kernel_launch.hpp"

namespace cuda_on_host {
namespace {

constexpr std::size_t kSharedByDefault = 48 * 1024;  // more dynamic shared memory must be asked for

int device_in_use = 0;
std::map<const void*, std::size_t> allowed_shared;  // by cudaFuncSetAttribute

std::string size_text(Index i) {
  return std::to_string(i.x) + " x " + std::to_string(i.y) + " x " + std::to_string(i.z);
}

// What the driver refuses at once.
cudaError_t check_launch(const Launch& launch) {
  const Index g = launch.grid, b = launch.block;
  const unsigned long long threads = 1ull * b.x * b.y * b.z;
  if (threads == 0 || threads > 1024 || b.z > 64) {
    return set_error(cudaErrorInvalidConfiguration, "a block of " + size_text(b) + " threads");
  }
  if (g.x == 0 || g.y == 0 || g.z == 0 || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535) {
    return set_error(cudaErrorInvalidConfiguration, "a grid of " + size_text(g) + " blocks");
  }
  if (threads > launch.max_threads) {
    return set_error(cudaErrorInvalidValue, "a block of " + std::to_string(threads) +
                                                " threads for a kernel with " + "__launch_bounds__(" +
                                                std::to_string(launch.max_threads) + ")");
  }
  const auto allowed = allowed_shared.find(launch.function);
  const std::size_t limit = std::max(kSharedByDefault, allowed == allowed_shared.end() ? 0 : allowed->second);
  if (launch.dynamic_shared + launch.static_shared > std::min(limit, options.max_shared)) {
    return set_error(cudaErrorInvalidValue,
                     std::to_string(launch.dynamic_shared) +
                         " bytes of dynamic shared memory: more than the kernel may have");
  }
  return cudaSuccess;
}

}  // namespace

int current_device() {
  return device_in_use;
}

void forget_attributes() {
  allowed_shared.clear();
  device_in_use = 0;
}

cudaError_t launch_kernel(const Launch& launch, cudaStream_t stream) {
  const Call call("launch");
  if (call.error != cudaSuccess) return call.error;
  const cudaError_t error = check_launch(launch);
  if (error != cudaSuccess) return error;
  return put(stream, [launch] {
    kernel_starts();
    run_grid(launch.grid, launch.block, launch.dynamic_shared + launch.static_shared, launch.run_thread,
             launch.state.get());
  });
}

cudaError_t launch_on_host(std::function<void()> run, cudaStream_t stream) {
  const Call call("launch");
  if (call.error != cudaSuccess) return call.error;
  return put(stream, [run = std::move(run)] {
    kernel_starts();
    run();
  });
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  CUDA_ON_HOST_ENTER();
  *count = machine.devices;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  CUDA_ON_HOST_ENTER();
  if (!device_is_valid(device)) return set_error(cudaErrorInvalidDevice, "device " + std::to_string(device));
  device_in_use = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  CUDA_ON_HOST_ENTER();
  *device = device_in_use;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  CUDA_ON_HOST_ENTER();
  if (!device_is_valid(device)) return set_error(cudaErrorInvalidDevice, "device " + std::to_string(device));
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "CUDA on the host");
  properties->totalGlobalMem = machine.memory;
  properties->sharedMemPerBlock = kSharedByDefault;
  properties->sharedMemPerBlockOptin = options.max_shared;
  properties->regsPerBlock = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->major = machine.major;
  properties->minor = machine.minor;
  properties->multiProcessorCount = machine.multiprocessors;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  CUDA_ON_HOST_ENTER();
  if (!device_is_valid(device)) return set_error(cudaErrorInvalidDevice, "device " + std::to_string(device));
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor:
      *value = machine.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = machine.minor;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = machine.multiprocessors;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(kSharedByDefault);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(options.max_shared);
      break;
    case cudaDevAttrWarpSize:
      *value = 32;
      break;
    case cudaDevAttrMaxGridDimX:
      *value = 0x7fffffff;
      break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      *value = 65535;
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      break;
    default:
      *value = 0;
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() {
  CUDA_ON_HOST_ENTER();
  const cudaError_t error = carry_out(finish_all);
  free_all_memory();
  return error;
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  CUDA_ON_HOST_ENTER();
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<std::size_t>(value) > options.max_shared) {
    return set_error(cudaErrorInvalidValue, std::to_string(value) + " bytes of dynamic shared memory");
  }
  allowed_shared[function] = static_cast<std::size_t>(value);
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int threads,
                                                          std::size_t) {
  CUDA_ON_HOST_ENTER();
  *blocks = std::max(1, 1024 / std::max(threads, 1));
  return cudaSuccess;
}

}  // extern "C"
