/// Noise with heavy tails: (x - mu) / sigma follows Student's t with nu degrees of freedom.
#pragma once

#include "starling/error.hpp"
#include "starling/measurements/normal.hpp"

namespace starling {

/// Datum {x; 1 / sigma^2}; coefficients {-(nu + 1) / 2, 1 / nu}.
struct StudentTNoise : NormalColumns {
  static constexpr std::string_view name = "student_t";
  static constexpr std::string_view meaning = "(x - mu) / sigma ~ t(nu): outliers among the measured values";

  double nu = 5;
  StudentTNoise() = default;
  explicit StudentTNoise(std::span<const double> arguments) : nu(arguments[0]) {}
  static std::vector<Argument> arguments() { return {{"nu", 5, 0, 1e6, "degrees of freedom"}}; }

  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() { return NormalNoise::columns(); }
  std::array<double, 2> prepare(std::span<const double>, Frame) const { return {-0.5 * (nu + 1), 1 / nu}; }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>& c, const Datum<R>& d, R deviation) {
    return c[0] * math::log1p(d.v[0] * c[1] * (deviation * deviation));
  }
  double log_constant(Row row, Frame frame) const {
    return std::lgamma(0.5 * (nu + 1)) - std::lgamma(0.5 * nu) - 0.5 * std::log(0.5 * nu) +
           NormalColumns::log_constant(row, frame);
  }
  double draw(std::span<const double>, Row row, double mu, HostStream& stream) const {
    // Bailey 1994: the polar method for t
    for (;;) {
      const double u = 2 * stream.uniform() - 1, v = 2 * stream.uniform() - 1, w = u * u + v * v;
      if (w > 0 && w < 1) return mu + row[1] * u * std::sqrt(nu * (std::pow(w, -2 / nu) - 1) / w);
    }
  }
};

static_assert(Measurement<StudentTNoise>);

}  // namespace starling
