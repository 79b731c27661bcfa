/// Somebody's own measurement: x is off by an error of density exp(-|x - mu| / b) / (2 b) (Laplace).
#pragma once

#include <starling/measurement.hpp>

struct LaplaceNoise {
  static constexpr std::string_view name = "laplace";
  static constexpr std::string_view meaning = "x ~ Laplace(mu, b): errors with a peak and long tails";
  static constexpr bool frame_shifts = true, frame_scales = true, kink = true;

  static std::vector<starling::Parameter> parameters() { return {}; }
  static std::vector<starling::Column> columns() {
    return {{"x", true, 0, starling::Column::Values::any, "measured value"},
            {"b", true, 0, starling::Column::Values::positive, "mean size of the error"}};
  }
  static std::array<double, 2> prepare(std::span<const double>, starling::Frame) { return {}; }

  // once per object, on the host, in double: {where the likelihood peaks, {whatever the formulas need}}
  static starling::Datum<double> datum(starling::Row row, starling::Frame frame) {
    return {frame.to(row[0]), {frame.scale / row[1], 0, 0}};
  }
  // once per object and walker, at mu = center + deviation
  template <class R>
  static STARLING_HD R log_likelihood(const starling::Coefficients<R, 2>&, const starling::Datum<R>& d,
                                      R deviation) {
    return R(0.0f) - d.v[0] * starling::math::larger(deviation, R(0.0f) - deviation);
  }
  static double log_constant(starling::Row row, starling::Frame) { return -std::log(2 * row[1]); }
  static double draw(std::span<const double>, starling::Row row, double mu, starling::HostStream& stream) {
    const double size = -row[1] * std::log(stream.uniform());
    return stream.uniform() < 0.5 ? mu - size : mu + size;
  }
};
