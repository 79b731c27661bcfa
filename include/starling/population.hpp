/// What a population p(mu | theta) must offer, and what it may offer to be faster.
///
/// A population is a struct of static functions; NormalPopulation (populations/normal.hpp) is the example.
/// Its formulas are templates over the real type R, so that the same text runs as float in CUDA kernels, as a
/// SIMD batch on the CPU and as double in the oracle. What depends on theta alone is prepared once per
/// walker, on the host, in double.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "starling/math.hpp"
#include "starling/model.hpp"
#include "starling/random.hpp"

namespace starling {

/// Numbers that a formula needs of one walker, as prepared on the host.
template <class R, int N>
struct Coefficients {
  R v[N];
  STARLING_HD const R& operator[](int i) const { return v[i]; }
  STARLING_HD R& operator[](int i) { return v[i]; }
};

/// Kernels work in units in which the catalog is of order one: y = (x - shift) / scale.
struct Frame {
  double shift = 0;
  double scale = 1;
  [[nodiscard]] double to(double x) const { return (x - shift) / scale; }
  [[nodiscard]] double from(double y) const { return shift + scale * y; }
};

/// Where walkers may start: one center and one spread per parameter of theta.
struct Start {
  std::vector<double> center, spread;
};

template <class P>
concept Population = requires(std::span<const double> theta,
                              const Coefficients<double, P::prepared_size>& prepared, double mu,
                              HostStream& stream) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::meaning } -> std::convertible_to<std::string_view>;
  { P::parameters() } -> std::same_as<std::vector<Parameter>>;
  /// What log_density needs of theta.
  { P::prepare(theta) } -> std::same_as<std::array<double, P::prepared_size>>;
  /// ln p(mu | theta), normalised; -infinity outside the support.
  { P::log_density(prepared, mu) } -> std::same_as<double>;
  /// A draw of mu.
  { P::draw(theta, stream) } -> std::same_as<double>;
};

/// Optional: ln p(mu | theta) - ln p(mu | reference) formed algebraically, with the precision of the
/// difference.
template <class P>
concept HasRatio = requires(std::span<const double> theta, const Coefficients<double, P::ratio_size>& ratio,
                            double mu) {
  { P::prepare_ratio(theta, theta) } -> std::same_as<std::array<double, P::ratio_size>>;
  { P::log_ratio(ratio, mu) } -> std::same_as<double>;
};

/// Optional: an exponential family. statistics(mu) summed over objects is all that theta needs of the
/// latents.
template <class P>
concept HasStatistics = requires(std::span<const double> theta, std::span<const double> sums, double mu) {
  { P::statistics(mu) } -> std::same_as<Coefficients<double, P::statistics_size>>;
  /// sum over n objects of ln p(mu_i | theta).
  { P::log_density_sum(theta, sums, mu) } -> std::same_as<double>;
};

/// Optional: mu = location + scale * eta with eta free of theta; gives interweaving and the kernels' own
/// units.
template <class P>
concept LocationScale = requires(std::span<const double> theta, Frame frame) {
  { P::location_scale(theta) } -> std::same_as<std::pair<double, double>>;
  /// theta of (mu - shift) / scale.
  { P::to_frame(theta, frame) } -> std::same_as<std::vector<double>>;
};

/// Optional: a quick estimate of theta and its uncertainty from N points of mean m and variance v whose noise
/// has the mean variance `noise` (0 for the naive fit).
template <class P>
concept HasEstimate = requires(double m) {
  { P::estimate(m, m, m, m) } -> std::same_as<Start>;
};

// ---- the optional parts, with their fallbacks

template <class P>
constexpr int ratio_size() {
  if constexpr (HasRatio<P>)
    return P::ratio_size;
  else
    return 2 * P::prepared_size;
}

template <class P>
std::array<double, ratio_size<P>()> prepare_ratio(std::span<const double> theta,
                                                  std::span<const double> reference) {
  if constexpr (HasRatio<P>) {
    return P::prepare_ratio(theta, reference);
  } else {
    std::array<double, ratio_size<P>()> both;
    const auto a = P::prepare(theta), b = P::prepare(reference);
    for (int j = 0; j < P::prepared_size; ++j) {
      both[j] = a[j];
      both[P::prepared_size + j] = b[j];
    }
    return both;
  }
}

template <class P, class R>
STARLING_HD R log_ratio(const Coefficients<R, ratio_size<P>()>& c, R mu) {
  if constexpr (HasRatio<P>) {
    return P::log_ratio(c, mu);
  } else {
    Coefficients<R, P::prepared_size> a, b;
    for (int j = 0; j < P::prepared_size; ++j) {
      a[j] = c[j];
      b[j] = c[P::prepared_size + j];
    }
    return P::log_density(a, mu) - P::log_density(b, mu);
  }
}

template <class P>
std::vector<double> to_frame(std::span<const double> theta, Frame frame) {
  if constexpr (LocationScale<P>)
    return P::to_frame(theta, frame);
  else
    return {theta.begin(), theta.end()};
}

template <class P>
constexpr int statistics_size() {
  if constexpr (HasStatistics<P>)
    return P::statistics_size;
  else
    return 0;
}

}  // namespace starling
