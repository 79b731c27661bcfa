// The GPU's probes, on the CUDA runtime like the backend itself.
#include <chrono>
#include <map>

#include "kernels/device_memory.hpp"
#include "probes.hpp"
#include "starling/random.hpp"

namespace starling::bench::cuda {
namespace {

using starling::cuda::check;
using starling::cuda::DeviceBuffer;
using starling::cuda::launch;
using starling::cuda::Stream;

constexpr unsigned kThreads = 256;
constexpr int kChains = 8, kRounds = 4096;

struct FmaStep {
  float factor, term;
  __device__ float operator()(float a) const { return __fmaf_rn(a, factor, term); }
};
struct DivisionStep {
  float numerator;
  __device__ float operator()(float a) const { return __fdiv_rn(numerator, a); }
};

template <class Step>
__global__ void chain_kernel(float* out, Step step) {
  float a[kChains];
  for (int j = 0; j < kChains; ++j) a[j] = static_cast<float>(threadIdx.x + static_cast<unsigned>(j) + 1);
  for (int r = 0; r < kRounds; ++r)
#pragma unroll
    for (int j = 0; j < kChains; ++j) a[j] = step(a[j]);
  float sum = 0;
  for (int j = 0; j < kChains; ++j) sum += a[j];
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

__global__ void read_kernel(const float4* in, std::uint64_t count, float* out) {
  const std::uint64_t thread = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  float sum = 0;
  for (std::uint64_t i = thread; i < count; i += std::uint64_t{gridDim.x} * blockDim.x) {
    const float4 v = in[i];
    sum += v.x + v.y + v.z + v.w;
  }
  out[thread] = sum;
}

constexpr std::uint32_t kBlocksPerThread = 64;

__global__ void philox_kernel(std::uint32_t* out) {
  const std::uint32_t thread = blockIdx.x * blockDim.x + threadIdx.x;
  std::uint32_t fold = 0;
  for (std::uint32_t b = 0; b < kBlocksPerThread; ++b) {
    const auto r = philox4x32(Words<std::uint32_t>{{b, 1, thread, 2}}, 12345);
    fold ^= r.w[0] ^ r.w[1] ^ r.w[2] ^ r.w[3];
  }
  out[thread] = fold;
}

/// The shortest of several runs of `work`, in seconds; the first is not counted.
template <class Work>
double shortest(const Stream& stream, Work work) {
  double best = 1e9;
  for (int k = 0; k < 10; ++k) {
    const auto start = std::chrono::steady_clock::now();
    work();
    stream.wait();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (k > 0 && seconds < best) best = seconds;
  }
  return best;
}

}  // namespace

Limits measure_limits(int device) {
  check(cudaSetDevice(device), "choosing the device");
  int processors = 0;
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "asking for processors");
  const unsigned blocks = 8 * static_cast<unsigned>(processors);
  const Stream stream;
  const DeviceBuffer<float> out(std::uint64_t{64} * blocks * kThreads);
  const auto rate = [&](auto step) {
    const double seconds = shortest(stream, [&] {
      check(launch(chain_kernel<decltype(step)>, dim3(64 * blocks), dim3(kThreads), 0, stream.get(),
                   out.get(), step),
            "starting the probe of arithmetic");
    });
    return 64.0 * blocks * kThreads * kChains * kRounds / seconds;
  };
  Limits limits;
  limits.fma_per_second = rate(FmaStep{0.9999f, 1e-3f});
  limits.divisions_per_second = rate(DivisionStep{2.0f});

  const std::uint64_t count = std::uint64_t{1} << 26;  // 1 GiB: no cache holds it
  const DeviceBuffer<float4> memory(count);
  check(cudaMemsetAsync(memory.get(), 0, count * sizeof(float4), stream.get()), "clearing memory");
  const double read_seconds = shortest(stream, [&] {
    check(launch(read_kernel, dim3(4 * blocks), dim3(kThreads), 0, stream.get(), memory.get(), count,
                 out.get()),
          "starting the probe of memory");
  });
  limits.read_bytes_per_second = static_cast<double>(count * sizeof(float4)) / read_seconds;
  return limits;
}

std::uint64_t philox_words(std::uint64_t words, int device, std::uint32_t& fold) {
  check(cudaSetDevice(device), "choosing the device");
  const std::uint64_t per_block = std::uint64_t{4} * kBlocksPerThread * kThreads;
  const auto blocks = static_cast<unsigned>((words + per_block - 1) / per_block);
  static std::map<int, DeviceBuffer<std::uint32_t>> kept;  // allocation is not what is measured
  auto& out = kept[device];
  out.resize(std::uint64_t{blocks} * kThreads);
  const Stream stream;
  check(launch(philox_kernel, dim3(blocks), dim3(kThreads), 0, stream.get(), out.get()), "starting Philox");
  stream.download(&fold, out.get(), 1);
  stream.wait();
  return blocks * per_block;
}

}  // namespace starling::bench::cuda
