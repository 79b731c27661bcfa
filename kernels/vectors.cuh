/// The CUDA kernels of several latents per object. Work is mapped to threads as in kernels.cuh: a thread has
/// one walker, and takes the objects of a strip one after the other.
#pragma once

#include "formulas/vector_latents.hpp"
#include "kernels/kernels.cuh"

namespace starling::cuda {

/// The sum of a number over the walkers of a group, in the order of fold_group; for the group's first walker.
__device__ inline float fold_warp(float value) {
  for (unsigned half = kGroup / 2; half > 0; half /= 2) value += __shfl_down_sync(~0u, value, half);
  return value;
}

template <class Latent>
constexpr std::size_t vector_shared_bytes() {
  return BlockSums<kVectorSums * kGroup>::kSharedBytes;
}

/// One sweep of the latents of `objects`; sums as those of likelihood_kernel.
template <class Latent>
__global__ void __launch_bounds__(kThreads)
    vector_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentStep step,
                  std::uint64_t tiles_per_block, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t group = blockIdx.y, chain = group * kGroup + threadIdx.x, stride = walkers.stride;
  const auto d = static_cast<std::uint64_t>(latents_of<typename Latent::Population>(objects));
  const std::uint64_t each = scales_per_object<Latent>(objects);
  const bool real = chain < latents.chains, kept = step.collect != LatentStep::Collect::drawn;
  const auto c = load_coefficients<float, Latent::coefficients>(walkers);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  BlockSums<kVectorSums * kGroup> sums;
  for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const StripRange range = strip_of(tile, objects.size);
    Coefficients<float, kVectorSums> strip{};
    for (std::uint64_t i = range.begin; i < range.end; ++i) {
      float* const at = kept ? latents.mu + i * d * stride + chain : nullptr;
      float mu[Latent::most], collected[Latent::collected] = {};
      for (std::uint64_t j = 0; j < d; ++j) mu[j] = kept ? at[j * stride] : 0.0f;
      const int count = update_vector<Latent, float>(c, step, objects, i, latents.scale,
                                                     static_cast<std::uint32_t>(chain), mu, strip, collected);
      for (std::uint64_t j = 0; kept && j < d; ++j) at[j * stride] = mu[j];
      for (int j = 0; j < count; ++j) {
        const float value = real ? collected[j] : 0.0f, sum = fold_warp(value);
        if (step.collect == LatentStep::Collect::accepted) {
          const std::uint64_t n = objects.size * each, place = i * each + static_cast<unsigned>(j);
          if (threadIdx.x == 0) latents.accepted[group * n + place] = sum;
        } else {
          const float squares = fold_warp(value * value);
          const std::uint64_t n = objects.size * d, place = i * d + static_cast<unsigned>(j);
          if (threadIdx.x == 0) {
            latents.moments[2 * group * n + place] += static_cast<double>(sum);
            latents.moments[(2 * group + 1) * n + place] += static_cast<double>(squares);
          }
        }
      }
    }
    if (step.sums()) sums.add_tile(strip, shared);
    __syncthreads();
  }
  if (step.sums()) sums.store(out, walkers.stride, kGroup);
}

/// Sums over the latents as they are.
template <class Latent>
__global__ void __launch_bounds__(kThreads)
    vector_sum_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentSum what,
                      std::uint64_t tiles_per_block, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x, stride = walkers.stride;
  const auto c = load_coefficients<float, Latent::coefficients>(walkers);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  const auto d = static_cast<std::uint64_t>(latents_of<typename Latent::Population>(objects));
  BlockSums<kGroup> sums;
  for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const StripRange range = strip_of(tile, objects.size);
    Coefficients<float, 1> strip{};
    for (std::uint64_t i = range.begin; i < range.end; ++i) {
      float mu[Latent::most];
      for (std::uint64_t j = 0; j < d; ++j) mu[j] = latents.mu[(i * d + j) * stride + chain];
      strip[0] += vector_sum<Latent, float>(what, c, objects, i, mu);
    }
    sums.add_tile(strip, shared + (tile % 2) * (BlockSums<kGroup>::kSharedBytes / sizeof(double)));
  }
  sums.store(out, walkers.stride, kGroup);
}

/// Adapts the proposals of every object from what the groups of walkers say, [group][object][number].
template <class Real>
__global__ void adapt_factors_kernel(Real* factors, const Real* says, std::uint64_t objects, int latents,
                                     std::uint64_t groups, Real gain, Real trials) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= objects) return;
  const auto each = static_cast<std::uint64_t>(triangle(latents));
  Real total[triangle(kMostLatents)];
  for (std::uint64_t k = 0; k < each; ++k) {
    total[k] = 0;
    for (std::uint64_t g = 0; g < groups; ++g) total[k] += says[(g * objects + i) * each + k];
  }
  adapt_factor(factors + i * each, latents, total, trials, gain);
}

}  // namespace starling::cuda
