/// How a front end hands a kernel to the runtime.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "../engine/engine.hpp"

namespace cuda_on_host {

struct Launch {
  const void* function = nullptr;  ///< which kernel, for its attributes
  Index grid{1, 1, 1}, block{1, 1, 1};
  std::size_t dynamic_shared = 0;
  std::size_t static_shared = 0;  ///< shared variables that the engine must provide (PTX)
  unsigned max_threads = 1024;    ///< of __launch_bounds__
  void (*run_thread)(void* state) = nullptr;
  std::shared_ptr<void> state;  ///< the kernel's arguments
};

/// Checks the configuration and puts the kernel on the stream.
cudaError_t launch_kernel(const Launch& launch, cudaStream_t stream);
/// The same for what a library does on the device, such as a CUB reduction, as one host function.
cudaError_t launch_on_host(std::function<void()> run, cudaStream_t stream);

}  // namespace cuda_on_host
