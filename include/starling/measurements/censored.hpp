/// Upper and lower limits among detections: the noisy value is known to lie below (above) x only.
#pragma once

#include "starling/measurements/normal.hpp"

namespace starling {

/// Datum {x; 1 / sigma; 0 detected, 1 upper limit, -1 lower limit}.
struct CensoredNormal {
  static constexpr std::string_view name = "censored_normal";
  static constexpr std::string_view meaning =
      "x ~ N(mu, sigma^2) where limit = 0; limit = 1: an upper limit x; limit = -1: a lower limit x";
  static constexpr bool frame_shifts = true, frame_scales = true;

  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {NormalColumns::x(),
            {"sigma", true, 0, Column::Values::positive, "standard deviation of the noise"},
            {"limit", true, 0, Column::Values::any, "0: detected, 1: x is an upper limit, -1: a lower one"}};
  }
  static Datum<double> datum(Row row, Frame frame) {
    const double kind = row[2] > 0 ? 1 : row[2] < 0 ? -1 : 0;
    return {frame.to(row[0]), {1 / NormalColumns::sigma_in(frame, row[1]), kind, 0}};
  }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    const R z = R(0.0f) - deviation * d.v[0];
    const math::Mask<R> detected = !((d.v[1] > R(0.5f)) | (d.v[1] < R(-0.5f)));
    return math::select<R>(detected, R(-0.5f) * (z * z), math::log_normal_cdf(z * d.v[1]));
  }
  static double log_constant(Row row, Frame frame) {
    return row[2] == 0 ? NormalColumns::log_constant(row, frame) : 0;
  }
  /// A detected value: which objects have limits is the survey's choice.
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return mu + row[1] * stream.normal();
  }
};

static_assert(Measurement<CensoredNormal>);

}  // namespace starling
