/// The CUDA kernels: how work is mapped to threads, and how sums are reduced. What is computed is in
/// src/formulas/.
///
/// A block takes a run of tiles, one after the other, for a group of walkers: threadIdx.x is the walker in
/// the group, so that a warp works on one object for 32 walkers (or for 64, two in each thread), threadIdx.y
/// the strip of the tile.
#pragma once

#include "backends/two_of.hpp"
#include "formulas/latents.hpp"
#include "formulas/layout.hpp"
#include "formulas/terms.hpp"
#include "kernels/cuda_compat.hpp"
#include "starling/sum.hpp"

namespace starling::cuda {

inline constexpr unsigned kThreads = kGroup * kStripsPerTile;

/// The real type of the likelihoods: of one walker per thread, or of two.
using TwoWalkers = TwoOf<float>;
template <class Term>
inline constexpr unsigned kWalkersPerThread = kTakesTwo<Term> ? 2 : 1;

/// Walkers of a block.
template <class Term>
inline constexpr unsigned kBlockWalkers = kGroup* kWalkersPerThread<Term>;

/// Coefficients of the walkers, [coefficient][padded walker].
struct WalkerView {
  const float* table;
  std::uint64_t stride;
};

/// Those of this thread: its walker in the block, and for two the one 32 further.
template <class R, int N>
__device__ Coefficients<R, N> load_coefficients(const WalkerView& walkers) {
  Coefficients<R, N> c;
  for (int j = 0; j < N; ++j) {
    const float* row = walkers.table + static_cast<std::uint64_t>(j) * walkers.stride;
    if constexpr (std::is_same_v<R, TwoWalkers>)
      c[j] = {row[blockIdx.y * 2 * kGroup + threadIdx.x],
              row[blockIdx.y * 2 * kGroup + kGroup + threadIdx.x]};
    else
      c[j] = row[blockIdx.y * kGroup + threadIdx.x];
  }
  return c;
}

/// The tiles of this block.
struct TileRange {
  std::uint64_t begin, end;
};
__device__ inline TileRange tiles_of_block(std::uint64_t objects, std::uint64_t tiles_per_block) {
  const std::uint64_t begin = blockIdx.x * tiles_per_block, end = begin + tiles_per_block,
                      all = tiles_of(objects);
  return {begin, end < all ? end : all};
}

/// The strip of this thread, empty past the last object.
struct StripRange {
  std::uint64_t begin, end;
};
__device__ inline StripRange strip_of(std::uint64_t tile, std::uint64_t objects) {
  const std::uint64_t begin = tile * kTile + threadIdx.y * kStrip, end = begin + kStrip;
  return {begin < objects ? begin : objects, end < objects ? end : objects};
}

/// Sums of a block, one per output and walker ("row"): each thread adds up every 256th of them over the
/// tiles.
template <unsigned kRows>
struct BlockSums {
  static constexpr unsigned kPerThread = (kRows + kThreads - 1) / kThreads;
  static constexpr std::size_t kSharedBytes = kStripsPerTile * kRows * sizeof(double);
  FixedSum sum[kPerThread];

  /// Adds the strips of a tile in order, in double, and their sums in fixed point. `shared` holds
  /// kSharedBytes. All threads of the block must come here; `shared` may be used again after the next
  /// barrier.
  template <int kOutputs>
  __device__ void add_tile(const Coefficients<float, kOutputs>& strip, double* shared) {
    for (unsigned j = 0; j < static_cast<unsigned>(kOutputs); ++j)
      write(shared, j * kGroup, strip[static_cast<int>(j)]);
    add_strips(shared);
  }
  template <int kOutputs>
  __device__ void add_tile(const Coefficients<TwoWalkers, kOutputs>& strip, double* shared) {
    for (unsigned j = 0; j < static_cast<unsigned>(kOutputs); ++j) {
      write(shared, 2 * j * kGroup, strip[static_cast<int>(j)].a);
      write(shared, (2 * j + 1) * kGroup, strip[static_cast<int>(j)].b);
    }
    add_strips(shared);
  }

