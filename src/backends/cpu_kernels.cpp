// The CPU kernels of one model for one instruction set. cmake/StarlingModels.cmake compiles this file once
// per model and STARLING_CPU_NAMESPACE, with that set's flags; STARLING_CPU_SCALAR makes the variant without
// SIMD.
#include "backends/cpu_kernels.hpp"

#include "backends/cpu_variants.hpp"
#include "models/compiled.hpp"
#include STARLING_MODEL_HEADER
#ifndef STARLING_CPU_SCALAR
#include "backends/simd.hpp"
#endif

namespace starling::cpu::STARLING_CPU_NAMESPACE {

#ifdef STARLING_CPU_SCALAR
using Real = float;
#else
using Real = FloatBatch;
template <>
struct Lanes<FloatBatch> {
  static constexpr std::uint64_t size = FloatBatch::size;
  static FloatBatch load(const float* p) { return FloatBatch::load_unaligned(p); }
  static void store(float* p, FloatBatch v) { v.store_unaligned(p); }
  static WordBatch numbers(std::uint32_t first) { return numbers_from<WordBatch>(first); }
};
static_assert(kGroup % kWidestBatch == 0 && kWidestBatch % FloatBatch::size == 0);
#endif

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects, int threads) {
  return std::make_unique<Likelihood<Term, Real>>(objects, threads);
}
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup,
                                           int threads) {
  return std::make_unique<Latents<Latent, Real>>(objects, setup, threads);
}

STARLING_INSTANTIATE_MODEL

}  // namespace starling::cpu::STARLING_CPU_NAMESPACE
