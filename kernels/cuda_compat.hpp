/// The few lines that let one source be compiled by nvcc and, as plain C++, against a stand-in for the CUDA
/// runtime. Kernels and their host code include this instead of cuda_runtime.h, launch by launch(), and get
/// dynamic shared memory by DYNAMIC_SHARED; there is no <<<>>> and no extern __shared__ anywhere else.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

// DYNAMIC_SHARED(T, name): dynamic shared memory as T* name. The stand-in has its own.
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(T, name)                                 \
  extern __shared__ __align__(16) unsigned char name##_bytes[]; \
  T* name = reinterpret_cast<T*>(name##_bytes)
#endif

namespace starling::cuda {

/// Launches kernel(arguments...); arguments are converted to the kernel's parameter types.
/// Returns what cudaLaunchKernelEx returns; errors of the kernel itself come with a later call.
template <class... Parameters, class... Arguments>
[[nodiscard]] cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block,
                                 std::size_t shared_bytes, cudaStream_t stream, Arguments... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

}  // namespace starling::cuda