  /// out[output][padded walker][block]
  __device__ void store(FixedSum* out, std::uint64_t padded_walkers, unsigned block_walkers) const {
    for (unsigned k = 0; k < kPerThread; ++k) {
      const unsigned row = thread() + k * kThreads;
      if (row >= kRows) return;
      const std::uint64_t walker = blockIdx.y * block_walkers + row % block_walkers;
      out[(row / block_walkers * padded_walkers + walker) * gridDim.x + blockIdx.x] = sum[k];
    }
  }

 private:
  static __device__ unsigned thread() { return threadIdx.y * kGroup + threadIdx.x; }
  static __device__ void write(double* shared, unsigned row, float value) {
    shared[threadIdx.y * kRows + row + threadIdx.x] = static_cast<double>(value);
  }
  __device__ void add_strips(const double* shared) {
    __syncthreads();
    for (unsigned k = 0; k < kPerThread; ++k) {
      const unsigned row = thread() + k * kThreads;
      if (row >= kRows) return;
      double tile = 0;
      for (unsigned strip = 0; strip < kStripsPerTile; ++strip) tile += shared[strip * kRows + row];
      sum[k] += FixedSum::of(tile);
    }
  }
};

/// Terms that do little with each object: their blocks bring a tile's columns to shared memory while they
/// work on the tile before. This many columns; 0: none, objects are read where they are.
template <class Term>
inline constexpr unsigned kStagedColumns = 0;
template <class P>
inline constexpr unsigned kStagedColumns<PointTerm<P>> = HasRatio<P> ? 1 : 2;
template <>
inline constexpr unsigned kStagedColumns<NormalMarginalTerm> = 2;

/// One tile's columns and weights: a thread brings one object.
template <unsigned kColumns>
struct StagedTile {
  float value[kColumns] = {}, weight = 0;

  __device__ void load(const ObjectView<float>& objects, std::uint64_t tile) {
    const std::uint64_t i = tile * kTile + threadIdx.y * kGroup + threadIdx.x;
    if (i >= objects.size) return;
    for (unsigned j = 0; j < kColumns; ++j) value[j] = objects.column[j][i];
    if (objects.weight) weight = objects.weight[i];
  }
  /// `table`: [column, then weight][kTile]. The view of it, which may be used after the next barrier.
  __device__ ObjectView<float> store(const ObjectView<float>& objects, std::uint64_t tile,
                                     float* table) const {
    const unsigned k = threadIdx.y * kGroup + threadIdx.x;
    for (unsigned j = 0; j < kColumns; ++j) table[j * kTile + k] = value[j];
    if (objects.weight) table[kColumns * kTile + k] = weight;
    ObjectView<float> view;
    for (unsigned j = 0; j < kColumns; ++j) view.column[j] = table + j * kTile;
    view.weight = objects.weight ? table + kColumns * kTile : nullptr;
    view.size = objects.size - tile * kTile < kTile ? objects.size - tile * kTile : kTile;
    return view;
  }
};

/// Shared memory of likelihood_kernel: two tables of sums, and two of staged objects.
template <class Term>
constexpr std::size_t likelihood_shared_bytes() {
  const std::size_t staged =
      kStagedColumns<Term> > 0 ? (kStagedColumns<Term> + 1) * kTile * sizeof(float) : 0;
  return 2 * (BlockSums<Term::outputs * kBlockWalkers<Term>>::kSharedBytes + staged);
}

/// Sums a likelihood term over all of `objects`: out[output][padded walker][block].
template <class Term>
__global__ void __launch_bounds__(kThreads, 4)
    likelihood_kernel(ObjectView<float> objects, WalkerView walkers, std::uint64_t tiles_per_block,
                      FixedSum* out) {
  using R = std::conditional_t<kWalkersPerThread<Term> == 2, TwoWalkers, float>;
  using Sums = BlockSums<Term::outputs * kBlockWalkers<Term>>;
  constexpr unsigned kColumns = kStagedColumns<Term>;
  DYNAMIC_SHARED(double, shared);
  const auto c = load_coefficients<R, Term::coefficients>(walkers);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  Sums sums;
  // two tables in turn: a barrier lies between the reading of one and its next use
  const auto sums_of = [&](std::uint64_t tile) {
    return shared + (tile % 2) * (Sums::kSharedBytes / sizeof(double));
  };
  if constexpr (kColumns > 0) {
    float* const staged = reinterpret_cast<float*>(shared + 2 * (Sums::kSharedBytes / sizeof(double)));
    StagedTile<kColumns> next;
    next.load(objects, tiles.begin);
    for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
      const auto view = next.store(objects, tile, staged + (tile % 2) * (kColumns + 1) * kTile);
      __syncthreads();
      if (tile + 1 < tiles.end) next.load(objects, tile + 1);
      const StripRange range = strip_of(0, view.size);
      sums.add_tile(strip_sums<Term, R>(c, view, range.begin, range.end), sums_of(tile));
    }
  } else {
    for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
      const StripRange range = strip_of(tile, objects.size);
      sums.add_tile(strip_sums<Term, R>(c, objects, range.begin, range.end), sums_of(tile));
    }
  }
  sums.store(out, walkers.stride, kBlockWalkers<Term>);
}

