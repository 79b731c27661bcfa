/// The CUDA kernels: how work is mapped to threads, and how sums are reduced. What is computed is in
/// src/formulas/.
///
/// A block is a tile of objects for a group of walkers: threadIdx.x is the walker in the group, so that a
/// warp works on one object for 32 walkers, threadIdx.y the strip of the tile.
#pragma once

#include "formulas/latents.hpp"
#include "formulas/layout.hpp"
#include "formulas/terms.hpp"
#include "kernels/cuda_compat.hpp"
#include "starling/sum.hpp"

namespace starling::cuda {

inline constexpr unsigned kThreads = kGroup * kStripsPerTile;

/// Coefficients of the walkers, [coefficient][padded walker].
struct WalkerView {
  const float* table;
  std::uint64_t stride;
};

template <int N>
__device__ Coefficients<float, N> load_coefficients(const WalkerView& walkers, std::uint64_t walker) {
  Coefficients<float, N> c;
  for (int j = 0; j < N; ++j) c[j] = walkers.table[static_cast<std::uint64_t>(j) * walkers.stride + walker];
  return c;
}

/// The strip of this thread, empty past the last object.
struct StripRange {
  std::uint64_t begin, end;
};
__device__ inline StripRange strip_of(std::uint64_t tile, std::uint64_t objects) {
  const std::uint64_t begin = tile * kTile + threadIdx.y * kStrip, end = begin + kStrip;
  return {begin < objects ? begin : objects, end < objects ? end : objects};
}

/// Adds the strips of a tile in order, in double, and writes the tile's sums in fixed point:
/// out[output][walker][tile]. `shared` holds 8 strips x outputs x 32 doubles. All threads of the block must
/// come here.
template <int kOutputs>
__device__ void reduce_tile(const Coefficients<float, kOutputs>& strip, double* shared, FixedSum* out,
                            std::uint64_t padded_walkers, std::uint64_t tiles) {
  for (int j = 0; j < kOutputs; ++j)
    shared[(threadIdx.y * static_cast<unsigned>(kOutputs) + static_cast<unsigned>(j)) * kGroup +
           threadIdx.x] = static_cast<double>(strip[j]);
  __syncthreads();
  for (unsigned j = threadIdx.y; j < static_cast<unsigned>(kOutputs); j += kStripsPerTile) {
    double sum = 0;
    for (unsigned k = 0; k < kStripsPerTile; ++k)
      sum += shared[(k * static_cast<unsigned>(kOutputs) + j) * kGroup + threadIdx.x];
    const std::uint64_t walker = blockIdx.y * kGroup + threadIdx.x;
    out[(j * padded_walkers + walker) * tiles + blockIdx.x] = FixedSum::of(sum);
  }
}

/// Sums a likelihood term over the tiles [first_tile, first_tile + gridDim.x) of `objects`.
template <class Term>
__global__ void __launch_bounds__(kThreads) likelihood_kernel(ObjectView<float> objects, WalkerView walkers,
                                                              std::uint64_t first_tile, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const auto c = load_coefficients<Term::coefficients>(walkers, blockIdx.y * kGroup + threadIdx.x);
  const StripRange range = strip_of(first_tile + blockIdx.x, objects.size);
  const auto sums = strip_sums<Term, float>(c, objects, range.begin, range.end);
  reduce_tile<Term::outputs>(sums, shared, out, walkers.stride, gridDim.x);
}

/// The arrays of the latents of the objects that are on the device.
struct LatentView {
  float* mu;           ///< [object][padded chain]
  const float* scale;  ///< [object], or null
  double* moments;     ///< [group][sum, squares][object]
  float* accepted;     ///< [group][object], or null
  std::uint64_t chains;
};

/// How latent_strip reaches the latents of one thread's walker. Rows of the collecting table are 33 long, so
/// that columns and rows are read without bank conflicts.
struct LatentAccess {
  float* mu;
  std::uint64_t stride, begin;
  float* collected;
  bool real;  ///< not a walker of the padding

