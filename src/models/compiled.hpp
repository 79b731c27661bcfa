/// Makes a PopulationModel of a struct that satisfies Population: the kernels that are compiled for it, and
/// the host's functions. Included by the one file that each model is compiled from (compile_model.cpp) and,
/// for its lists of kernels, by the backends.
#pragma once

#include "formulas/latents.hpp"
#include "formulas/terms.hpp"
#include "formulas/vector_latents.hpp"
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

/// The kernels of a population P of several latents per object with the measurement M; the last two where P
/// is a sum of normal distributions.
#define STARLING_FOR_EACH_VECTOR_TERM(P, X) \
  X(starling::VectorPointTerm<P>)           \
  X(starling::VectorSamplesTerm<P>)         \
  X(starling::VectorInjectionTerm<P>)
#define STARLING_FOR_EACH_VECTOR_LATENT(P, M, X) \
  X(starling::VectorMetropolis<P, M>)            \
  X(starling::VectorSampled<P>)
#define STARLING_FOR_EACH_NORMAL_VECTOR_TERM(P, X) X(starling::NormalComponentsTerm<P>)
#define STARLING_FOR_EACH_NORMAL_VECTOR_LATENT(P, X) X(starling::VectorExact<P>)

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
#define STARLING_INSTANTIATE_VECTORS(P, M)                    \
  STARLING_FOR_EACH_VECTOR_TERM(P, STARLING_INSTANTIATE_TERM) \
  STARLING_FOR_EACH_VECTOR_LATENT(P, M, STARLING_INSTANTIATE_LATENT)
#define STARLING_INSTANTIATE_NORMAL_VECTORS(P)                       \
  STARLING_FOR_EACH_NORMAL_VECTOR_TERM(P, STARLING_INSTANTIATE_TERM) \
  STARLING_FOR_EACH_NORMAL_VECTOR_LATENT(P, STARLING_INSTANTIATE_LATENT)

/// Those of the model that this file is compiled for, by what cmake/StarlingModels.cmake says of it.
#if defined(STARLING_MODEL_VECTORS) && defined(STARLING_MODEL_NORMAL)
#define STARLING_INSTANTIATE_MODEL                                                        \
  STARLING_INSTANTIATE_VECTORS(STARLING_MODEL_POPULATION, STARLING_MODEL_OWN_MEASUREMENT) \
  STARLING_INSTANTIATE_NORMAL_VECTORS(STARLING_MODEL_POPULATION)
#elif defined(STARLING_MODEL_VECTORS)
#define STARLING_INSTANTIATE_MODEL \
  STARLING_INSTANTIATE_VECTORS(STARLING_MODEL_POPULATION, STARLING_MODEL_OWN_MEASUREMENT)
#elif defined(STARLING_MODEL_NORMAL)
#define STARLING_INSTANTIATE_MODEL                                                     \
  STARLING_INSTANTIATE_KERNELS(STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS) \
  STARLING_INSTANTIATE_NORMAL_KERNELS(STARLING_MODEL_MEASUREMENTS)
#else
#define STARLING_INSTANTIATE_MODEL \
  STARLING_INSTANTIATE_KERNELS(STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS)
#endif
