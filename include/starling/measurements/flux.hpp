/// Fluxes of sources at known distances: the latent is the luminosity, or its logarithm; noise is normal in
/// flux, so faint sources may have negative ones.
#pragma once

#include "starling/measurements/normal.hpp"

namespace starling {

/// What both share: columns, and 4 pi distance^2.
struct FluxColumns {
  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {{"x", true, 0, Column::Values::any, "measured flux"},
            {"sigma", true, 0, Column::Values::positive, "standard deviation of its noise"},
            {"distance", true, 0, Column::Values::positive,
             "luminosity distance: flux = luminosity / (4 pi distance^2)"}};
  }
  static double area(Row row) { return 12.566370614359172954 * row[2] * row[2]; }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
};

/// mu is the luminosity: normal noise of x 4 pi d^2. Datum {x 4 pi d^2; precision}.
struct Flux : FluxColumns {
  static constexpr std::string_view name = "flux";
  static constexpr std::string_view meaning = "x ~ N(mu / (4 pi distance^2), sigma^2): mu is a luminosity";
  static constexpr bool frame_shifts = true, frame_scales = true;

  static constexpr bool precision_scales = true;

  static Datum<double> datum(Row row, Frame frame) {
    const double values[2] = {row[0] * area(row), row[1] * area(row)};
    return NormalColumns::datum(values, frame);
  }
  static double log_constant(Row row, Frame frame) {
    const double values[2] = {row[0] * area(row), row[1] * area(row)};
    return NormalColumns::log_constant(values, frame) + std::log(area(row));
  }
  template <class R>
  static STARLING_HD R precision(const Coefficients<R, 2>&, R w) {
    return w;
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>& c, const Datum<R>& d, R deviation) {
    return NormalNoise::log_likelihood(c, d, deviation);
  }
  static double probability_above(std::span<const double>, Row row, double mu, double limit) {
    return NormalColumns::normal_above(mu / area(row), row[1], limit);
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return mu / area(row) + row[1] * stream.normal();
  }
};

/// mu is log10 of the luminosity. Datum {log10 of the luminosity that x says, or sigma where x is less; what
/// there is expected of x / sigma, s; x / sigma - s}.
struct LogFlux : FluxColumns {
  static constexpr std::string_view name = "log_flux";
  static constexpr std::string_view meaning =
      "x ~ N(10^mu / (4 pi distance^2), sigma^2): mu is log10 of a luminosity";
  static constexpr bool frame_shifts = true, frame_scales = false;

  static Datum<double> datum(Row row, Frame frame) {
    // a source that is fainter than its noise says no more than that
    const double flux = std::max(row[0], row[1]), s = flux / row[1];
    return {frame.to(std::log10(flux * area(row))), {s, row[0] / row[1] - s, 0}};
  }
  static double log_constant(Row row, Frame) { return -0.91893853320467274178 - std::log(row[1]); }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    const R r = d.v[1] - d.v[0] * math::expm1(deviation * R(2.30258509f));
    return R(-0.5f) * (r * r);
  }
  static double probability_above(std::span<const double>, Row row, double mu, double limit) {
    return NormalColumns::normal_above(std::pow(10, mu) / area(row), row[1], limit);
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return std::pow(10, mu) / area(row) + row[1] * stream.normal();
  }
};

static_assert(Measurement<Flux> && NormalLike<Flux> && Measurement<LogFlux>);

}  // namespace starling
