/// What the CUDA backend offers. A build without nvcc (STARLING_HAVE_CUDA is not defined) has no_cuda.cpp in
/// its place, which says so.
/// No CUDA header is included here, so that everything else compiles without the toolkit.
#pragma once

#include "backends/kernels.hpp"

namespace starling::cuda {

struct DeviceProperties {
  std::string name;
  int major = 0, minor = 0;
  std::uint64_t memory = 0, free_memory = 0;  ///< bytes
};

/// The devices; empty, with the reason in `why_none`, if there is none, no driver, or too old a driver.
std::vector<DeviceProperties> device_list(std::string& why_none);

/// Throws RunError: a model's kernels were not compiled for CUDA.
[[noreturn]] void throw_no_cuda();
#ifdef STARLING_HAVE_CUDA
template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects, int device);
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup,
                                           int device);
#else
template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>&, int) {
  throw_no_cuda();
}
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>&, const LatentSetup&, int) {
  throw_no_cuda();
}
#endif

}  // namespace starling::cuda
