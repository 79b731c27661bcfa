/// Asymmetric errors as catalogs quote them, x with +sigma_plus -sigma_minus: two half normals joined at x
/// (Fechner's distribution, as a function of mu).
#pragma once

#include "starling/measurements/normal.hpp"

namespace starling {

/// Datum {x; 1 / sigma_minus^2; 1 / sigma_plus^2}.
struct TwoSidedNormal {
  static constexpr std::string_view name = "two_sided_normal";
  static constexpr std::string_view meaning =
      "x with errors -sigma_minus and +sigma_plus: likelihood of mu by two half normals";
  static constexpr bool frame_shifts = true, frame_scales = true, kink = true;

  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {NormalColumns::x(),
            {"sigma_minus", true, 0, Column::Values::positive, "error towards lower mu"},
            {"sigma_plus", true, 0, Column::Values::positive, "error towards higher mu"}};
  }
  static Datum<double> datum(Row row, Frame frame) {
    const double minus = NormalColumns::sigma_in(frame, row[1]),
                 plus = NormalColumns::sigma_in(frame, row[2]);
    return {frame.to(row[0]), {1 / (minus * minus), 1 / (plus * plus), 0}};
  }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    const R precision = math::select<R>(deviation > R(0.0f), d.v[1], d.v[0]);
    return R(-0.5f) * precision * (deviation * deviation);
  }
  static double log_constant(Row row, Frame frame) {
    const double both = NormalColumns::sigma_in(frame, row[1]) + NormalColumns::sigma_in(frame, row[2]);
    return -0.22579135264472743236 - std::log(frame.scale * both);  // sqrt(2/pi)
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    // mu - x lies above 0 as often as sigma_plus is larger
    const bool above = stream.uniform() * (row[1] + row[2]) < row[2];
    const double size = std::abs(stream.normal());
    return above ? mu - row[2] * size : mu + row[1] * size;
  }
};

static_assert(Measurement<TwoSidedNormal>);

}  // namespace starling