/// The same where there are so few objects that blocks as above would leave most of the GPU idle: an object
/// and a walker per thread. threadIdx.x is the object in its strip, blockIdx.y the walker; a block is a tile:
/// out[output][padded walker][tile]. The additions are those of strip_sums and BlockSums, in their order;
/// objects that are joined there are joined here, too.
template <class Term>
__global__ void __launch_bounds__(kThreads, 4)
    few_objects_kernel(ObjectView<float> objects, WalkerView walkers, FixedSum* out) {
  constexpr unsigned kOutputs = Term::outputs, kNumbers = JoinsObjects<Term> ? 2 : kOutputs;
  __shared__ float terms[kNumbers][kStripsPerTile][kStrip];
  Coefficients<float, Term::coefficients> c;
  for (int j = 0; j < Term::coefficients; ++j)
    c[j] = walkers.table[static_cast<std::uint64_t>(j) * walkers.stride + blockIdx.y];
  const std::uint64_t i = blockIdx.x * kTile + threadIdx.y * kStrip + threadIdx.x;
  if (i < objects.size && counts(objects, i)) {
    if constexpr (JoinsObjects<Term>) {
      const auto part = Term::template part<float, float>(c, objects, i);
      terms[0][threadIdx.y][threadIdx.x] = part.less_one;
      terms[1][threadIdx.y][threadIdx.x] = part.rest;
    } else {
      const auto term = Term::template evaluate<float, float>(c, objects, i);
      for (unsigned j = 0; j < kOutputs; ++j) terms[j][threadIdx.y][threadIdx.x] = term[static_cast<int>(j)];
    }
  }
  __syncthreads();
  __shared__ double strips[kOutputs][kStripsPerTile];
  if (threadIdx.x < kOutputs) {
    const float* mine = terms[threadIdx.x][threadIdx.y];
    float sum = 0;
    const StripRange range = strip_of(blockIdx.x, objects.size);
    if constexpr (JoinsObjects<Term>) {
      const float* rest = terms[1][threadIdx.y];
      const auto part_of = [&](std::uint64_t k) {
        return typename Term::template Part<float>{mine[k - range.begin], rest[k - range.begin]};
      };
      if (!objects.weight)
        sum = sum_of_joined<Term, float>(range.begin, range.end, part_of);
      else
        for (std::uint64_t k = range.begin; k < range.end; ++k)
          if (counts(objects, k)) sum = with_term(objects, k, Term::value(part_of(k)), sum);
    } else {
      for (std::uint64_t k = range.begin; k < range.end; ++k)
        if (counts(objects, k)) sum = with_term(objects, k, mine[k - range.begin], sum);
    }
    strips[threadIdx.x][threadIdx.y] = static_cast<double>(sum);
  }
  __syncthreads();
  if (threadIdx.y == 0 && threadIdx.x < kOutputs) {
    double tile = 0;
    for (unsigned k = 0; k < kStripsPerTile; ++k) tile += strips[threadIdx.x][k];
    out[(threadIdx.x * walkers.stride + blockIdx.y) * gridDim.x + blockIdx.x] = FixedSum::of(tile);
  }
}

