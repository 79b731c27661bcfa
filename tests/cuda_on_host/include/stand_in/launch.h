/// Kernel launches: cudaLaunchKernelEx, as CUDA's header has it, with fibers behind.
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "api.h"
#include "cuda_on_host/runtime/kernel_launch.hpp"

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<std::decay_t<Parameters>...> arguments;
  };
  auto call =
      std::make_shared<Call>(Call{kernel, {static_cast<Parameters>(std::forward<Arguments>(arguments))...}});
  cuda_on_host::Launch launch;
  launch.function = reinterpret_cast<const void*>(kernel);
  launch.grid = config->gridDim;
  launch.block = config->blockDim;
  launch.dynamic_shared = config->dynamicSmemBytes;
  launch.run_thread = [](void* state) {
    auto* c = static_cast<Call*>(state);
    std::apply(c->kernel, c->arguments);
  };
  launch.state = std::move(call);
  return cuda_on_host::launch_kernel(launch, config->stream);
}
