/// Inputs for the tests of the normal population's kernels.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "kernel_subjects.hpp"

namespace starling::kernels_test {

using ExactLatent = ExactNormalLatent<BuiltinMeasurements>;
using RandomWalkLatent = MetropolisLatent<NormalPopulation, BuiltinMeasurements>;
using GibbsLatent = SampledLatent<NormalPopulation>;

inline constexpr std::uint64_t kObjects =
    301;  // two tiles; the last has an unfinished strip and an unfinished quad
inline constexpr std::uint64_t kWalkers = 37;  // two groups, the last unfinished

// ---- inputs: quick pseudo-random numbers, of the size that kernels meet

inline WalkerTable table(std::uint64_t walkers,
                         const std::vector<std::pair<double, double>>& center_and_spread) {
  WalkerTable t;
  t.resize(walkers, static_cast<int>(center_and_spread.size()));
  for (std::uint64_t w = 0; w < walkers; ++w)
    for (std::size_t j = 0; j < center_and_spread.size(); ++j)
      t.values[j * walkers + w] = center_and_spread[j].first +
                                  center_and_spread[j].second * noise(w, 100 + static_cast<std::uint32_t>(j));
  return t;
}

inline ObjectTable<double> points(bool weighted = false) {
  ObjectTable<double> t;
  t.size = kObjects;
  for (std::uint64_t i = 0; i < kObjects; ++i) {
    t.column[0].push_back(noise(i, 0));
    t.column[1].push_back(std::exp(noise(i, 1)));
    if (weighted) t.weight.push_back(std::abs(noise(i, 2)));
  }
  return t;
}

/// Samples with 1 to 9 per object, their weights at the reference N(0, 1), and an interim prior.
inline ObjectTable<double> samples(bool interim, std::uint64_t objects = kObjects) {
  ObjectTable<double> t;
  t.size = objects;
  t.offset.push_back(0);
  for (std::uint64_t i = 0; i < objects; ++i) {
    double sum = 0;
    std::vector<double> w;
    for (std::uint64_t k = 0; k < 1 + i % 9; ++k) {
      const double mu = noise(i, 0) + 0.5 * noise(i, 10 + static_cast<std::uint32_t>(k));
      const double log_prior = interim ? -0.1 * mu * mu : 0;
      t.sample[0].push_back(mu);
      if (interim) t.sample[2].push_back(log_prior);
      w.push_back(std::exp(-0.5 * mu * mu - 0.91893853320467274 - log_prior));
      sum += w.back();
    }
    for (const double v : w) t.sample[1].push_back(v / sum);
    t.column[0].push_back(std::log(sum));
    t.offset.push_back(t.sample[0].size());
  }
  return t;
}

/// Coefficients of a normal population for samples terms: {c0, c1, c2} against N(0, 1), then {mean, 1 / sd,
/// log norm}.
inline WalkerTable normal_walkers(std::uint64_t walkers, double spread, bool with_density) {
  WalkerTable t;
  t.resize(walkers, with_density ? 6 : 3);
  for (std::uint64_t w = 0; w < walkers; ++w) {
    const double theta[] = {spread * noise(w, 50), std::exp(spread * noise(w, 51))}, reference[] = {0, 1};
    t.set(w, NormalPopulation::prepare_ratio(theta, reference));
    if (with_density) t.set(w, NormalPopulation::prepare(theta), 3);
  }
  return t;
}

}  // namespace starling::kernels_test