/// The arrays of the latents of the objects that are on the device.
struct LatentView {
  float* mu;           ///< [object][padded chain]
  const float* scale;  ///< [object], or null
  double* moments;     ///< [group][sum, squares][object]
  float* accepted;     ///< [group][object], or null
  std::uint64_t chains;
};

/// How draw_strip says what one thread's walker drew in its strip, in 32-bit arithmetic. Rows of the
/// collecting table are 33 long, so that columns and rows are read without bank conflicts.
struct CollectingAccess {
  std::uint32_t begin;  ///< of the strip, its lower half
  float* collected;
  std::uint32_t real;  ///< all bits, or none for a walker of the padding

  __device__ CollectingAccess(const LatentView& latents, std::uint64_t chain, std::uint64_t first,
                              float* table)
      : begin(static_cast<std::uint32_t>(first)), collected(table), real(chain < latents.chains ? ~0u : 0u) {}

  __device__ std::uint32_t place(std::uint64_t i) const { return static_cast<std::uint32_t>(i) - begin; }
  __device__ void moments(std::uint64_t i, float deviation) const {
    using O = math::Ops<float>;
    collected[place(i) * (kGroup + 1)] = O::from_bits(O::bits(deviation) & static_cast<O::Int>(real));
  }
};

/// How latent_strip reaches the latents of that walker, too.
struct LatentAccess : CollectingAccess {
  float* mu;             ///< of the strip's first object
  std::uint32_t stride;  ///< from object to object

  __device__ LatentAccess(const LatentView& latents, std::uint64_t chain, std::uint64_t row,
                          std::uint64_t first, float* table)
      : CollectingAccess(latents, chain, first, table),
        mu(latents.mu + first * row + chain),
        stride(static_cast<std::uint32_t>(row)) {}

  __device__ float load(std::uint64_t i) const { return mu[std::uint64_t{place(i)} * stride]; }
  __device__ void store(std::uint64_t i, float value) const { mu[std::uint64_t{place(i)} * stride] = value; }
  __device__ void accepted(std::uint64_t i, float count) const { moments(i, count); }
};

/// Sums what the walkers of a group had to say of the objects of a strip, one object per thread. `table`: the
/// strip's.
inline __device__ void keep_collected(const LatentView& latents, LatentStep::Collect collect,
                                      std::uint64_t objects, const StripRange& range, float* table) {
  __syncwarp();
  const std::uint64_t i = range.begin + threadIdx.x, group = blockIdx.y;
  if (i >= range.end) return;
  float* row = table + threadIdx.x * (kGroup + 1);
  if (collect == LatentStep::Collect::accepted) {
    latents.accepted[group * objects + i] = fold_group(row, 1);
    return;
  }
  latents.moments[2 * group * objects + i] += static_cast<double>(fold_group(row, 1));
  for (unsigned l = 0; l < kGroup; ++l) row[l] = row[l] * row[l];
  latents.moments[(2 * group + 1) * objects + i] += static_cast<double>(fold_group(row, 1));
}

template <class Latent>
using LatentBlockSums = BlockSums<static_cast<unsigned>(latent_sums<Latent>()) * kGroup>;

