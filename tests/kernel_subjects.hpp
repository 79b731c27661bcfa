// The backends under test: the CPU for each instruction set that this machine has, and CUDA.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backends/cpu_variants.hpp"
#include "backends/cuda_kernels.hpp"
#include "backends/reference_kernels.hpp"
#include "models/compiled.hpp"

namespace starling {

/// A backend under test. `prepare` is called before its kernels run.
struct Subject {
  std::string name;
  enum class Kind { generic, avx2, avx512, cuda } kind;
  int threads = 1;
  std::function<void()> prepare = [] {};
};

/// The CUDA backend: on a GPU, if there is one (cuda_device.cpp), or on the host (cuda_pretended.cpp).
std::vector<Subject> cuda_subjects();

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
  for (Subject& s : cuda_subjects()) all.push_back(std::move(s));
  return all;
}

/// The objects of SamplesErrorTerm with what it needs for the jackknife.
inline ObjectTable<double> with_jackknife(ObjectTable<double> samples) {
  for (std::uint64_t i = 0; i < samples.size; ++i)
    samples.column[1].push_back(jackknife_constant(samples.offset[i + 1] - samples.offset[i]));
  return samples;
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

// ---- runs of latents

/// Quick pseudo-random numbers, of the size that kernels meet.
inline double noise(std::uint64_t i, std::uint32_t what) {
  return HostStream(11, 0, what, 99, static_cast<std::uint32_t>(8 * i)).normal();
}

/// The walkers with a transform of the latents, mu <- a mu + b, that sweep t has to do.
inline WalkerTable with_transform(WalkerTable walkers, int t) {
  for (std::uint64_t w = 0; w < walkers.walkers; ++w) {
    walkers.values[w] = 1 + 0.01 * noise(w, 60 + static_cast<std::uint32_t>(t));
    walkers.values[walkers.walkers + w] = 0.01 * noise(w, 70 + static_cast<std::uint32_t>(t));
  }
  return walkers;
}

inline LatentStep latent_step(int t, std::uint32_t updates, LatentStep::Collect collect) {
  LatentStep step;
  step.seed = 0x123456789abcdef;
  step.sweep = static_cast<std::uint32_t>(t);
  step.updates = updates;
  step.start = t == 0 ? 1 : 0;
  step.collect = collect;
  return step;
}

/// What is known of the objects' latents after a run.
struct RunMoments {
  std::vector<double> sum, squares, scales;
};
template <class Latent>
RunMoments run_moments(LatentKernel& kernel, std::uint64_t objects) {
  RunMoments m{std::vector<double>(objects), std::vector<double>(objects),
               std::vector<double>(Latent::metropolis ? objects : 0)};
  kernel.moments(m.sum, m.squares);
  kernel.scales(m.scales);
  return m;
}

}  // namespace starling
