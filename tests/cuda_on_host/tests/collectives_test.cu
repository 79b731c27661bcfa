// Warps and blocks: shuffles, votes, barriers, what is reported when a kernel breaks their rules, and the
// order of execution. Expectations are CUDA's definitions, written as loops over lanes.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "testing.hpp"

namespace cuda_on_host {
namespace {

using Collectives = CudaTest;

struct Shuffled {
  int indexed, up, down, exclusive_or, across;
  double wide;
};

__global__ void shuffle_kernel(Shuffled* out) {
  const int lane = static_cast<int>(threadIdx.x % 32), value = 100 + lane;
  Shuffled s;
  s.indexed = __shfl_sync(0xffffffffu, value, lane + 3, 8);
  s.up = __shfl_up_sync(0xffffffffu, value, 2, 16);
  s.down = __shfl_down_sync(0xffffffffu, value, 5, 8);
  s.exclusive_or = __shfl_xor_sync(0xffffffffu, value, 5, 8);
  s.across = __shfl_xor_sync(0xffffffffu, value, 8, 8);
  s.wide = __shfl_down_sync(0xffffffffu, 0.25 + lane, 1);
  out[threadIdx.x] = s;
}

TEST_F(Collectives, ShufflesStayInTheirSegments) {
  for (const Order order : kOrders) {
    options.order = order;
    const auto out = run_kernel(shuffle_kernel, 64, dim3(1), dim3(64), nullptr);
    for (int t = 0; t < 64; ++t) {
      const int lane = t % 32, segment8 = lane / 8 * 8, segment16 = lane / 16 * 16;
      const Shuffled& s = out[static_cast<std::size_t>(t)];
      EXPECT_EQ(s.indexed, 100 + segment8 + (lane + 3) % 8);
      EXPECT_EQ(s.up, 100 + (lane - 2 >= segment16 ? lane - 2 : lane));
      EXPECT_EQ(s.down, 100 + (lane + 5 < segment8 + 8 ? lane + 5 : lane));
      EXPECT_EQ(s.exclusive_or, 100 + (lane ^ 5));
      EXPECT_EQ(s.across,
                100 + (lane / 8 % 2 == 1 ? lane - 8 : lane));  // only downwards does it leave its segment
      EXPECT_EQ(s.wide, 0.25 + (lane < 31 ? lane + 1 : lane));
    }
  }
}

struct Votes {
  unsigned ballot, any, all, none, match, match_all, no_match;
  int all_same, not_same;
};

__global__ void vote_kernel(Votes* out) {
  const unsigned lane = threadIdx.x % 32;
  if (lane >= 20) return;
  const unsigned mask = lane < 8 ? 0x000000ffu : 0x000fff00u;  // two groups vote apart
  Votes v;
  v.ballot = __ballot_sync(mask, lane % 3 == 0);
  v.any = static_cast<unsigned>(__any_sync(mask, lane == 3));
  v.all = static_cast<unsigned>(__all_sync(mask, lane >= 8));
  v.none = __ballot_sync(mask, 0);
  v.match = __match_any_sync(mask, lane / 4);
  v.match_all = __match_all_sync(mask, 7.5, &v.all_same);
  v.no_match = __match_all_sync(mask, lane, &v.not_same);
  out[threadIdx.x] = v;
}

TEST_F(Collectives, VotesCountTheLanesOfTheirMask) {
  for (const Order order : kOrders) {
    options.order = order;
    const auto out = run_kernel(vote_kernel, 20, dim3(1), dim3(32), nullptr);
    for (unsigned lane = 0; lane < 20; ++lane) {
      const unsigned begin = lane < 8 ? 0 : 8, end = lane < 8 ? 8 : 20;
      unsigned ballot = 0, group = 0;
      for (unsigned l = begin; l < end; ++l) {
        if (l % 3 == 0) ballot |= 1u << l;
        group |= 1u << l;
      }
      const Votes& v = out[lane];
      EXPECT_EQ(v.ballot, ballot);
      EXPECT_EQ(v.any, lane < 8 ? 1u : 0u);
      EXPECT_EQ(v.all, lane < 8 ? 0u : 1u);
      EXPECT_EQ(v.none, 0u);
      EXPECT_EQ(v.match, 0xfu << (lane / 4 * 4));
      EXPECT_EQ(v.match_all, group);
      EXPECT_EQ(v.all_same, 1);
      EXPECT_EQ(v.no_match, 0u);
      EXPECT_EQ(v.not_same, 0);
    }
  }
}

__global__ void block_vote_kernel(int* out) {
  const int t = static_cast<int>(threadIdx.x + blockDim.x * threadIdx.y);
  const int count = __syncthreads_count(t % 5 == 0);
  const int one = __syncthreads_or(t == 77), none = __syncthreads_or(0);
  const int every = __syncthreads_and(t >= 0), not_every = __syncthreads_and(t != 3);
  out[t] = count + 1000 * one + 2000 * none + 4000 * every + 8000 * not_every;
}

TEST_F(Collectives, BarriersCountPredicates) {
  for (const Order order : kOrders) {
    options.order = order;
    const auto out = run_kernel(block_vote_kernel, 96, dim3(1), dim3(48, 2), nullptr);
    for (const int v : out) EXPECT_EQ(v, 20 + 1000 + 4000);
  }
}

__global__ void exchange_kernel(int* out,
                                int rounds) {  // each thread reads its neighbour's value, again and again
  __shared__ int place[128];
  int value = static_cast<int>(threadIdx.x);
  for (int r = 0; r < rounds; ++r) {
    place[threadIdx.x] = value;
    __syncthreads();
    value = place[(threadIdx.x + 1) % blockDim.x] + 1;
    __syncthreads();
  }
  out[threadIdx.x] = value;
}

TEST_F(Collectives, BarriersOrderSharedMemory) {
  for (const Order order : kOrders) {
    options.order = order;
    const auto out = run_kernel(exchange_kernel, 100, dim3(1), dim3(100), nullptr, 9);
    for (int t = 0; t < 100; ++t) EXPECT_EQ(out[static_cast<std::size_t>(t)], (t + 9) % 100 + 9);
  }
}

__global__ void absent_lane_kernel(float* out) {
  if (threadIdx.x >= 8) return;
  out[threadIdx.x] = __shfl_sync(0x000000ffu, 1.0f, static_cast<int>(threadIdx.x) * 2);
}

TEST_F(Collectives, ShuffleFromAnAbsentLaneIsNaN) {
  const auto out = run_kernel(absent_lane_kernel, 8, dim3(1), dim3(32), nullptr);
  for (std::size_t t = 0; t < 8; ++t) EXPECT_EQ(std::isnan(out[t]), t >= 4) << t;
}

__global__ void unwritten_shared_kernel(float* out) {
  __shared__ float fixed[4];
  DYNAMIC_SHARED(float, dynamic);
  volatile float *f = fixed, *d = dynamic;  // else nvcc need not read what was never written
  out[2 * blockIdx.x] = f[1];
  out[2 * blockIdx.x + 1] = d[1];
  f[1] = 3.0f;
  d[1] = 3.0f;
}

TEST_F(Collectives, SharedMemoryStartsAsNaNInEveryBlock) {
  float* out = nullptr;
  ASSERT_EQ(cudaMalloc(&out, 6 * sizeof(float)), cudaSuccess);
  ASSERT_EQ(starling::cuda::launch(unwritten_shared_kernel, dim3(3), dim3(1), 16, nullptr, out), cudaSuccess);
  float host[6] = {};
  ASSERT_EQ(cudaMemcpy(host, out, sizeof host, cudaMemcpyDeviceToHost), cudaSuccess) << last_message();
  for (const float v : host) EXPECT_TRUE(std::isnan(v));
}

// ---- rules that are broken

__global__ void two_barriers_kernel(int* out) {
  if (threadIdx.x < 16) {
    __syncthreads();
    if (threadIdx.x == 0) out[0] = 1;
  } else {
    __syncthreads();
    if (threadIdx.x == 16) out[1] = 1;
  }
}

__global__ void half_a_warp_kernel(unsigned* out) {
  if (threadIdx.x < 16) {
    out[0] = __ballot_sync(0xffffffffu, 1);
  } else {
    __syncthreads();
  }
}

__global__ void foreign_mask_kernel(unsigned* out) {
  out[threadIdx.x] = __ballot_sync(0x0000ffffu, 1);
}

__global__ void two_collectives_kernel(unsigned* out) {
  if (threadIdx.x % 2 == 0) {
    out[threadIdx.x] = __ballot_sync(0xffffffffu, 1);
  } else {
    out[threadIdx.x] = __shfl_sync(0xffffffffu, threadIdx.x, 0);
  }
}

template <class T>
std::string message_of(void (*kernel)(T*), unsigned threads) {
  cudaError_t error = cudaSuccess;
  run_kernel(kernel, threads, dim3(1), dim3(threads), &error);
  EXPECT_EQ(error, cudaErrorLaunchFailure);
  return last_message();
}

TEST_F(Collectives, BarrierAtTwoPlacesIsReported) {
  const std::string message = message_of(two_barriers_kernel, 32);
  EXPECT_TRUE(contains(message, "barrier at collectives_test.cu:")) << message;
  EXPECT_TRUE(contains(message, "waits at another one, collectives_test.cu:")) << message;
  reset();
  options.check_divergence = false;  // the hardware would let it pass
  EXPECT_EQ(run_kernel(two_barriers_kernel, 2, dim3(1), dim3(32), nullptr), (std::vector<int>{1, 1}));
}

TEST_F(Collectives, DeadlockSaysWhoWaitsForWhat) {
  const std::string message = message_of(half_a_warp_kernel, 32);
  EXPECT_TRUE(
      contains(message, "deadlock in block (0,0,0): 16 threads wait at the barrier at collectives_test.cu:"))
      << message;
  EXPECT_TRUE(contains(message, "16 wait in a warp collective, the first is thread (0,0,0)")) << message;
  EXPECT_TRUE(contains(message, "with mask ffffffff")) << message;
}

TEST_F(Collectives, LaneOutsideItsMaskIsReported) {
  const std::string message = message_of(foreign_mask_kernel, 32);
  EXPECT_TRUE(contains(message, "(lane 16) is not in its own mask 0000ffff")) << message;
}

TEST_F(Collectives, DifferentCollectivesThatMeetAreReported) {
  const std::string message = message_of(two_collectives_kernel, 32);
  EXPECT_TRUE(contains(message, "meets another one at collectives_test.cu:")) << message;
}

// ---- the order of execution

__global__ void arrival_kernel(unsigned* out, unsigned* counter) {
  out[atomicAdd(counter, 1u)] = blockIdx.x * blockDim.x + threadIdx.x;
}

std::vector<unsigned> arrivals() {
  unsigned* counter = nullptr;
  EXPECT_EQ(cudaMalloc(&counter, sizeof *counter), cudaSuccess);
  EXPECT_EQ(cudaMemset(counter, 0, sizeof *counter), cudaSuccess);
  return run_kernel(arrival_kernel, 3 * 70, dim3(3), dim3(70), nullptr, counter);
}

TEST_F(Collectives, OrderIsForwardReverseOrShuffled) {
  std::vector<unsigned> forward(3 * 70);
  std::iota(forward.begin(), forward.end(), 0u);
  EXPECT_EQ(arrivals(), forward);

  options.order = Order::reverse;
  EXPECT_EQ(arrivals(), std::vector<unsigned>(forward.rbegin(), forward.rend()));

  options.order = Order::shuffled;
  const auto first = arrivals(), again = arrivals();
  EXPECT_EQ(first, again);
  EXPECT_NE(first, forward);
  options.seed = 2;
  EXPECT_NE(arrivals(), first);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), forward.begin()));
}

}  // namespace
}  // namespace cuda_on_host
