/// What is measured: every backend, instruction set and number of threads that is present.
#pragma once

#include <string>
#include <vector>

#include "backends/cpu_variants.hpp"
#include "backends/cuda_kernels.hpp"
#include "backends/reference_kernels.hpp"
#include "probes.hpp"

namespace starling::bench {

struct Subject {
  enum class Kind { reference, generic, avx2, avx512, cuda };
  std::string name;
  Kind kind = Kind::generic;
  int threads = 1;
  int cuda_device = 0;
  bool runs_fits = false;  ///< fits choose the best instruction set by themselves, so only that one is here
  bool slow = false;  ///< there to check others, or for other machines: measured only where that is quick
  Limits limits{};    ///< all 0: not measured, for the slow ones

  [[nodiscard]] bool is_cpu() const { return kind != Kind::cuda; }
};

struct Subjects {
  std::vector<Subject> list;
  std::string why_no_gpu;  ///< "" if there is one
};

/// All of them, with their limits measured. `threads`: the most that the CPU is measured with.
Subjects find_subjects(int threads);

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const Subject& s, const ObjectTable<double>& objects) {
  switch (s.kind) {
    case Subject::Kind::reference:
      return reference::make_likelihood<Term>(objects);
#ifdef STARLING_CPU_X86
    case Subject::Kind::avx2:
      return cpu::avx2::make_likelihood<Term>(objects, s.threads);
    case Subject::Kind::avx512:
      return cpu::avx512::make_likelihood<Term>(objects, s.threads);
#endif
    case Subject::Kind::cuda:
      return starling::cuda::make_likelihood<Term>(objects, s.cuda_device);
    default:
      return cpu::generic::make_likelihood<Term>(objects, s.threads);
  }
}

template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const Subject& s, const ObjectTable<double>& objects,
                                           const LatentSetup& setup) {
  switch (s.kind) {
    case Subject::Kind::reference:
      return reference::make_latents<Latent>(objects, setup);
#ifdef STARLING_CPU_X86
    case Subject::Kind::avx2:
      return cpu::avx2::make_latents<Latent>(objects, setup, s.threads);
    case Subject::Kind::avx512:
      return cpu::avx512::make_latents<Latent>(objects, setup, s.threads);
#endif
    case Subject::Kind::cuda:
      return starling::cuda::make_latents<Latent>(objects, setup, s.cuda_device);
    default:
      return cpu::generic::make_latents<Latent>(objects, setup, s.threads);
  }
}

/// Makes about `words` random words; returns how many.
std::uint64_t philox_words(const Subject& s, std::uint64_t words, std::uint32_t& fold);

}  // namespace starling::bench
