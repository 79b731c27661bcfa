/// What the reference backend offers.
#pragma once

#include "backends/kernels.hpp"

namespace starling::reference {

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects);
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup);

}  // namespace starling::reference
