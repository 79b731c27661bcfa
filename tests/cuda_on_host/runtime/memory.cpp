// Device memory (host memory that starts as all-ones), pinned memory, copies.

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "../cuda_on_host.hpp"
#include "call.hpp"
#include "device.hpp"

namespace cuda_on_host {
namespace {

struct Allocation {
  std::size_t bytes;
  int device;
};
std::map<char*, Allocation> device_memory;
std::map<char*, std::size_t> pinned_memory;
std::map<int, std::size_t> used;  // bytes per device

char* allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 256, bytes) != 0) return nullptr;
  std::memset(memory, 0xff, bytes);
  return static_cast<char*>(memory);
}

// Whether [begin, begin + bytes) lies within one allocation of device memory, or overlaps none.
enum class Place { device, host, astride };
Place place_of(const void* begin, std::size_t bytes) {
  char* first = const_cast<char*>(static_cast<const char*>(begin));
  auto after = device_memory.upper_bound(first);
  if (after != device_memory.end() && first + bytes > after->first) return Place::astride;
  if (after == device_memory.begin()) return Place::host;
  const auto& [start, allocation] = *std::prev(after);
  if (first >= start + allocation.bytes) return Place::host;
  return first + bytes <= start + allocation.bytes ? Place::device : Place::astride;
}

cudaError_t check_copy(const void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const Place source = place_of(from, bytes), target = place_of(to, bytes);
  if (source == Place::astride)
    return set_error(cudaErrorInvalidValue, "a copy reads past the end of device memory");
  if (target == Place::astride)
    return set_error(cudaErrorInvalidValue, "a copy writes past the end of device memory");
  if (kind == cudaMemcpyDefault) return cudaSuccess;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  if ((source == Place::device) != from_device || (target == Place::device) != to_device) {
    return set_error(cudaErrorInvalidValue, "a copy whose pointers do not fit its direction");
  }
  return cudaSuccess;
}

cudaError_t wait_for_all() {
  return carry_out(finish_all);
}

void free_now(std::map<char*, Allocation>::iterator found) {
  used[found->second.device] -= found->second.bytes;
  std::free(found->first);
  device_memory.erase(found);
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const cudaError_t error = check_copy(to, from, bytes, kind);
  if (error != cudaSuccess) return error;
  return put(stream, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t set(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (place_of(to, bytes) != Place::device) {
    return set_error(cudaErrorInvalidValue, "cudaMemset of what is not device memory");
  }
  return put(stream, [=] { std::memset(to, value, bytes); });
}

}  // namespace

void free_all_memory() {
  while (!device_memory.empty()) free_now(device_memory.begin());
  for (const auto& [pointer, bytes] : pinned_memory) std::free(pointer);
  pinned_memory.clear();
  used.clear();
}

std::size_t allocated_bytes() {
  std::size_t sum = 0;
  for (const auto& [pointer, allocation] : device_memory) sum += allocation.bytes;
  return sum;
}

std::size_t pinned_bytes() {
  std::size_t sum = 0;
  for (const auto& [pointer, bytes] : pinned_memory) sum += bytes;
  return sum;
}

}  // namespace cuda_on_host

using namespace cuda_on_host;

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  CUDA_ON_HOST_ENTER();
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  const int device = current_device();
  if (bytes > machine.memory - used[device])
    return set_error(cudaErrorMemoryAllocation, "device memory is used up");
  char* memory = allocate(bytes);
  if (!memory) return set_error(cudaErrorMemoryAllocation, "host memory is used up");
  device_memory[memory] = {bytes, device};
  used[device] += bytes;
  *pointer = memory;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  CUDA_ON_HOST_ENTER();
  if (!pointer) return cudaSuccess;
  const cudaError_t error = wait_for_all();
  if (error != cudaSuccess) return error;
  const auto found = device_memory.find(static_cast<char*>(pointer));
  if (found == device_memory.end()) {
    return set_error(cudaErrorInvalidValue, "cudaFree of a pointer that cudaMalloc did not return");
  }
  free_now(found);
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  return cudaMalloc(pointer, bytes);
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  if (!pointer) return cudaSuccess;
  const auto found = device_memory.find(static_cast<char*>(pointer));
  if (found == device_memory.end()) {
    return set_error(cudaErrorInvalidValue, "cudaFreeAsync of a pointer that cudaMallocAsync did not return");
  }
  return put(stream, [found] { free_now(found); });
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned) {
  CUDA_ON_HOST_ENTER();
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  char* memory = allocate(bytes);
  if (!memory) return set_error(cudaErrorMemoryAllocation, "host memory is used up");
  pinned_memory[memory] = bytes;
  *pointer = memory;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return cudaHostAlloc(pointer, bytes, 0);
}

cudaError_t cudaFreeHost(void* pointer) {
  CUDA_ON_HOST_ENTER();
  if (!pointer) return cudaSuccess;
  const cudaError_t error = wait_for_all();
  if (error != cudaSuccess) return error;
  const auto found = pinned_memory.find(static_cast<char*>(pointer));
  if (found == pinned_memory.end()) {
    return set_error(cudaErrorInvalidValue, "cudaFreeHost of a pointer that cudaMallocHost did not return");
  }
  std::free(pointer);
  pinned_memory.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  CUDA_ON_HOST_ENTER();
  *total = machine.memory;
  *available = machine.memory - used[current_device()];
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  CUDA_ON_HOST_ENTER();
  const cudaError_t error = copy(to, from, bytes, kind, nullptr);
  return error != cudaSuccess ? error : carry_out([] { finish(null_queue().last); });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  return copy(to, from, bytes, kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind kind,
                              cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  if (width > to_pitch || width > from_pitch)
    return set_error(cudaErrorInvalidValue, "a row longer than its pitch");
  cudaError_t error = cudaSuccess;
  for (std::size_t row = 0; row < height && error == cudaSuccess; ++row) {
    error = copy(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch,
                 width, kind, stream);
  }
  return error;
}

cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  CUDA_ON_HOST_ENTER();
  return set(to, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  CUDA_ON_HOST_ENTER();
  return set(to, value, bytes, stream);
}

}  // extern "C"
