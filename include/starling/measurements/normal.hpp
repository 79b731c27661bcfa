/// Normal measurement noise: x ~ N(mu, (noise_scale sigma_i)^2), with noise_scale = 1 or unknown.
#pragma once

#include "starling/measurement.hpp"

namespace starling {

/// Formulas of normal noise; the coefficient is {1 / noise_scale^2}.
struct NormalNoiseFormulas {
  static constexpr int prepared_size = 1;
  template <class R>
  static STARLING_HD R log_ratio(const Coefficients<R, 1>& c, const Datum<R>& datum, R proposed, R mu) {
    // -1/2 [(x - proposed)^2 - (x - mu)^2], without cancellation
    const R middle = R(0.5f) * (proposed + mu);
    return datum.precision * c[0] * (proposed - mu) * (datum.x - middle);
  }
};

/// Known noise: sigma_i is the standard deviation of object i's noise.
struct NormalNoise : NormalNoiseFormulas {
  static constexpr std::string_view name = "normal";
  static constexpr std::string_view meaning = "x ~ N(mu, sigma^2), sigma known: one number or one per object";
  static std::vector<Parameter> parameters() { return {}; }
  static std::array<double, 1> prepare(std::span<const double>) { return {1}; }
};

/// Unknown noise: a hyperparameter noise_scale multiplies every sigma_i (1 where the catalog has none).
struct NormalUnknownNoise : NormalNoiseFormulas {
  static constexpr std::string_view name = "normal_unknown_noise";
  static constexpr std::string_view meaning =
      "x ~ N(mu, (noise_scale sigma)^2), noise_scale unknown; sigma = 1 where the catalog has none";
  static std::vector<Parameter> parameters() {
    return {{"noise_scale", 0, std::numeric_limits<double>::infinity(), "factor on every object's noise"}};
  }
  static std::array<double, 1> prepare(std::span<const double> theta) { return {1 / (theta[0] * theta[0])}; }
};

static_assert(Measurement<NormalNoise> && Measurement<NormalUnknownNoise>);

}  // namespace starling
