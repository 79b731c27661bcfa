/// The CPU backend: OpenMP over tiles and groups of walkers, SIMD over the walkers of a group. Compiled once
/// per instruction set; `Lanes` is the real type, a SIMD batch or (where there is no fused multiply-add) a
/// plain float. All variants give the same bits. Everything here is in the variant's own namespace: a
/// function that two variants shared would be linked once, with the instructions of either.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "backends/kernels.hpp"
#include "backends/large_array.hpp"
#include "backends/two_of.hpp"
#include "formulas/terms.hpp"
#include "formulas/vector_latents.hpp"

namespace starling::cpu::STARLING_CPU_NAMESPACE {

/// Whether two batches of walkers fit into the registers: AVX-512 has 32 of them.
#ifdef __AVX512F__
inline constexpr bool kTwoBatches = true;
#else
inline constexpr bool kTwoBatches = false;
#endif

/// Loads, stores and lane numbers of a real type.
template <class R>
struct Lanes;
template <>
struct Lanes<float> {
  static constexpr std::uint64_t size = 1;
  static float load(const float* p) { return *p; }
  static void store(float* p, float v) { *p = v; }
  static std::uint32_t numbers(std::uint32_t first) { return first; }
};

template <class R>
struct Lanes<TwoOf<R>> {
  static constexpr std::uint64_t one = Lanes<R>::size, size = 2 * one;
  static TwoOf<R> load(const float* p) { return {Lanes<R>::load(p), Lanes<R>::load(p + one)}; }
  static void store(float* p, TwoOf<R> v) {
    Lanes<R>::store(p, v.a);
    Lanes<R>::store(p + one, v.b);
  }
};

/// A group's numbers, in halves.
using Half [[gnu::vector_size(16 * sizeof(float))]] = float;
/// As fold_group, in the same order.
inline float fold(const Half& first, const Half& second) {
  const Half a = first + second;
  const auto b = __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto c = __builtin_shufflevector(b, b, 0, 1, 2, 3) + __builtin_shufflevector(b, b, 4, 5, 6, 7);
  return (c[0] + c[2]) + (c[1] + c[3]);
}

template <class R, int N>
Coefficients<R, N> load_coefficients(const float* table, std::uint64_t stride, std::uint64_t walker) {
  Coefficients<R, N> c;
  for (int j = 0; j < N; ++j) c[j] = Lanes<R>::load(table + static_cast<std::uint64_t>(j) * stride + walker);
  return c;
}

/// Threads that are worth waking for so many updates of latents: each takes about two nanoseconds, a wake-up
/// some microseconds, and some milliseconds where other programs have the cores. Eight terms of a likelihood
/// take as long as one update.
inline int worthwhile_threads(std::uint64_t elements, int threads) {
  return static_cast<int>(
      std::clamp<std::uint64_t>(elements / 16384, 1, static_cast<std::uint64_t>(threads)));
}

/// Runs body(tile, group, tile_sums) for every pair and adds the tile sums, [output][group lane] in double,
/// into `out`, [output][walker].
template <int kOutputs, class Body>
void for_tiles(std::uint64_t objects, std::uint64_t walkers, int threads, std::span<FixedSum> out,
               Body body) {
  const std::uint64_t groups = groups_of(walkers), tasks = tiles_of(objects) * groups;
  const auto chunk =
      static_cast<int>(std::clamp<std::uint64_t>(tasks / (8 * static_cast<unsigned>(threads)), 1, 4096));
  std::fill(out.begin(), out.end(), FixedSum{});
  // each thread's sums, on cache lines of its own; made here, as no exception may leave the loop
  const std::size_t stride = (out.size() + 7) / 4 * 4;
  std::vector<FixedSum> all(stride * static_cast<unsigned>(threads));
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    const std::span<FixedSum> mine(all.data() + stride * static_cast<unsigned>(omp_get_thread_num()),
                                   out.size());
#pragma omp for schedule(dynamic, chunk) nowait
    for (std::uint64_t task = 0; task < tasks; ++task) {
      const std::uint64_t group = task % groups, first = group * kGroup;
      alignas(64) double sums[kOutputs][kGroup] = {};
      body(task / groups, group, sums);
      const std::uint64_t lanes = lanes_of(group, walkers);
      if (!mine.empty())
        for (std::uint64_t j = 0; j < kOutputs; ++j)
          for (std::uint64_t l = 0; l < lanes; ++l) mine[j * walkers + first + l] += FixedSum::of(sums[j][l]);
    }
#pragma omp critical
    for (std::size_t k = 0; k < mine.size(); ++k) out[k] += mine[k];
  }
}

