/// The measurements' formulas in kernels: one set of measurements is compiled into a kernel, and the objects
/// say which of them they follow. The choice is the same for all objects of a catalog, so a warp or a SIMD
/// batch never splits.
#pragma once

#include "formulas/objects.hpp"
#include "starling/measurements/binomial.hpp"
#include "starling/measurements/censored.hpp"
#include "starling/measurements/flux.hpp"
#include "starling/measurements/normal.hpp"
#include "starling/measurements/poisson.hpp"
#include "starling/measurements/student_t.hpp"
#include "starling/measurements/two_sided.hpp"

namespace starling {

/// One of Ms, by its number.
template <class... Ms>
struct MeasurementSet {
  static constexpr std::uint32_t size = sizeof...(Ms);

  template <class R>
  static STARLING_HD R log_likelihood([[maybe_unused]] std::uint32_t which,
                                      [[maybe_unused]] const Coefficients<R, kMeasurementCoefficients>& c,
                                      [[maybe_unused]] const Datum<R>& d, [[maybe_unused]] R deviation) {
    R result(0.0f);
    [[maybe_unused]] std::uint32_t number = 0;
    ((number++ == which ? (result = Ms::template log_likelihood<R>(c, d, deviation), void()) : void()), ...);
    return result;
  }
  /// Precision of normal noise; 0 for measurements that are not like normal ones.
  template <class R>
  static STARLING_HD R precision([[maybe_unused]] std::uint32_t which,
                                 [[maybe_unused]] const Coefficients<R, kMeasurementCoefficients>& c,
                                 [[maybe_unused]] R w) {
    R result(0.0f);
    [[maybe_unused]] std::uint32_t number = 0;
    ((number++ == which ? (result = precision_of<Ms, R>(c, w), void()) : void()), ...);
    return result;
  }
  /// Whether sums over x - mu with weights 1 / sigma^2 say all of the likelihood.
  static STARLING_HD bool has_noise_sums([[maybe_unused]] std::uint32_t which) {
    bool result = false;
    [[maybe_unused]] std::uint32_t number = 0;
    ((number++ == which ? (result = starling::has_noise_sums<Ms>(), void()) : void()), ...);
    return result;
  }

 private:
  template <class M, class R>
  static STARLING_HD R precision_of(const Coefficients<R, kMeasurementCoefficients>& c, R w) {
    if constexpr (NormalLike<M>)
      return M::precision(c, w);
    else
      return R(0.0f);
  }
};

/// All that are built in; a measurement's number is its place in this list.
using BuiltinMeasurements = MeasurementSet<NormalNoise, NormalUnknownNoise, NormalExtraScatter, StudentTNoise,
                                           TwoSidedNormal, CensoredNormal, Flux, LogFlux, PoissonCounts,
                                           PoissonLogRate, BinomialCounts, BinomialLogit>;

/// The built-in ones and one of somebody's own, which is the last.
template <class Set, class M>
struct ExtendedSet;
template <class... Ms, class M>
struct ExtendedSet<MeasurementSet<Ms...>, M> {
  using Type = MeasurementSet<Ms..., M>;
};
template <class M>
using BuiltinMeasurementsAnd = typename ExtendedSet<BuiltinMeasurements, M>::Type;

/// Object columns 0 to 3.
template <class R, class S>
STARLING_HD Datum<R> datum_of(const ObjectView<S>& objects, std::uint64_t i) {
  Datum<R> d{R(objects.column[0][i]), {R(0.0f), R(0.0f), R(0.0f)}};
  for (int j = 0; j < 3; ++j)
    if (objects.column[1 + j] != nullptr) d.v[j] = R(objects.column[1 + j][i]);
  return d;
}

}  // namespace starling
