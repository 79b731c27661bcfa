/// The terms and latents that each backend instantiates. X(type) is expanded for every one.
#pragma once

#include "formulas/latents.hpp"
#include "formulas/terms.hpp"

#define STARLING_FOR_EACH_TERM(X)                      \
  X(starling::PointTerm<starling::NormalPopulation>)   \
  X(starling::NormalMarginalTerm)                      \
  X(starling::SamplesTerm<starling::NormalPopulation>) \
  X(starling::SamplesVarianceTerm<starling::NormalPopulation>)

namespace starling {
using NormalMetropolisLatent = MetropolisLatent<NormalPopulation, NormalNoiseFormulas>;
}

#define STARLING_FOR_EACH_LATENT(X) \
  X(starling::ExactNormalLatent)    \
  X(starling::NormalMetropolisLatent)

/// Instantiates a backend's make_likelihood<Term>(objects, int) and make_latents<Latent>(objects, setup,
/// int), the last argument being its threads or its device, inside that backend's namespace.
#define STARLING_INSTANTIATE_KERNELS()              \
  STARLING_FOR_EACH_TERM(STARLING_INSTANTIATE_TERM) \
  STARLING_FOR_EACH_LATENT(STARLING_INSTANTIATE_LATENT)
#define STARLING_INSTANTIATE_TERM(Term)                                       \
  template std::unique_ptr<starling::LikelihoodKernel> make_likelihood<Term>( \
      const starling::ObjectTable<double>&, int);
#define STARLING_INSTANTIATE_LATENT(Latent)                              \
  template std::unique_ptr<starling::LatentKernel> make_latents<Latent>( \
      const starling::ObjectTable<double>&, const starling::LatentSetup&, int);
