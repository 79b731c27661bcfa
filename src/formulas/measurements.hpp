/// The measurements' formulas in kernels: one set of measurements is compiled into a kernel, and the objects
/// say which of them they follow. The choice is the same for all objects of a catalog, so a warp or a SIMD
/// batch never splits.
#pragma once

#include <tuple>

#include "formulas/objects.hpp"
#include "starling/measurements/binomial.hpp"
#include "starling/measurements/censored.hpp"
#include "starling/measurements/flux.hpp"
#include "starling/measurements/normal.hpp"
#include "starling/measurements/poisson.hpp"
#include "starling/measurements/student_t.hpp"
#include "starling/measurements/two_sided.hpp"

namespace starling {

/// Stands in a set for one that cannot occur, and is not compiled.
struct NoMeasurement {};

/// One of Ms, by its number.
template <class... Ms>
struct MeasurementSet {
  static constexpr std::uint32_t size = sizeof...(Ms);

  /// Calls f.template operator()<M>() for the measurement of that number, which it finds by halving.
  template <class F>
  static STARLING_HD void visit(std::uint32_t which, const F& f) {
    if constexpr (size > 0) visit_between<0, size>(which, f);
  }

  /// Of one object, or of several, so that the choice is made once for them; 0 without measurements.
  template <class R>
  static STARLING_HD R log_likelihood(std::uint32_t which, const Coefficients<R, kMeasurementCoefficients>& c,
                                      const Datum<R>& d, R deviation) {
    R result(0.0f);
    log_likelihoods<1, R>(which, c, &d, &deviation, &result);
    return result;
  }
  template <int count, class R>
  static STARLING_HD void log_likelihoods(std::uint32_t which,
                                          const Coefficients<R, kMeasurementCoefficients>& c,
                                          const Datum<R>* d, const R* deviation, R* result) {
    visit(which, [&]<class M>() {
      for (int j = 0; j < count; ++j) result[j] = M::template log_likelihood<R>(c, d[j], deviation[j]);
    });
  }
  /// Precisions of normal noise from the datum's; 0 for measurements that are not like normal ones.
  template <int count, class R>
  static STARLING_HD void precisions(std::uint32_t which, const Coefficients<R, kMeasurementCoefficients>& c,
                                     R* w) {
    visit(which, [&]<class M>() {
      for (int j = 0; j < count; ++j)
        if constexpr (NormalLike<M>)
          w[j] = M::precision(c, w[j]);
        else
          w[j] = R(0.0f);
    });
  }
  /// Whether sums over x - mu with weights 1 / sigma^2 say all of the likelihood.
  static STARLING_HD bool has_noise_sums(std::uint32_t which) {
    bool result = false;
    visit(which, [&]<class M>() { result = starling::has_noise_sums<M>(); });
    return result;
  }

 private:
  template <std::uint32_t first, std::uint32_t last, class F>
  static STARLING_HD void visit_between(std::uint32_t which, const F& f) {
    if constexpr (last - first == 1) {
      using M = std::tuple_element_t<first, std::tuple<Ms...>>;
      if constexpr (!std::is_same_v<M, NoMeasurement>)
        if (which == first) f.template operator()<M>();
    } else {
      constexpr std::uint32_t middle = (first + last) / 2;
      if (which < middle)
        visit_between<first, middle>(which, f);
      else
        visit_between<middle, last>(which, f);
    }
  }
};

/// A set without those that are not like normal noise; the others keep their numbers.
template <class Set>
struct NormalLikeOf;
template <class... Ms>
struct NormalLikeOf<MeasurementSet<Ms...>> {
  using Type = MeasurementSet<std::conditional_t<NormalLike<Ms>, Ms, NoMeasurement>...>;
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

/// Object columns 0 to 3 of the objects first + offset(0), first + offset(1), ...
template <int count, class R, class S, class Offset>
STARLING_HD_INLINED void load_data(const ObjectView<S>& objects, std::uint64_t first, const Offset& offset,
                                   Datum<R>* datum) {
  const S* center = objects.column[0] + first;
  for (int j = 0; j < count; ++j) datum[j].center = R(center[offset(j)]);
  for (int v = 0; v < 3; ++v) {
    if (objects.column[1 + v] != nullptr) {
      const S* column = objects.column[1 + v] + first;
      for (int j = 0; j < count; ++j) datum[j].v[v] = R(column[offset(j)]);
    } else {
      for (int j = 0; j < count; ++j) datum[j].v[v] = R(0.0f);
    }
  }
}
template <class R, class S>
STARLING_HD Datum<R> datum_of(const ObjectView<S>& objects, std::uint64_t i) {
  Datum<R> datum;
  load_data<1, R>(
      objects, i, [](int) { return 0; }, &datum);
  return datum;
}

}  // namespace starling