/// Adds a strip's sums to the tile's, in double.
template <class R, int N>
void add_to_tile(const Coefficients<R, N>& strip, std::uint64_t lane, double (*sums)[kGroup]) {
  alignas(64) float value[Lanes<R>::size];
  for (int j = 0; j < N; ++j) {
    Lanes<R>::store(value, strip[j]);
    for (std::uint64_t l = 0; l < Lanes<R>::size; ++l) sums[j][lane + l] += static_cast<double>(value[l]);
  }
}

inline void pad(const WalkerTable& walkers, std::uint64_t stride, std::vector<float>& table) {
  table.resize(stride * static_cast<std::uint64_t>(walkers.coefficients));
  walkers.pad(stride, table.data());
}

template <class Term, class R>
class Likelihood final : public LikelihoodKernel {
 public:
  Likelihood(const ObjectTable<double>& objects, int threads)
      : objects_(converted<float>(objects)), threads_(threads) {}

  void sum(const WalkerTable& walkers, std::span<FixedSum> out) override {
    const std::uint64_t stride = padded(walkers.walkers);
    std::vector<float> table;
    pad(walkers, stride, table);
    const auto view = objects_.view();
    const std::uint64_t terms = walkers.walkers * (view.offset ? view.offset[view.size] : view.size);
    for_tiles<Term::outputs>(
        view.size, walkers.walkers, worthwhile_threads(terms / 8, threads_), out,
        [&](std::uint64_t tile, std::uint64_t group, auto sums) {
          const std::uint64_t end = std::min(view.size, (tile + 1) * kTile);
          const std::uint64_t lanes = lanes_of(group, walkers.walkers);
          std::uint64_t lane = 0;
          if constexpr (kTakesTwo<Term> && kTwoBatches)
            for (; lane + Lanes<R>::size < lanes; lane += 2 * Lanes<R>::size)
              sum_tile<TwoOf<R>>(table.data(), stride, view, group, lane, tile * kTile, end, sums);
          for (; lane < lanes; lane += Lanes<R>::size)
            sum_tile<R>(table.data(), stride, view, group, lane, tile * kTile, end, sums);
        });
  }

 private:
  /// Objects [begin, end) for the walkers from `lane` of the group on that Batch holds.
  template <class Batch>
  static void sum_tile(const float* table, std::uint64_t stride, const ObjectView<float>& view,
                       std::uint64_t group, std::uint64_t lane, std::uint64_t begin, std::uint64_t end,
                       double (*sums)[kGroup]) {
    const auto c = load_coefficients<Batch, Term::coefficients>(table, stride, group * kGroup + lane);
    for (; begin < end; begin += kStrip)
      add_to_tile(strip_sums<Term>(c, view, begin, std::min(end, begin + kStrip)), lane, sums);
  }

  ObjectTable<float> objects_;
  int threads_;
};

/// How latent_strip reaches the latents of one group, and a small table for sums over the group.
template <class R>
struct LatentAccess {
  float* latents;  ///< of the first object and the first lane of this batch
  std::uint64_t stride, begin;
  float* collected;  ///< [object of the strip][lane], of this batch's first lane

  R load(std::uint64_t i) const { return Lanes<R>::load(latents + i * stride); }
  void store(std::uint64_t i, R mu) const { Lanes<R>::store(latents + i * stride, mu); }
  void moments(std::uint64_t i, R deviation) const {
    Lanes<R>::store(collected + (i - begin) * kGroup, deviation);
  }
  void accepted(std::uint64_t i, R count) const { moments(i, count); }
};

