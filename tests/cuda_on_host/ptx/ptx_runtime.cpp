// What nvcc's host code calls: kernels are found by their mangled names among those that ptx2cpp.py
// translated. To be linked, with the rest of runtime/, instead of libcudart.
#include <cuda_runtime.h>

#include <cstring>
#include <memory>

#include "../cuda_on_host.hpp"
#include "../runtime/call.hpp"
#include "../runtime/kernel_launch.hpp"
#include "ptx_operations.hpp"

namespace cuda_on_host {
namespace {

// By the address of the host's stub or shadow.
std::map<const void*, std::string>& kernel_names() {
  static std::map<const void*, std::string> all;
  return all;
}
std::map<const void*, std::string>& variable_names() {
  static std::map<const void*, std::string> all;
  return all;
}

const ptx::Kernel* find_kernel(const void* function) {
  const auto name = kernel_names().find(function);
  if (name == kernel_names().end()) return nullptr;
  const auto kernel = ptx::kernels().find(name->second);
  return kernel == ptx::kernels().end() ? nullptr : &kernel->second;
}

struct PtxCall {
  void (*run)(const unsigned char*);
  std::vector<std::uint64_t> parameters;  // as PTX lays them out
};

cudaError_t launch_ptx(const void* function, dim3 grid, dim3 block, void** arguments,
                       std::size_t shared_bytes, cudaStream_t stream) {
  const ptx::Kernel* kernel = find_kernel(function);
  if (!kernel) return set_error(cudaErrorInvalidDeviceFunction, "a kernel whose PTX was not translated");
  auto call = std::make_shared<PtxCall>();
  call->run = kernel->run;
  call->parameters.resize((kernel->parameter_bytes + 7) / 8 + 1);
  auto* bytes = reinterpret_cast<char*>(call->parameters.data());
  for (std::size_t i = 0; i < kernel->parameters.size(); ++i) {
    std::memcpy(bytes + kernel->parameters[i].offset, arguments[i], kernel->parameters[i].size);
  }
  Launch launch;
  launch.function = function;
  launch.grid = {grid.x, grid.y, grid.z};
  launch.block = {block.x, block.y, block.z};
  launch.dynamic_shared = shared_bytes;
  launch.static_shared = kernel->static_shared;
  launch.max_threads = kernel->max_threads;
  launch.run_thread = [](void* state) {
    const auto* c = static_cast<const PtxCall*>(state);
    c->run(reinterpret_cast<const unsigned char*>(c->parameters.data()));
  };
  launch.state = std::move(call);
  return launch_kernel(launch, stream);
}

struct PushedCall {  // <<<...>>>
  dim3 grid, block;
  std::size_t shared_bytes;
  cudaStream_t stream;
};
std::vector<PushedCall> pushed_calls;

}  // namespace
}  // namespace cuda_on_host

using namespace cuda_on_host;

extern "C" {

// ---- what nvcc puts into host objects; not in any header

void** __cudaRegisterFatBinary(void*) {
  static void* handle;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) {
  return 1;
}
void __cudaRegisterFunction(void**, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*,
                            dim3*, int*) {
  kernel_names()[host] = name;
}
void __cudaRegisterVar(void**, char* host, char*, const char* name, int, std::size_t, int, int) {
  variable_names()[host] = name;
}
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared_bytes, CUstream_st* stream) {
  pushed_calls.push_back({grid, block, shared_bytes, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared_bytes, void* stream) {
  const PushedCall call = pushed_calls.back();
  pushed_calls.pop_back();
  *grid = call.grid;
  *block = call.block;
  *shared_bytes = call.shared_bytes;
  *static_cast<cudaStream_t*>(stream) = call.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments,
                               std::size_t shared_bytes, cudaStream_t stream) {
  return launch_ptx(kernel, grid, block, arguments, shared_bytes, stream);
}

// ---- the runtime's functions for what is translated from PTX

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                             std::size_t shared_bytes, cudaStream_t stream) {
  return launch_ptx(function, grid, block, arguments, shared_bytes, stream);
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
  return launch_ptx(function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes,
                    config->stream);
}
cudaError_t cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes, std::size_t offset,
                               cudaMemcpyKind) {
  CUDA_ON_HOST_ENTER();
  const auto name = variable_names().find(symbol);
  const auto end = ptx::device_variables().end();
  const auto variable = name == variable_names().end() ? end : ptx::device_variables().find(name->second);
  if (variable == end)
    return set_error(cudaErrorInvalidSymbol, "a variable that is not in the translated PTX");
  const cudaError_t error = carry_out(finish_all);
  if (error != cudaSuccess) return error;
  if (offset + bytes > variable->second.size)
    return set_error(cudaErrorInvalidValue, "cudaMemcpyToSymbol: too long");
  std::memcpy(static_cast<char*>(variable->second.address) + offset, from, bytes);
  return cudaSuccess;
}

// ---- what Thrust and CUB ask

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  CUDA_ON_HOST_ENTER();
  *attributes = {};
  const ptx::Kernel* kernel = find_kernel(function);
  if (!kernel) return set_error(cudaErrorInvalidDeviceFunction, "a kernel whose PTX was not translated");
  attributes->ptxVersion = attributes->binaryVersion = 75;
  attributes->maxThreadsPerBlock = static_cast<int>(kernel->max_threads);
  attributes->numRegs = 32;
  attributes->sharedSizeBytes = kernel->static_shared;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* function,
                                                                   int threads, std::size_t shared_bytes,
                                                                   unsigned) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, shared_bytes);
}
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t, cudaStreamCaptureStatus* status, unsigned long long*,
                                     cudaGraph_t*, const cudaGraphNode_t**, const cudaGraphEdgeData**,
                                     std::size_t*) {
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

}  // extern "C"
