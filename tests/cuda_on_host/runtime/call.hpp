/// What every function of the runtime does first: it takes the lock, counts the call, and fails if it was
/// made to.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <mutex>
#include <string>

#include "work.hpp"

namespace cuda_on_host {

class Call {
 public:
  /// `needs_device`: the function fails without a driver and a device, and after a kernel has died.
  explicit Call(const char* function, bool needs_device = true);
  cudaError_t error = cudaSuccess;

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

/// Keeps the error for cudaGetLastError, with its story, and returns it.
cudaError_t set_error(cudaError_t error, const std::string& what);
/// Runs `wait` (finish, finish_all, ...); a kernel that dies makes the error that all later calls report.
cudaError_t carry_out(const std::function<void()>& wait);
/// Issues work; carries it out at once if the machine is not lazy.
cudaError_t put(cudaStream_t stream, std::function<void()> run, const WorkPointer& also_after = nullptr);
Queue& queue_of(cudaStream_t stream);
/// Called when a kernel starts: counts it, and throws if it was made to die.
void kernel_starts();

bool device_is_valid(int device);
void forget_attributes();
void free_all_memory();

}  // namespace cuda_on_host

/// Begins a function of the runtime.
#define CUDA_ON_HOST_ENTER()                \
  const cuda_on_host::Call call_(__func__); \
  if (call_.error != cudaSuccess) return call_.error
