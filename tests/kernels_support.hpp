/// What the tests of kernels share: the backends that are present, and inputs for them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "backends/cpu_variants.hpp"
#include "backends/cuda_kernels.hpp"
#include "backends/reference_kernels.hpp"
#include "models/compiled.hpp"
#ifdef STARLING_CUDA_ON_HOST
#include "cuda_on_host/cuda_on_host.hpp"
#endif

namespace starling::kernels_test {

using ExactLatent = ExactNormalLatent<BuiltinMeasurements>;
using RandomWalkLatent = MetropolisLatent<NormalPopulation, BuiltinMeasurements>;
using GibbsLatent = SampledLatent<NormalPopulation>;

inline constexpr std::uint64_t kObjects =
    301;  // two tiles; the last has an unfinished strip and an unfinished quad
inline constexpr std::uint64_t kWalkers = 37;  // two groups, the last unfinished

/// A backend under test. `prepare` is called before its kernels run.
struct Subject {
  std::string name;
  enum class Kind { generic, avx2, avx512, cuda } kind;
  int threads = 1;
  std::function<void()> prepare = [] {};
};

inline std::vector<Subject> subjects() {
  std::vector<Subject> all{{"generic", Subject::Kind::generic, 1}};
#ifndef STARLING_CUDA_ONLY
  all.push_back({"generic 3 threads", Subject::Kind::generic, 3});
#endif
#if defined(__x86_64__) && !defined(STARLING_CUDA_ONLY)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    for (const int threads : {1, 2})
      all.push_back({"avx2 " + std::to_string(threads), Subject::Kind::avx2, threads});
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    for (const int threads : {1, 3})
      all.push_back({"avx512 " + std::to_string(threads), Subject::Kind::avx512, threads});
#endif
#ifdef STARLING_CUDA_ON_HOST
  using cuda_on_host::Order;
  const std::pair<const char*, Order> orders[] = {
      {"forward", Order::forward}, {"reverse", Order::reverse}, {"shuffled", Order::shuffled}};
  for (const auto& [name, order] : orders)
    all.push_back({std::string("cuda ") + name, Subject::Kind::cuda, 1, [order = order] {
                     cuda_on_host::reset();
                     cuda_on_host::options.order = order;
                   }});
#else
  if (std::string why; !cuda::device_list(why).empty()) all.push_back({"cuda", Subject::Kind::cuda});
#endif
  return all;
}

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const Subject& s, const ObjectTable<double>& objects) {
  s.prepare();
  switch (s.kind) {
#if defined(__x86_64__)
    case Subject::Kind::avx2:
      return cpu::avx2::make_likelihood<Term>(objects, s.threads);
    case Subject::Kind::avx512:
      return cpu::avx512::make_likelihood<Term>(objects, s.threads);
#endif
    case Subject::Kind::cuda:
      return cuda::make_likelihood<Term>(objects, 0);
    default:
      return cpu::generic::make_likelihood<Term>(objects, s.threads);
  }
}

template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const Subject& s, const ObjectTable<double>& objects,
                                           const LatentSetup& setup) {
  s.prepare();
  switch (s.kind) {
#if defined(__x86_64__)
    case Subject::Kind::avx2:
      return cpu::avx2::make_latents<Latent>(objects, setup, s.threads);
    case Subject::Kind::avx512:
      return cpu::avx512::make_latents<Latent>(objects, setup, s.threads);
#endif
    case Subject::Kind::cuda:
      return cuda::make_latents<Latent>(objects, setup, 0);
    default:
      return cpu::generic::make_latents<Latent>(objects, setup, s.threads);
  }
}

// ---- inputs: quick pseudo-random numbers, of the size that kernels meet

inline double noise(std::uint64_t i, std::uint32_t what) {
  return HostStream(11, 0, what, 99, static_cast<std::uint32_t>(8 * i)).normal();
}

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
inline ObjectTable<double> samples(bool interim) {
  ObjectTable<double> t;
  t.size = kObjects;
  t.offset.push_back(0);
  for (std::uint64_t i = 0; i < kObjects; ++i) {
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