template <class Latent, class R>
class Latents final : public LatentKernel {
 public:
  Latents(const ObjectTable<double>& objects, const LatentSetup& setup, int threads)
      : objects_(converted<float>(objects)),
        scale_(setup.scale.begin(), setup.scale.end()),
        chains_(setup.chains),
        stride_(latent_row(setup.chains)),
        latents_of_all_(objects.size * latents_per_object<Latent>(objects)),
        scales_of_all_(Latent::metropolis ? objects.size * scales_per_object<Latent>(objects) : 0),
        threads_(threads),
        kept_(setup.kept),
        latents_(large_array(kept_ ? latents_of_all_ * stride_ : 0)),
        moments_(2 * groups_of(setup.chains) * latents_of_all_),
        accepted_(groups_of(setup.chains) * scales_of_all_) {}

  void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) override {
    run({&step, 1}, {&walkers, 1}, step.sums() ? out : std::span<FixedSum>{});
  }
  /// Threads wait for each other once, not for every step.
  void draw(std::span<const LatentStep> steps, std::span<const WalkerTable> walkers) override {
    run(steps, walkers, {});
  }

  void sum(LatentSum what, const WalkerTable& walkers, std::span<const std::uint8_t> wanted,
           std::span<FixedSum> out) override {
    pad(walkers, stride_, table_);
    const auto view = objects_.view();
    std::vector<FixedSum> sums(chains_);
    for_tiles<1>(view.size, chains_, worthwhile_threads(view.size * chains_ / 8, threads_), sums,
                 [&](std::uint64_t tile, std::uint64_t group, auto tile_sums) {
                   if (!wanted.empty() && wanted[group] == 0) return;
                   const std::uint64_t end = std::min(view.size, (tile + 1) * kTile);
                   const std::uint64_t lanes = lanes_of(group, chains_);
                   for (std::uint64_t lane = 0; lane < lanes; lane += Lanes<R>::size) {
                     const auto c = load_coefficients<R, Latent::coefficients>(table_.data(), stride_,
                                                                               group * kGroup + lane);
                     const LatentAccess<R> access{group_latents(group) + lane, width(group), 0, nullptr};
                     for (std::uint64_t begin = tile * kTile; begin < end; begin += kStrip)
                       add_to_tile(sum_of_strip(what, c, view, access, begin, std::min(end, begin + kStrip)),
                                   lane, tile_sums);
                   }
                 });
    for (std::uint64_t w = 0; w < chains_; ++w)
      if (wanted.empty() || wanted[w / kGroup] != 0) out[w] = sums[w];
  }

  void adapt(double gain, double trials) override {
    const std::uint64_t n = objects_.size, groups = groups_of(chains_);
    const auto t = static_cast<float>(trials), g = static_cast<float>(gain);
    const std::uint64_t each = scales_per_object<Latent>(objects_);
#pragma omp parallel for num_threads(threads_)
    for (std::uint64_t i = 0; i < n; ++i) {
      float total[triangle(kMostLatents)] = {};
      for (std::uint64_t group = 0; group < groups; ++group)
        for (std::uint64_t k = 0; k < each; ++k) total[k] += accepted_[group * scales_of_all_ + i * each + k];
      if constexpr (of_vectors<Latent>())
        adapt_factor(scale_.data() + i * each, static_cast<int>(objects_.latents), total, t, g);
      else
        scale_[i] = adapted_scale(scale_[i], total[0], t, g);
    }
  }

  void moments(std::span<double> sum, std::span<double> squares) override {
    const std::uint64_t n = latents_of_all_;
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(squares.begin(), squares.end(), 0.0);
    for (std::uint64_t g = 0; g < groups_of(chains_); ++g)
      for (std::uint64_t i = 0; i < n; ++i) {
        sum[i] += moments_[2 * g * n + i];
        squares[i] += moments_[(2 * g + 1) * n + i];
      }
  }

  void scales(std::span<double> out) override {
    std::copy(scale_.begin(), scale_.end(), out.begin());
  }

  void latents(std::span<double> out) override {
    for (std::uint64_t i = 0; i < latents_of_all_; ++i)
      for (std::uint64_t c = 0; c < chains_; ++c)
        out[i * chains_ + c] =
            static_cast<double>(group_latents(c / kGroup)[i * width(c / kGroup) + c % kGroup]);
  }

  void state(State& state) override {
    // rows as long as on every backend: a run may go on elsewhere
    const std::uint64_t unused = padded(chains_) - stride_, count = kept_ ? latents_of_all_ : 0;
    float nothing[kGroup] = {};
    state.length(count * padded(chains_));
    for (std::uint64_t i = 0; i < count; ++i) {
      for (std::uint64_t g = 0; g < groups_of(chains_); ++g)
        state.raw(group_latents(g) + i * width(g), width(g));
      if (unused > 0) state.raw(nothing, unused);
    }
    state.array(moments_.data(), moments_.size());
    state.array(scale_.data(), scale_.size());
  }

 private:
  /// The latents of a group: [latent][lane], `width` of them in a row.
  [[nodiscard]] float* group_latents(std::uint64_t group) const {
    return latents_.get() + group * kGroup * latents_of_all_;
  }
  [[nodiscard]] std::uint64_t width(std::uint64_t group) const {
    return lanes_of(group, stride_);
  }

  /// The steps, one after the other, on each tile and group of walkers.
  void run(std::span<const LatentStep> steps, std::span<const WalkerTable> walkers, std::span<FixedSum> out) {
    const std::uint64_t count = steps.size(),
                        size = stride_ * static_cast<std::uint64_t>(Latent::coefficients);
    table_.resize(count * size);
    for (std::uint64_t k = 0; k < count; ++k) walkers[k].pad(stride_, table_.data() + k * size);
    const auto view = objects_.view();
    for_tiles<sums_of_latents<Latent>()>(
        view.size, chains_, worthwhile_threads(count * latents_of_all_ * chains_, threads_), out,
        [&](std::uint64_t tile, std::uint64_t group, auto sums) {
          const std::uint64_t end = std::min(view.size, (tile + 1) * kTile);
          for (std::uint64_t k = 0; k < count; ++k)
            for (std::uint64_t begin = tile * kTile; begin < end; begin += kStrip)
              if constexpr (of_vectors<Latent>())
                vector_strip(steps[k], table_.data() + k * size, view, group, begin,
                             std::min(end, begin + kStrip), sums);
              else
                strip(steps[k], table_.data() + k * size, view, group, begin, std::min(end, begin + kStrip),
                      sums);
        });
  }

  void strip(const LatentStep& step, const float* table, const ObjectView<float>& view, std::uint64_t group,
             std::uint64_t begin, std::uint64_t end, double (*sums)[kGroup]) {
    alignas(64) float collected[kStrip * kGroup];
    const std::uint64_t lanes = lanes_of(group, chains_);
    for (std::uint64_t lane = 0; lane < lanes; lane += Lanes<R>::size) {
      const std::uint64_t walker = group * kGroup + lane;
      const auto c = load_coefficients<R, Latent::coefficients>(table, stride_, walker);
      const auto chain = Lanes<R>::numbers(static_cast<std::uint32_t>(walker));
      if constexpr (!Latent::metropolis)
        if (step.collect == LatentStep::Collect::drawn) {
          const LatentAccess<R> access{nullptr, 0, begin, collected + lane};
          draw_strip<Latent>(c, step, view, chain, begin, end, access);
          continue;
        }
      LatentAccess<R> access{group_latents(group) + lane, width(group), begin, collected + lane};
      add_to_tile(latent_strip<Latent>(c, step, view, scale_.data(), chain, begin, end, access), lane, sums);
    }
    if (step.collect == LatentStep::Collect::nothing) return;
    for (std::uint64_t i = begin; i < end; ++i)
      keep_collected(step.collect, group, i, collected + (i - begin) * kGroup);
  }

  /// Several latents per object: one object for all walkers of the group, then the next.
  void vector_strip(const LatentStep& step, const float* of_walkers, const ObjectView<float>& view,
                    std::uint64_t group, std::uint64_t begin, std::uint64_t end, double (*sums)[kGroup]) {
    constexpr std::uint64_t kBatches = kGroup / Lanes<R>::size;
    const std::uint64_t batches = (lanes_of(group, chains_) + Lanes<R>::size - 1) / Lanes<R>::size;
    const auto d = static_cast<std::uint64_t>(latents_of<typename Latent::Population>(view)),
               each = scales_per_object<Latent>(view);
    const bool kept = step.collect != LatentStep::Collect::drawn;
    alignas(64) float table[Latent::collected][kGroup];
    Coefficients<R, kVectorSums> strip[kBatches];
    Coefficients<R, Latent::coefficients> c[kBatches];
    for (std::uint64_t b = 0; b < batches; ++b) {
      c[b] = load_coefficients<R, Latent::coefficients>(of_walkers, stride_,
                                                        group * kGroup + b * Lanes<R>::size);
      for (int j = 0; j < kVectorSums; ++j) strip[b][j] = R(0.0f);
    }
    for (std::uint64_t i = begin; i < end; ++i) {
      int count = 0;
      for (std::uint64_t b = 0; b < batches; ++b) {
        const std::uint64_t walker = group * kGroup + b * Lanes<R>::size, row = width(group);
        float* const at = kept ? group_latents(group) + i * d * row + b * Lanes<R>::size : nullptr;
        R mu[Latent::most], collected[Latent::collected];
        for (std::uint64_t j = 0; j < d; ++j) mu[j] = kept ? Lanes<R>::load(at + j * row) : R(0.0f);
        count = update_vector<Latent, R>(c[b], step, view, i, scale_.data(),
                                         Lanes<R>::numbers(static_cast<std::uint32_t>(walker)), mu, strip[b],
                                         collected);
        for (std::uint64_t j = 0; kept && j < d; ++j) Lanes<R>::store(at + j * row, mu[j]);
        for (int j = 0; j < count; ++j) Lanes<R>::store(table[j] + b * Lanes<R>::size, collected[j]);
      }
      const bool moments = step.collect != LatentStep::Collect::accepted;
      for (int j = 0; j < count; ++j)
        keep_collected(step.collect, group, i * (moments ? d : each) + static_cast<unsigned>(j), table[j]);
    }
    for (std::uint64_t b = 0; b < batches; ++b) add_to_tile(strip[b], b * Lanes<R>::size, sums);
  }

  /// Sums what the walkers of a group had to say: of the latent, or of the scale, of that number.
  void keep_collected(LatentStep::Collect collect, std::uint64_t group, std::uint64_t place, float* row) {
    const std::uint64_t n = latents_of_all_, lanes = lanes_of(group, chains_);
    std::fill(row + lanes, row + kGroup, 0.0f);
    Half half[2];
    static_assert(sizeof half == kGroup * sizeof(float));
    std::memcpy(half, row, sizeof half);
    if (collect == LatentStep::Collect::accepted) {
      accepted_[group * scales_of_all_ + place] = fold(half[0], half[1]);
    } else {
      moments_[2 * group * n + place] += static_cast<double>(fold(half[0], half[1]));
      moments_[(2 * group + 1) * n + place] +=
          static_cast<double>(fold(half[0] * half[0], half[1] * half[1]));
    }
  }

  static Coefficients<R, 1> sum_of_strip(LatentSum what, const Coefficients<R, Latent::coefficients>& c,
                                         const ObjectView<float>& view, const LatentAccess<R>& access,
                                         std::uint64_t begin, std::uint64_t end) {
    if constexpr (of_vectors<Latent>()) {
      const auto d = static_cast<std::uint64_t>(latents_of<typename Latent::Population>(view));
      Coefficients<R, 1> sum{{R(0.0f)}};
      for (std::uint64_t i = begin; i < end; ++i) {
        R mu[Latent::most];
        for (std::uint64_t j = 0; j < d; ++j) mu[j] = access.load(i * d + j);
        sum[0] = sum[0] + vector_sum<Latent, R>(what, c, view, i, mu);
      }
      return sum;
    } else {
      return latent_sum_strip<Latent, R>(what, c, view, begin, end, access);
    }
  }

  ObjectTable<float> objects_;
  std::vector<float> scale_;
  std::uint64_t chains_, stride_, latents_of_all_, scales_of_all_;
  int threads_;
  bool kept_;
  LargeArray latents_;           // [group][latent][lane]; touched first by the threads that use it
  std::vector<double> moments_;  // [group][sum, squares][latent]
  std::vector<float> accepted_;  // [group][scale]
  std::vector<float> table_;
};

}  // namespace starling::cpu::STARLING_CPU_NAMESPACE
