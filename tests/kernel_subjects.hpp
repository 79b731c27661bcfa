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
#ifdef STARLING_CUDA_ON_HOST
#include "cuda_on_host/cuda_on_host.hpp"
#endif

namespace starling {

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

}  // namespace starling