/// The table of sums lies where the collecting table was.
template <class Latent>
constexpr std::size_t latent_shared_bytes() {
  const std::size_t table = kStripsPerTile * kStrip * (kGroup + 1) * sizeof(float);
  return table > LatentBlockSums<Latent>::kSharedBytes ? table : LatentBlockSums<Latent>::kSharedBytes;
}

/// One sweep of the latents of `objects`; sums as those of likelihood_kernel.
template <class Latent>
__global__ void __launch_bounds__(kThreads, Latent::metropolis ? 2 : 4)
    latent_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentStep step,
                  std::uint64_t tiles_per_block, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x;
  const auto c = load_coefficients<float, Latent::coefficients>(walkers);
  float* table = reinterpret_cast<float*>(shared) + threadIdx.y * kStrip * (kGroup + 1);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  LatentBlockSums<Latent> sums;
  for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const StripRange range = strip_of(tile, objects.size);
    LatentAccess access(latents, chain, walkers.stride, range.begin, table + threadIdx.x);
    const auto strip = latent_strip<Latent, float>(
        c, step, objects, latents.scale, static_cast<std::uint32_t>(chain), range.begin, range.end, access);
    if (step.collect != LatentStep::Collect::nothing)
      keep_collected(latents, step.collect, objects.size, range, table);
    if (step.sums()) {  // the same for all threads
      __syncthreads();  // the sums use the memory of all strips' tables
      sums.add_tile(strip, shared);
    }
    __syncthreads();
  }
  if (step.sums()) sums.store(out, walkers.stride, kGroup);
}

/// Draws that are not kept, Collect::drawn.
template <class Latent>
__global__ void __launch_bounds__(kThreads, 4)
    draw_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentStep step,
                std::uint64_t tiles_per_block) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x;
  const auto c = load_coefficients<float, Latent::coefficients>(walkers);
  float* table = reinterpret_cast<float*>(shared) + threadIdx.y * kStrip * (kGroup + 1);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const StripRange range = strip_of(tile, objects.size);
    const CollectingAccess access(latents, chain, range.begin, table + threadIdx.x);
    draw_strip<Latent, float>(c, step, objects, static_cast<std::uint32_t>(chain), range.begin, range.end,
                              access);
    keep_collected(latents, step.collect, objects.size, range, table);
    __syncwarp();  // a warp has a table of its own
  }
}

/// Sums over the latents as they are.
template <class Latent>
__global__ void __launch_bounds__(kThreads)
    latent_sum_kernel(ObjectView<float> objects, WalkerView walkers, LatentView latents, LatentSum what,
                      std::uint64_t tiles_per_block, FixedSum* out) {
  DYNAMIC_SHARED(double, shared);
  const std::uint64_t chain = blockIdx.y * kGroup + threadIdx.x;
  const auto c = load_coefficients<float, Latent::coefficients>(walkers);
  const TileRange tiles = tiles_of_block(objects.size, tiles_per_block);
  BlockSums<kGroup> sums;
  for (std::uint64_t tile = tiles.begin; tile < tiles.end; ++tile) {
    const StripRange range = strip_of(tile, objects.size);
    const LatentAccess access(latents, chain, walkers.stride, range.begin, nullptr);
    sums.add_tile(latent_sum_strip<Latent, float>(what, c, objects, range.begin, range.end, access),
                  shared + (tile % 2) * (BlockSums<kGroup>::kSharedBytes / sizeof(double)));
  }
  sums.store(out, walkers.stride, kGroup);
}

/// Adds the groups' moments, [group][sum, squares][object], in order: out[sum, squares][object]. A template,
/// as are all kernels that more than one file compiles.
template <class Real>
__global__ void add_moments_kernel(const Real* moments, std::uint64_t objects, std::uint64_t groups,
                                   Real* out) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= 2 * objects) return;
  Real sum = 0;
  for (std::uint64_t g = 0; g < groups; ++g) sum += moments[g * 2 * objects + i];
  out[i] = sum;
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
