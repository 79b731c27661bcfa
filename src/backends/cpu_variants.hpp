/// What each variant of the CPU backend (an instruction set) offers; the definitions are in cpu_kernels.hpp,
/// instantiated for each model by cpu_kernels.cpp.
#pragma once

#include "backends/kernels.hpp"

namespace starling::cpu {

enum class Variant { generic, avx2, avx512 };
/// The best that this machine has, or less where the environment variable STARLING_CPU asks for it.
Variant chosen_variant();

/// Random words of each chain that are made for many at once.
inline constexpr std::uint32_t kFirstWords = 16;

#define STARLING_CPU_VARIANT(variant)                                                                      \
  namespace variant {                                                                                      \
  template <class Term>                                                                                    \
  std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects, int threads);      \
  template <class Latent>                                                                                  \
  std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup, \
                                             int threads);                                                 \
  /** Of chains [first, first + count): [kFirstWords][count]. */                                           \
  void first_words(std::uint64_t seed, std::uint32_t step, std::uint32_t purpose, std::uint32_t first,     \
                   std::uint64_t count, std::uint32_t* words);                                             \
  }
STARLING_CPU_VARIANT(generic)
STARLING_CPU_VARIANT(avx2)
STARLING_CPU_VARIANT(avx512)
#undef STARLING_CPU_VARIANT

}  // namespace starling::cpu
