/// Short runs of latent kernels, whole and in two pieces, for the tests of their bits.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels_support.hpp"
#include "starling/error.hpp"

namespace starling::kernels_test {

template <class Latent>
struct LatentRun : RunMoments {
  std::vector<std::vector<FixedSum>> sums;  // per sweep
};

inline constexpr int kSweeps = 5;

/// Sweeps [first, last) of five: start, two that adapt, two that collect moments; with a transform in each.
template <class Latent>
void sweep_latents(LatentKernel& kernel, const WalkerTable& base, int first, int last,
                   LatentRun<Latent>& run) {
  using Collect = LatentStep::Collect;
  for (int t = first; t < last; ++t) {
    const auto collect = t == 0               ? Collect::nothing
                         : t > 2              ? Collect::moments
                         : Latent::metropolis ? Collect::accepted
                                              : Collect::nothing;
    const LatentStep step = latent_step(t, Latent::metropolis ? 3 : 1, collect);
    std::vector<FixedSum> sums(kWalkers * latent_sums<Latent>());
    kernel.sweep(step, with_transform(base, t), sums);
    if (step.collect == Collect::accepted)
      kernel.adapt(adaptation_gain(static_cast<std::uint64_t>(t)), 3.0 * kWalkers);
    run.sums.push_back(sums);
  }
}

/// The flush, and what is known at the end.
template <class Latent>
void finish_latents(LatentKernel& kernel, const WalkerTable& base, LatentRun<Latent>& run) {
  LatentStep flush;
  flush.updates = 0;
  flush.collect = LatentStep::Collect::moments;
  kernel.sweep(flush, base, {});
  static_cast<RunMoments&>(run) = run_moments<Latent>(kernel, kObjects);
}

template <class Latent>
LatentRun<Latent> run_latents(LatentKernel& kernel, const WalkerTable& base) {
  LatentRun<Latent> run;
  sweep_latents(kernel, base, 0, kSweeps, run);
  finish_latents(kernel, base, run);
  return run;
}

using MakeKernel = std::function<std::unique_ptr<LatentKernel>()>;

inline std::string saved_state(LatentKernel& kernel) {
  std::string saved;
  State state(SaveBytes(
      [&](const void* bytes, std::size_t size) { saved.append(static_cast<const char*>(bytes), size); }));
  kernel.state(state);
  return saved;
}

/// Returns how many bytes were read.
inline std::size_t restore_state(LatentKernel& kernel, const std::string& saved) {
  std::size_t read = 0;
  State state(LoadBytes([&](void* bytes, std::size_t size) {
    if (read + size > saved.size()) throw RunError("the state ends too early");
    std::memcpy(bytes, saved.data() + read, size);
    read += size;
  }));
  kernel.state(state);
  return read;
}

/// A run that is saved after `cut` sweeps and restored in another kernel, which goes on. One after the other:
/// a pretended device is reset in between.
template <class Latent>
LatentRun<Latent> run_in_two(const MakeKernel& one, const MakeKernel& other, const WalkerTable& base,
                             int cut) {
  LatentRun<Latent> run;
  std::string saved;
  {
    const auto kernel = one();
    sweep_latents(*kernel, base, 0, cut, run);
    saved = saved_state(*kernel);
  }
  const auto kernel = other();
  EXPECT_EQ(restore_state(*kernel, saved), saved.size());
  sweep_latents(*kernel, base, cut, kSweeps, run);
  finish_latents(*kernel, base, run);
  return run;
}

template <class Latent>
void expect_same_run(const LatentRun<Latent>& run, const LatentRun<Latent>& expected,
                     const std::string& who) {
  EXPECT_TRUE(run.sums == expected.sums) << who;
  EXPECT_EQ(run.sum, expected.sum) << who;
  EXPECT_EQ(run.squares, expected.squares) << who;
  EXPECT_EQ(run.scales, expected.scales) << who;
}

template <class Latent>
LatentSetup latent_setup(const ObjectTable<double>& objects) {
  LatentSetup setup;
  setup.chains = kWalkers;
  if (Latent::metropolis)
    for (const double w : objects.column[1]) setup.scale.push_back(2.4 / std::sqrt(1 + w));
  return setup;
}

/// Coefficients: transform, origin, population, measurement.
inline WalkerTable latent_walkers() {
  return table(kWalkers, {{1, 0}, {0, 0}, {0, 0.1}, {0, 0.1}, {1, 0.05}, {-1, 0.1}, {1, 0.02}, {0, 0}});
}

template <class Latent>
ObjectTable<double> latent_objects(std::uint32_t measurement) {
  auto objects = std::is_same_v<Latent, GibbsLatent> ? samples(true) : points();
  objects.measurement = measurement;
  return objects;
}

}  // namespace starling::kernels_test
