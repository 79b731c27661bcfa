/// Makes a kernel on the backend that was chosen. For the files that instantiate kernels.
#pragma once

#include "backends/cpu_variants.hpp"
#include "backends/cuda_kernels.hpp"
#include "backends/reference_kernels.hpp"

namespace starling {

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood_kernel(const Backend& backend,
                                                         const ObjectTable<double>& objects) {
  if (backend.kind == BackendKind::reference) return reference::make_likelihood<Term>(objects);
  if (backend.kind == BackendKind::cuda) return cuda::make_likelihood<Term>(objects, backend.cuda_device);
#if defined(STARLING_CPU_X86)
  if (cpu::chosen_variant() == cpu::Variant::avx512)
    return cpu::avx512::make_likelihood<Term>(objects, backend.threads);
  if (cpu::chosen_variant() == cpu::Variant::avx2)
    return cpu::avx2::make_likelihood<Term>(objects, backend.threads);
#endif
  return cpu::generic::make_likelihood<Term>(objects, backend.threads);
}

template <class Latent>
std::unique_ptr<LatentKernel> make_latent_kernel(const Backend& backend, const ObjectTable<double>& objects,
                                                 const LatentSetup& setup) {
  if (backend.kind == BackendKind::reference) return reference::make_latents<Latent>(objects, setup);
  if (backend.kind == BackendKind::cuda)
    return cuda::make_latents<Latent>(objects, setup, backend.cuda_device);
#if defined(STARLING_CPU_X86)
  if (cpu::chosen_variant() == cpu::Variant::avx512)
    return cpu::avx512::make_latents<Latent>(objects, setup, backend.threads);
  if (cpu::chosen_variant() == cpu::Variant::avx2)
    return cpu::avx2::make_latents<Latent>(objects, setup, backend.threads);
#endif
  return cpu::generic::make_latents<Latent>(objects, setup, backend.threads);
}

}  // namespace starling
