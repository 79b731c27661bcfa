/// Owners of what the CUDA runtime hands out, and errors as exceptions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda_compat.hpp"
#include "starling/error.hpp"

namespace starling::cuda {

/// Device memory ran out; callers try again with less.
struct OutOfDeviceMemory : RunError {
  using RunError::RunError;
};

/// Throws for every status but success; `doing` ends the sentence "CUDA failed while ...".
inline void check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  const std::string what = std::string("CUDA failed while ") + doing + ": " + cudaGetErrorName(status) +
                           " (" + cudaGetErrorString(status) + ")";
  (void)cudaGetLastError();  // one that can be cleared must not show again in a later call
  if (status == cudaErrorMemoryAllocation) throw OutOfDeviceMemory(what);
  throw RunError(what);
}

/// Memory of the current device, not initialised.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::uint64_t size) { resize(size); }
  ~DeviceBuffer() { release(); }
  DeviceBuffer(DeviceBuffer&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, std::uint64_t{0})) {}
  DeviceBuffer& operator=(DeviceBuffer&& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
    return *this;
  }

  /// Contents are lost when it grows; it never shrinks.
  void resize(std::uint64_t size) {
    if (size <= size_) return;
    release();
    void* p = nullptr;
    check(cudaMalloc(&p, size * sizeof(T)), "allocating device memory");
    data_ = static_cast<T*>(p);
    size_ = size;
  }
  void release() {
    if (data_) (void)cudaFree(data_);
    data_ = nullptr;
    size_ = 0;
  }
  [[nodiscard]] T* get() const { return data_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  T* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Page-locked host memory, which copies overlap with.
template <class T>
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  ~PinnedBuffer() {
    if (data_) (void)cudaFreeHost(data_);
  }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;

  void resize(std::uint64_t size) {
    if (size <= size_) return;
    if (data_) (void)cudaFreeHost(data_);
    data_ = nullptr;
    size_ = 0;
    void* p = nullptr;
    check(cudaMallocHost(&p, size * sizeof(T)), "allocating page-locked host memory");
    data_ = static_cast<T*>(p);
    size_ = size;
  }
  [[nodiscard]] T* get() const { return data_; }
  T& operator[](std::uint64_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Owners declare it after the memory that it copies from and to: it is gone first, and waits, as after a
/// failure copies may be on their way still.
class Stream {
 public:
  Stream() { check(cudaStreamCreate(&stream_), "creating a stream"); }
  ~Stream() {
    (void)cudaStreamSynchronize(stream_);
    (void)cudaStreamDestroy(stream_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void wait() const { check(cudaStreamSynchronize(stream_), "running kernels"); }
  [[nodiscard]] cudaStream_t get() const { return stream_; }

  template <class T>
  void upload(T* to, const T* from, std::uint64_t count) const {
    if (count > 0)
      check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyHostToDevice, stream_),
            "copying to the device");
  }
  template <class T>
  void download(T* to, const T* from, std::uint64_t count) const {
    if (count > 0)
      check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToHost, stream_),
            "copying from the device");
  }

 private:
  cudaStream_t stream_{};
};

/// Work of a stream that is started again and again by one call.
class Graph {
 public:
  Graph() = default;
  ~Graph() { release(); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  [[nodiscard]] bool empty() const { return exec_ == nullptr; }
  /// Keeps what `work` puts on the stream; nothing of it is done yet. Kernels and copies take the addresses
  /// and values that they are given now.
  template <class Work>
  void record(const Stream& stream, const Work& work) {
    release();
    cudaGraph_t graph{};
    check(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "beginning a graph");
    try {
      work();
    } catch (...) {
      if (cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess) (void)cudaGraphDestroy(graph);
      (void)cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream.get(), &graph), "ending a graph");
    const cudaError_t status = cudaGraphInstantiate(&exec_, graph, 0);
    (void)cudaGraphDestroy(graph);
    check(status, "making a graph");
  }
  void start(const Stream& stream) const { check(cudaGraphLaunch(exec_, stream.get()), "starting a graph"); }

 private:
  void release() {
    if (exec_) (void)cudaGraphExecDestroy(exec_);
    exec_ = nullptr;
  }
  cudaGraphExec_t exec_ = nullptr;
};

}  // namespace starling::cuda
