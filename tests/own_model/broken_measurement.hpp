/// A mistake: datum lacks its frame.
#pragma once

#include <starling/measurement.hpp>

struct BrokenNoise {
  static constexpr std::string_view name = "broken";
  static constexpr std::string_view meaning = "its datum knows no units";
  static constexpr bool frame_shifts = true, frame_scales = true;
  static std::vector<starling::Parameter> parameters() { return {}; }
  static std::vector<starling::Column> columns() {
    return {{"x", true, 0, starling::Column::Values::any, "measured value"}};
  }
  static std::array<double, 2> prepare(std::span<const double>, starling::Frame) { return {}; }
  static starling::Datum<double> datum(starling::Row row) { return {row[0], {}}; }
  template <class R>
  static STARLING_HD R log_likelihood(const starling::Coefficients<R, 2>&, const starling::Datum<R>&,
                                      R deviation) {
    return R(-0.5f) * deviation * deviation;
  }
  static double log_constant(starling::Row, starling::Frame) { return 0; }
  static double draw(std::span<const double>, starling::Row, double mu, starling::HostStream&) { return mu; }
};