  __device__ float load(std::uint64_t i) const { return mu[i * stride]; }
  __device__ void store(std::uint64_t i, float value) const { mu[i * stride] = value; }
  __device__ void moments(std::uint64_t i, float deviation) const {
    collected[(i - begin) * (kGroup + 1)] = real ? deviation : 0.0f;
  }
  __device__ void accepted(std::uint64_t i, float count) const { moments(i, count); }
};

template <class Latent>
constexpr std::size_t latent_shared_bytes() {
  const std::size_t table = kStripsPerTile * kStrip * (kGroup + 1) * sizeof(float);
  const std::size_t sums =
      kStripsPerTile * static_cast<std::size_t>(latent_sums<Latent>()) * kGroup * sizeof(double);
  return table > sums ? table : sums;
}

/// One sweep of the latents in the tiles [first_tile, first_tile + gridDim.x) of `objects`.
template <class Latent>
__global__ void __launch_bounds__(kThreads)
    latent_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentStep step,
                  std::uint64_t first_tile, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x;
  const auto c = load_coefficients<Latent::coefficients>(walkers, chain);
  const StripRange range = strip_of(first_tile + blockIdx.x, objects.size);
  float* table = reinterpret_cast<float*>(shared) + threadIdx.y * kStrip * (kGroup + 1);
  LatentAccess access{latents.mu + chain, walkers.stride, range.begin, table + threadIdx.x,
                      chain < latents.chains};
  const auto sums = latent_strip<Latent, float>(
      c, step, objects, latents.scale, static_cast<std::uint32_t>(chain), range.begin, range.end, access);
  if (step.collect != LatentStep::Collect::nothing) {
    __syncwarp();
    const std::uint64_t i = range.begin + threadIdx.x;  // one object per thread now
    if (i < range.end) {
      float* row = table + threadIdx.x * (kGroup + 1);
      const std::uint64_t group = blockIdx.y, n = objects.size;
      if (step.collect == LatentStep::Collect::accepted) {
        latents.accepted[group * n + i] = fold_group(row, 1);
      } else {
        latents.moments[2 * group * n + i] += static_cast<double>(fold_group(row, 1));
        for (unsigned l = 0; l < kGroup; ++l) row[l] = row[l] * row[l];
        latents.moments[(2 * group + 1) * n + i] += static_cast<double>(fold_group(row, 1));
      }
    }
  }
  if (step.updates == 0) return;  // the same for all threads
  __syncthreads();                // the sums use the table's memory
  reduce_tile<latent_sums<Latent>()>(sums, shared, out, walkers.stride, gridDim.x);
}

/// Sums over the latents as they are in the tiles [first_tile, first_tile + gridDim.x).
template <class Latent>
__global__ void __launch_bounds__(kThreads)
    latent_sum_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentSum what,
                      std::uint64_t first_tile, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x;
  const auto c = load_coefficients<Latent::coefficients>(walkers, chain);
  const StripRange range = strip_of(first_tile + blockIdx.x, objects.size);
  const LatentAccess access{latents.mu + chain, walkers.stride, range.begin, nullptr, true};
  const auto sums = latent_sum_strip<Latent, float>(what, c, objects, range.begin, range.end, access);
  reduce_tile<1>(sums, shared, out, walkers.stride, gridDim.x);
}

/// Adapts the proposal scale of every object from its counts of accepted updates, [group][object].
template <class Real>
__global__ void adapt_kernel(Real* scale, const Real* accepted, std::uint64_t objects, std::uint64_t groups,
                             Real gain, Real trials) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= objects) return;
  Real sum = 0;
  for (std::uint64_t g = 0; g < groups; ++g) sum += accepted[g * objects + i];
  scale[i] = adapted_scale(scale[i], sum, trials, gain);
}

}  // namespace starling::cuda
