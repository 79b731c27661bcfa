// What kernels and backends use of cuRAND, CUB and Thrust: the stand-ins give what the libraries give.
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>

#include "testing.hpp"

#define QUALIFIERS static __forceinline__ __host__ __device__
#include <curand_philox4x32_x.h>

#include "starling/random.hpp"

#ifdef __CUDACC__
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include <cub/block/block_reduce.cuh>
#endif
#include <cub/device/device_segmented_reduce.cuh>

namespace cuda_on_host {
namespace {

using Libraries = CudaTest;

// ---- cuRAND

__global__ void philox_kernel(uint4* out, uint4 counter, uint2 key) {
  counter.x += threadIdx.x;
  out[threadIdx.x] = curand_Philox4x32_10(counter, key);
}

TEST_F(Libraries, PhiloxGivesTheKnownAnswers) {  // Random123's kat_vectors
  struct Known {
    uint4 counter;
    uint2 key;
    std::array<unsigned, 4> words;
  };
  const Known known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
      {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
      {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
       {0xa4093822u, 0x299f31d0u},
       {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
  };
  for (const Known& k : known) {
    const uint4 w = run_kernel(philox_kernel, 1, dim3(1), dim3(1), nullptr, k.counter, k.key)[0];
    EXPECT_EQ((std::array<unsigned, 4>{w.x, w.y, w.z, w.w}), k.words);
  }
}

TEST_F(Libraries, PhiloxOnTheDeviceIsTheHosts) {
  const std::uint64_t seed = 0x0123456789abcdefu;
  const auto words = run_kernel(philox_kernel, 200, dim3(1), dim3(200), nullptr, make_uint4(5, 6, 7, 8),
                                make_uint2(0x89abcdefu, 0x01234567u));
  for (unsigned t = 0; t < 200; ++t) {
    const auto expected = starling::philox4x32(starling::Words<std::uint32_t>{{5 + t, 6, 7, 8}}, seed);
    EXPECT_EQ((std::array<unsigned, 4>{words[t].x, words[t].y, words[t].z, words[t].w}),
              (std::array<unsigned, 4>{expected.w[0], expected.w[1], expected.w[2], expected.w[3]}));
  }
}

// ---- CUB

struct Moments {
  std::uint64_t count, sum;
};
struct Add {
  __host__ __device__ Moments operator()(const Moments& a, const Moments& b) const {
    return {a.count + b.count, a.sum + b.sum};
  }
};

template <class T>
T* upload(const std::vector<T>& values) {
  T* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, values.size() * sizeof(T)), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(pointer, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
            cudaSuccess);
  return pointer;
}

TEST_F(Libraries, SegmentedReduceOfStructs) {
  for (const Order order : kOrders) {
    options.order = order;
    std::vector<Moments> values;
    for (std::uint64_t k = 0; k < 3000; ++k) values.push_back({1, k * k});
    const std::vector<int> offsets = {0, 1, 1, 700, 3000};  // one segment is empty
    Moments *in = upload(values), *out = upload(std::vector<Moments>(4));
    int* begin = upload(offsets);
    std::size_t bytes = 0;
    void* storage = nullptr;
    const auto reduce = [&] {
      return cub::DeviceSegmentedReduce::Reduce(storage, bytes, in, out, 4, begin, begin + 1, Add{},
                                                Moments{10, 0}, nullptr);
    };
    ASSERT_EQ(reduce(), cudaSuccess);
    ASSERT_GT(bytes, 0u);
    ASSERT_EQ(cudaMalloc(&storage, bytes), cudaSuccess);
    ASSERT_EQ(reduce(), cudaSuccess);
    std::vector<Moments> result(4);
    ASSERT_EQ(cudaMemcpy(result.data(), out, 4 * sizeof(Moments), cudaMemcpyDeviceToHost), cudaSuccess)
        << last_message();
    for (std::size_t s = 0; s < 4; ++s) {
      const auto n = static_cast<std::uint64_t>(offsets[s + 1] - offsets[s]);
      std::uint64_t sum = 0;
      for (int k = offsets[s]; k < offsets[s + 1]; ++k)
        sum += static_cast<std::uint64_t>(k) * static_cast<std::uint64_t>(k);
      EXPECT_EQ(result[s].count, 10 + n);
      EXPECT_EQ(result[s].sum, sum);
    }
  }
}

TEST_F(Libraries, SegmentedReduceIsALaunch) {
  double* in = upload(std::vector<double>(8, 1.5));
  double* out = upload(std::vector<double>(1));
  int* begin = upload(std::vector<int>{0, 8});
  std::size_t bytes = 0;
  ASSERT_EQ(cub::DeviceSegmentedReduce::Sum(nullptr, bytes, in, out, 1, begin, begin + 1), cudaSuccess);
  char* storage = upload(std::vector<char>(bytes));
  plant({.function = "launch", .nth = 1, .error = cudaErrorLaunchFailure});
  EXPECT_EQ(cub::DeviceSegmentedReduce::Sum(storage, bytes, in, out, 1, begin, begin + 1),
            cudaErrorLaunchFailure);
  EXPECT_EQ(cub::DeviceSegmentedReduce::Sum(storage, bytes, in, out, 1, begin, begin + 1), cudaSuccess);
  double result = 0;
  ASSERT_EQ(cudaMemcpy(&result, out, sizeof result, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(result, 12.0);
}

#ifdef __CUDACC__

__global__ void block_reduce_kernel(double* out) {
  using BlockReduce = cub::BlockReduce<double, 192>;
  __shared__ typename BlockReduce::TempStorage storage;
  const double first = BlockReduce(storage).Sum(static_cast<double>(threadIdx.x * threadIdx.x));
  __syncthreads();
  const double last = BlockReduce(storage).Reduce(static_cast<double>(threadIdx.x % 100),
                                                  [](double a, double b) { return a > b ? a : b; });
  if (threadIdx.x == 0) {
    out[0] = first;
    out[1] = last;
  }
}

TEST_F(Libraries, CubBlockReduce) {
  for (const Order order : kOrders) {
    options.order = order;
    const auto out = run_kernel(block_reduce_kernel, 2, dim3(1), dim3(192), nullptr);
    EXPECT_EQ(out[0], 191.0 * 192 * 383 / 6);
    EXPECT_EQ(out[1], 99.0);
  }
}

struct Half {
  __host__ __device__ double operator()(int k) const { return 0.5 * k; }
};

TEST_F(Libraries, ThrustTransformReduce) {
  for (const Order order : {Order::forward, Order::shuffled}) {
    options.order = order;
    const auto begin = thrust::counting_iterator<int>(1);
    const double sum =
        thrust::transform_reduce(thrust::device, begin, begin + 5000, Half{}, 0.0, thrust::plus<double>());
    EXPECT_EQ(sum, 0.5 * 5000 * 5001 / 2);
  }
}

#endif

}  // namespace
}  // namespace cuda_on_host
