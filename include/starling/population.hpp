/// What a population p(mu | theta) must offer, and what it may offer to be faster.
///
/// A population is a small struct of functions; NormalPopulation (populations/normal.hpp) is the example, and
/// Schechter (populations/schechter.hpp) one with a fixed argument. Its log density is a template over the
/// real type R, so that the same text runs as float in CUDA kernels, as a SIMD batch on the CPU and as double
/// in the oracle. What depends on theta alone is prepared once per walker, on the host, in double.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "starling/math.hpp"
#include "starling/parameter.hpp"
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
  double resolution = 0;  ///< what floats resolve of the latents, in these units
  [[nodiscard]] double to(double x) const { return (x - shift) / scale; }
  [[nodiscard]] double from(double y) const { return shift + scale * y; }
};

/// Where walkers may start: one center and one spread per parameter of theta.
struct Start {
  std::vector<double> center, spread;
};

/// What a quick estimate may use of a catalog: its points (measured values, or medians of samples).
struct Points {
  double n;                  ///< how many
  double mean, variance;     ///< of the points
  double noise;              ///< mean variance of their noise; 0 for the naive fit
  double smallest, largest;  ///< of the points
};

template <class P>
concept Population = requires(const P& p, std::span<const double> theta,
                              const Coefficients<double, P::prepared_size>& prepared, double mu,
                              HostStream& stream, const Points& points) {
  { P::name } -> std::convertible_to<std::string_view>;
  { P::meaning } -> std::convertible_to<std::string_view>;
  { p.parameters() } -> std::same_as<std::vector<Parameter>>;
  /// What log_density needs of theta.
  { p.prepare(theta) } -> std::same_as<std::array<double, P::prepared_size>>;
  /// ln p(mu | theta), normalised; -infinity outside the support. A template over the real type, static.
  { P::log_density(prepared, mu) } -> std::same_as<double>;
  /// A draw of mu.
  { p.draw(theta, stream) } -> std::same_as<double>;
  /// A quick estimate of theta and its uncertainty, inside the parameters' ranges.
  { p.estimate(points) } -> std::same_as<Start>;
};

/// Optional: the interval outside of which the density is 0, and whether it moves with theta. Without it: all
/// real numbers.
template <class P>
concept HasSupport = requires(const P& p, std::span<const double> theta) {
  { P::support_moves } -> std::convertible_to<bool>;
  { p.support(theta) } -> std::same_as<std::pair<double, double>>;
};

/// Optional, beside a support: a point inside of it where the density jumps or has a kink, so that integrals
/// are taken on either side.
template <class P>
concept HasBreak = HasSupport<P> && requires(const P& p, std::span<const double> theta) {
  { p.break_in_support(theta) } -> std::same_as<double>;
};

/// Optional: fixed arguments.
template <class P>
concept HasArguments = requires(std::span<const double> values) {
  { P::arguments() } -> std::same_as<std::vector<Argument>>;
  P(values);
};

/// Optional: the cumulative distribution P(mu' <= mu | theta), in double.
template <class P>
concept HasCdf = requires(const P& p, std::span<const double> theta, double mu) {
  { p.cdf(theta, mu) } -> std::same_as<double>;
};

/// Optional: a joint prior on theta beside those of the single parameters, up to a constant: an order of
/// components, a Dirichlet density of weights; -infinity where theta is not allowed.
template <class P>
concept HasConstraint = requires(const P& p, std::span<const double> theta) {
  { p.log_constraint(theta) } -> std::same_as<double>;
};

/// Optional: ln p(mu | theta) - ln p(mu | reference) formed algebraically, with the precision of the
/// difference.
template <class P>
concept HasRatio = requires(const P& p, std::span<const double> theta,
                            const Coefficients<double, P::ratio_size>& ratio, double mu) {
  { p.prepare_ratio(theta, theta) } -> std::same_as<std::array<double, P::ratio_size>>;
  { P::log_ratio(ratio, mu) } -> std::same_as<double>;
};

/// Optional: an exponential family: a few sums over objects are all that theta needs of the latents. They are
/// taken relative to a walker's own theta (as prepared for the kernel, and rounded as there), so that nothing
/// cancels in them.
template <class P>
concept HasStatistics = requires(const P& p, const Coefficients<double, P::prepared_size>& current,
                                 std::span<const double> theta, std::span<const double> sums, double mu) {
  { P::statistics(current, mu) } -> std::same_as<Coefficients<double, P::statistics_size>>;
  /// sum over n objects of ln p(mu_i | theta), from the sums taken relative to `current`; n as a double.
  { p.log_density_sum(theta, current, sums, mu) } -> std::same_as<double>;
};

/// Optional: the family is closed under changes of unit, so that kernels can use units in which the catalog
/// is of order one: the population in the frame, and its theta. `frame_shifts`, `frame_scales`: which
/// changes.
template <class P>
concept HasFrame = requires(const P& p, std::span<const double> theta, Frame frame) {
  { P::frame_shifts } -> std::convertible_to<bool>;
  { P::frame_scales } -> std::convertible_to<bool>;
  /// The same population, its fixed arguments in the frame's units.
  { p.in_frame(frame) } -> std::same_as<P>;
  /// theta of (mu - shift) / scale: an array, or a vector where the number of parameters is an argument.
  { p.to_frame(theta, frame) } -> std::convertible_to<std::span<const double>>;
};

/// Optional: ln p(x | theta) for x = mu + noise of a known variance, where normal noise leaves a closed form.
template <class P>
concept HasNoisyDensity = requires(const Coefficients<double, P::prepared_size>& prepared, double x,
                                   double variance) {
  { P::log_density_with_noise(prepared, x, variance) } -> std::same_as<double>;
};

/// Optional: mu = location + scale * eta, the density of eta free of location and scale, which are the first
/// two parameters; gives interweaving.
template <class P>
concept LocationScale = requires(const P& p, std::span<const double> theta) {
  { p.location_scale(theta) } -> std::same_as<std::pair<double, double>>;
};

/// Optional: mu is the log10 of what the population is about (a mass, a luminosity).
template <class P>
constexpr bool is_log10() {
  if constexpr (requires { P::latent_is_log10; })
    return P::latent_is_log10;
  else
    return false;
}

// ---- the optional parts, with what stands in for them

template <class P>
constexpr int statistics_size() {
  if constexpr (HasStatistics<P>)
    return P::statistics_size;
  else
    return 0;
}

/// P from its fixed arguments (none where it has none).
template <class P>
P make_population(std::span<const double> arguments) {
  if constexpr (HasArguments<P>)
    return P(arguments);
  else
    return P{};
}

template <class P>
P in_frame(const P& p, Frame frame) {
  if constexpr (HasFrame<P>)
    return p.in_frame(frame);
  else
    return p;
}

/// out: as many as theta has.
template <class P>
void to_frame(const P& p, std::span<const double> theta, Frame frame, double* out) {
  if constexpr (HasFrame<P>) {
    const auto framed = p.to_frame(theta, frame);
    std::copy(framed.begin(), framed.end(), out);
  } else {
    std::copy(theta.begin(), theta.end(), out);
  }
}

}  // namespace starling
