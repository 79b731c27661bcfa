/// What a measurement p(x | mu) must offer.
#pragma once

#include <concepts>
#include <span>
#include <string_view>
#include <vector>

#include "starling/population.hpp"

namespace starling {

/// Numbers that a formula needs of one object's measurement, in the kernels' units.
template <class R>
struct Datum {
  R x;          ///< measured value
  R precision;  ///< 1 / sigma^2
};

/// A measurement of one number x with noise. Its own hyperparameters follow the population's in theta.
template <class M>
concept Measurement = requires(std::span<const double> theta,
                               const Coefficients<double, M::prepared_size>& prepared,
                               const Datum<double>& datum, double mu) {
  { M::name } -> std::convertible_to<std::string_view>;
  { M::meaning } -> std::convertible_to<std::string_view>;
  { M::parameters() } -> std::same_as<std::vector<Parameter>>;
  /// What the formulas need of the measurement's own hyperparameters.
  { M::prepare(theta) } -> std::same_as<std::array<double, M::prepared_size>>;
  /// ln p(x | proposed) - ln p(x | mu).
  { M::log_ratio(prepared, datum, mu, mu) } -> std::same_as<double>;
};

}  // namespace starling
