/// Kernels as a backend has them, each in a sound form and with one planted error (kBug, 0: none); compiled
/// by a host compiler and by nvcc alike.
///   1 missing barrier                       2 wrong warp mask               3 tail off by one
///   4 shared memory used again too early    5 return before a barrier       6 barrier in an uneven loop
///   7 shared index out of range
#pragma once

#include <cmath>

#include "kernels/cuda_compat.hpp"
#include "starling/random.hpp"

namespace demo {

inline constexpr int kThreads = 128;
inline constexpr unsigned kBins = 64;

struct Theta {
  float mean, sigma;
};
struct Sums {
  double accepted, sum, sum_of_squares;
};

__host__ __device__ inline starling::Words<std::uint32_t> draw(unsigned step, unsigned walker,
                                                               unsigned object) {
  return starling::philox4x32(starling::Words<std::uint32_t>{{step, walker, object, 0u}},
                              0x0123456789abcdefu);
}

/// One Metropolis update of a latent. Made of correctly rounded operations only: the same bits everywhere.
__host__ __device__ inline float update_latent(float x, float mu, Theta t,
                                               starling::Words<std::uint32_t> bits, bool& accepted) {
  float step, unused;
  starling::normal_pair<float>(bits.w[0], bits.w[1], step, unused);
  const float proposal = fmaf(1.7f, step, mu);
  const float a = x - proposal, b = x - mu, c = (proposal - t.mean) / t.sigma, d = (mu - t.mean) / t.sigma;
  const float delta = 0.5f * (fmaf(b, b, -(a * a)) + fmaf(d, d, -(c * c)));
  accepted = starling::math::log(starling::uniform01<float>(bits.w[2])) < delta;
  return accepted ? proposal : mu;
}

template <int kBug>
__device__ double block_sum(double v) {
  __shared__ double part[kThreads / 32];
  constexpr unsigned kMask = kBug == 2 ? 0x0000ffffu : 0xffffffffu;
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (unsigned offset = 16; offset > 0; offset /= 2) v += __shfl_down_sync(kMask, v, offset);
  if (lane == 0) part[warp] = v;
  if constexpr (kBug != 1) __syncthreads();
  if (warp == 0) {
    v = lane < kThreads / 32 ? part[lane] : 0.0;
    for (unsigned offset = 16; offset > 0; offset /= 2) v += __shfl_down_sync(0xffffffffu, v, offset);
  }
  if constexpr (kBug != 4) __syncthreads();  // part is used again by the next call
  return v;
}

/// One block per (tile of objects, walker): updates latents mu[walker][object], sums them per tile.
template <int kBug>
__global__ void __launch_bounds__(kThreads)
    update_kernel(const float* __restrict__ x, float* __restrict__ mu, const Theta* __restrict__ theta,
                  unsigned n, unsigned tile, unsigned step, Sums* __restrict__ partial) {
  const unsigned walker = blockIdx.y, begin = blockIdx.x * tile;
  const unsigned end = begin + tile < n ? begin + tile : n + (kBug == 3 ? 1 : 0);
  const Theta t = theta[walker];
  double count = 0, sum = 0, squares = 0;
  if constexpr (kBug == 5) {
    if (begin + threadIdx.x >= end) return;
  }
  for (unsigned i = begin + threadIdx.x; i < end; i += kThreads) {
    bool accepted;
    const float m = update_latent(__ldg(x + i), mu[walker * n + i], t, draw(step, walker, i), accepted);
    mu[walker * n + i] = m;
    count += accepted;
    sum += m;
    squares += static_cast<double>(m) * m;
    if constexpr (kBug == 6) __syncthreads();
  }
  count = block_sum<kBug>(count);
  sum = block_sum<kBug>(sum);
  squares = block_sum<kBug>(squares);
  if (threadIdx.x == 0) partial[walker * gridDim.x + blockIdx.x] = {count, sum, squares};
}

/// Dynamic shared memory, atomics on shared and global memory, a vote: a histogram of [low, low + kBins /
/// scale).
template <int kBug>
__global__ void histogram_kernel(const float* mu, unsigned n, float low, float scale, unsigned* bins,
                                 unsigned* inside) {
  DYNAMIC_SHARED(unsigned, local);
  for (unsigned b = threadIdx.x; b < kBins; b += blockDim.x) local[b] = 0;
  __syncthreads();
  for (unsigned first = blockIdx.x * blockDim.x; first < n; first += gridDim.x * blockDim.x) {  // whole warps
    const unsigned i = first + threadIdx.x;
    const float f = i < n ? (mu[i] - low) * scale : -1.0f;
    const bool in = f >= 0 && f < static_cast<float>(kBins);
    if (kBug == 7 ? i < n : in) atomicAdd(&local[static_cast<int>(f)], 1u);
    const unsigned vote = __ballot_sync(0xffffffffu, in);
    if (threadIdx.x % 32 == 0) atomicAdd(inside, static_cast<unsigned>(__popc(vote)));
  }
  __syncthreads();
  for (unsigned b = threadIdx.x; b < kBins; b += blockDim.x) {
    if (local[b] != 0) atomicAdd(&bins[b], local[b]);
  }
}

}  // namespace demo
