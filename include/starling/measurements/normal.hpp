/// Normal noise: x ~ N(mu, V_i), with V_i = sigma_i^2 known, scaled by an unknown factor, or with an unknown
/// scatter in quadrature.
#pragma once

#include "starling/measurement.hpp"

namespace starling {

/// What the three have in common: datum {x; 1 / sigma^2}.
struct NormalColumns {
  static constexpr bool frame_shifts = true, frame_scales = true;
  /// No measured value fixes a latent better than floats resolve it.
  static double sigma_in(Frame frame, double sigma) {
    return std::max(sigma / frame.scale, frame.resolution);
  }

  static Datum<double> datum(Row row, Frame frame) {
    const double sigma = sigma_in(frame, row[1]);
    return {frame.to(row[0]), {1 / (sigma * sigma), 0, 0}};
  }
  /// Of the noise that the datum has.
  static double log_constant(Row row, Frame frame) {
    return -0.91893853320467274178 - std::log(frame.scale * sigma_in(frame, row[1]));
  }
  /// P(N(mu, sigma^2) > limit)
  static double normal_above(double mu, double sigma, double limit) {
    return 0.5 * std::erfc((limit - mu) / (sigma * 1.41421356237309504880));
  }
  static Column x() { return {"x", true, 0, Column::Values::any, "measured value"}; }
};

/// Known noise: sigma_i is the standard deviation of object i's noise.
struct NormalNoise : NormalColumns {
  static constexpr std::string_view name = "normal";
  static constexpr bool precision_scales = true;
  static constexpr std::string_view meaning = "x ~ N(mu, sigma^2), sigma known: one number or one per object";
  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {x(), {"sigma", true, 0, Column::Values::positive, "standard deviation of the noise"}};
  }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
  template <class R>
  static STARLING_HD R precision(const Coefficients<R, 2>&, R w) {
    return w;
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    return R(-0.5f) * d.v[0] * (deviation * deviation);
  }
  static double probability_above(std::span<const double>, Row row, double mu, double limit) {
    return normal_above(mu, row[1], limit);
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return mu + row[1] * stream.normal();
  }
};

/// Unknown noise: a hyperparameter noise_scale multiplies every sigma_i. Coefficients {1 / noise_scale^2,
/// -ln noise_scale}.
struct NormalUnknownNoise : NormalColumns {
  static constexpr std::string_view name = "normal_unknown_noise";
  static constexpr bool precision_scales = true;
  static constexpr std::string_view meaning =
      "x ~ N(mu, (noise_scale sigma)^2), noise_scale unknown; sigma = 1 where the catalog has none";
  static std::vector<Parameter> parameters() {
    return {{"noise_scale", 0, std::numeric_limits<double>::infinity(), "factor on every object's noise",
             "log_normal(0, 2)"}};
  }
  static std::vector<Column> columns() {
    return {x(), {"sigma", false, 1, Column::Values::positive, "relative standard deviation of the noise"}};
  }
  static std::array<double, 2> prepare(std::span<const double> theta, Frame) {
    return {1 / (theta[0] * theta[0]), -std::log(theta[0])};
  }
  template <class R>
  static STARLING_HD R precision(const Coefficients<R, 2>& c, R w) {
    return c[0] * w;
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>& c, const Datum<R>& d, R deviation) {
    return math::fma(R(-0.5f) * d.v[0] * c[0] * deviation, deviation, c[1]);
  }
  static double probability_above(std::span<const double> theta, Row row, double mu, double limit) {
    return normal_above(mu, theta[0] * row[1], limit);
  }
  static double draw(std::span<const double> theta, Row row, double mu, HostStream& stream) {
    return mu + theta[0] * row[1] * stream.normal();
  }
};

/// An unknown scatter beside the quoted noise. Coefficient {extra_scatter^2}.
struct NormalExtraScatter : NormalColumns {
  static constexpr std::string_view name = "normal_extra_scatter";
  static constexpr bool precision_scales = false;
  static constexpr std::string_view meaning =
      "x ~ N(mu, sigma^2 + extra_scatter^2), sigma known, extra_scatter unknown";
  static std::vector<Parameter> parameters() {
    return {{"extra_scatter", 0, std::numeric_limits<double>::infinity(),
             "standard deviation of the noise that sigma leaves out", "half_cauchy(1)"}};
  }
  static std::vector<Column> columns() { return NormalNoise::columns(); }
  static std::array<double, 2> prepare(std::span<const double> theta, Frame frame) {
    const double s = theta[0] / frame.scale;
    return {s * s, 0};
  }
  template <class R>
  static STARLING_HD R precision(const Coefficients<R, 2>& c, R w) {
    return w / math::fma(c[0], w, R(1.0f));
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>& c, const Datum<R>& d, R deviation) {
    const R w = precision(c, d.v[0]);
    return R(-0.5f) * math::fma(w * deviation, deviation, math::log1p(c[0] * d.v[0]));
  }
  static double probability_above(std::span<const double> theta, Row row, double mu, double limit) {
    return normal_above(mu, std::hypot(theta[0], row[1]), limit);
  }
  static double draw(std::span<const double> theta, Row row, double mu, HostStream& stream) {
    return mu + std::hypot(theta[0], row[1]) * stream.normal();
  }
};

static_assert(Measurement<NormalNoise> && NormalLike<NormalNoise>);
static_assert(Measurement<NormalUnknownNoise> && NormalLike<NormalUnknownNoise>);
static_assert(Measurement<NormalExtraScatter> && NormalLike<NormalExtraScatter>);

}  // namespace starling
