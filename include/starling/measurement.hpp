/// What a measurement p(x | mu) must offer.
///
/// A measurement is a small struct of functions, as a population is; NormalNoise (measurements/normal.hpp) is
/// the example. An object's numbers are prepared once, on the host, in double: `datum`. Its log likelihood is
/// a template over the real type, evaluated in the kernels for every walker.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "starling/population.hpp"

namespace starling {

/// What formulas read of one object, in the kernels' units.
template <class R>
struct Datum {
  R center;  ///< a value of mu where the likelihood is high: latents start there; x, for normal noise
  R v[3];    ///< whatever the measurement's formulas need
};

/// Numbers that a measurement's formulas need of a walker (its own hyperparameters).
inline constexpr int kMeasurementCoefficients = 2;

/// One object's values of M::columns(), in that order, in the catalog's units.
using Row = std::span<const double>;

template <class M>
concept Measurement = requires(const M& m, std::span<const double> theta,
                               const Coefficients<double, kMeasurementCoefficients>& prepared,
                               const Datum<double>& datum, double mu, double deviation, Row row, Frame frame,
                               HostStream& stream) {
  { M::name } -> std::convertible_to<std::string_view>;
  { M::meaning } -> std::convertible_to<std::string_view>;
  /// Its own hyperparameters, which follow the population's in theta.
  { m.parameters() } -> std::same_as<std::vector<Parameter>>;
  { M::columns() } -> std::same_as<std::vector<Column>>;
  /// Which changes of the unit of mu its datum can follow.
  { M::frame_shifts } -> std::convertible_to<bool>;
  { M::frame_scales } -> std::convertible_to<bool>;
  { m.datum(row, frame) } -> std::same_as<Datum<double>>;
  /// What the formulas need of the measurement's own hyperparameters.
  { m.prepare(theta, frame) } -> std::same_as<std::array<double, kMeasurementCoefficients>>;
  /// ln p(x | mu) less what depends on neither mu nor theta; -infinity where x is impossible. It is asked for
  /// at mu = center + deviation: where noise is small, floats hold a deviation better than a difference.
  { M::log_likelihood(prepared, datum, deviation) } -> std::same_as<double>;
  /// What log_likelihood left out for this frame's datum, so that likelihoods can be compared between models
  /// (catalog's units).
  { m.log_constant(row, frame) } -> std::same_as<double>;
  /// A measured value x of an object whose other columns are in `row`.
  { m.draw(theta, row, mu, stream) } -> std::same_as<double>;
};

/// Optional: P(x > limit | mu) of an object whose other columns are in `row`, for catalogs cut at a measured
/// value.
template <class M>
concept HasProbabilityAbove = requires(const M& m, std::span<const double> theta, Row row, double mu) {
  { m.probability_above(theta, row, mu, mu) } -> std::same_as<double>;
};

/// Optional: normal noise of known precision v[0] for every object up to hyperparameters, which gives sums
/// instead of a loop over the objects in the theta step, and closed forms with a normal population.
template <class M>
concept NormalLike = requires(const Coefficients<double, kMeasurementCoefficients>& prepared, double w) {
  /// The precision of an object's noise from that of its catalog sigma.
  { M::precision(prepared, w) } -> std::same_as<double>;
  /// Whether that is w times a factor common to all objects: then sums over the objects say all.
  { M::precision_scales } -> std::convertible_to<bool>;
};

/// Normal noise of which the sums say all that a theta step asks for.
template <class M>
constexpr bool has_noise_sums() {
  if constexpr (NormalLike<M>)
    return M::precision_scales;
  else
    return false;
}

/// Optional: the interval outside of which mu makes no sense, and what mu is, in words: "a rate".
template <class M>
concept HasRange = requires {
  { M::range } -> std::convertible_to<std::pair<double, double>>;
  { M::latent } -> std::convertible_to<std::string_view>;
};

/// Optional: what the values of the columns of one object may be together; "" if they are possible.
template <class M>
concept ChecksRows = requires(Row row) {
  { M::complaint(row) } -> std::convertible_to<std::string>;
};

/// Optional: whether the likelihood has a kink at the datum's center, on either side of which integrals are
/// then taken.
template <class M>
constexpr bool has_kink() {
  if constexpr (requires { M::kink; })
    return M::kink;
  else
    return false;
}

}  // namespace starling
