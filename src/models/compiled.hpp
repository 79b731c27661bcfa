/// Makes a PopulationModel of a struct that satisfies Population: the kernels that are compiled for it, and
/// the host's functions. Included by the one file that each model is compiled from (compile_model.cpp) and,
/// for its lists of kernels, by the backends.
#pragma once

#include "formulas/latents.hpp"
#include "formulas/terms.hpp"
#include "starling/populations/normal.hpp"

/// The kernels of population P, with the measurements of set M. X(type...) is expanded for every one.
#define STARLING_FOR_EACH_TERM(P, M, X) \
  X(starling::PointTerm<P>)             \
  X(starling::SamplesTerm<P>)           \
  X(starling::SamplesErrorTerm<P>)      \
  X(starling::QuadratureTerm<P, M>)     \
  X(starling::NoisyDensityTerm<P, M>)   \
  X(starling::InjectionTerm<P>)
#define STARLING_FOR_EACH_LATENT(P, M, X) \
  X(starling::MetropolisLatent<P, M>)     \
  X(starling::SampledLatent<P>)
/// What there is for the normal population alone, with the measurements of set M.
#define STARLING_FOR_EACH_NORMAL_TERM(X) X(starling::NormalMarginalTerm) X(starling::GaussianSamplesTerm)
#define STARLING_FOR_EACH_NORMAL_LATENT(M, X) X(starling::ExactNormalLatent<M>)

/// Instantiates a backend's make_likelihood<Term>(objects, int) and make_latents<Latent>(objects, setup,
/// int), the last argument being its threads or its device, inside that backend's namespace.
#define STARLING_INSTANTIATE_TERM(...)                                               \
  template std::unique_ptr<starling::LikelihoodKernel> make_likelihood<__VA_ARGS__>( \
      const starling::ObjectTable<double>&, int);
#define STARLING_INSTANTIATE_LATENT(...)                                      \
  template std::unique_ptr<starling::LatentKernel> make_latents<__VA_ARGS__>( \
      const starling::ObjectTable<double>&, const starling::LatentSetup&, int);
#define STARLING_INSTANTIATE_KERNELS(P, M)                \
  STARLING_FOR_EACH_TERM(P, M, STARLING_INSTANTIATE_TERM) \
  STARLING_FOR_EACH_LATENT(P, M, STARLING_INSTANTIATE_LATENT)
#define STARLING_INSTANTIATE_NORMAL_KERNELS(M)             \
  STARLING_FOR_EACH_NORMAL_TERM(STARLING_INSTANTIATE_TERM) \
  STARLING_FOR_EACH_NORMAL_LATENT(M, STARLING_INSTANTIATE_LATENT)
