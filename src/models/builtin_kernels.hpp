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
