/// Counts: x ~ Poisson(exposure rate), the latent being the rate or its logarithm.
#pragma once

#include "starling/measurement.hpp"

namespace starling {

struct PoissonColumns {
  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {{"x", true, 0, Column::Values::count, "number of events"},
            {"exposure", false, 1, Column::Values::positive, "expected events at rate 1"}};
  }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
  /// A likely number of events: x, and not 0.
  static double likely(Row row) { return row[0] > 0 ? row[0] : 0.5; }
  /// ln Poisson(x | likely(row)): the likelihoods below are relative to it.
  static double log_constant(Row row, Frame) {
    return row[0] * std::log(likely(row)) - likely(row) - std::lgamma(row[0] + 1);
  }
  /// Knuth's product method in pieces of mean 16: exact, and never underflows.
  static double poisson(double mean, HostStream& stream) {
    double count = 0;
    while (mean > 0) {
      const double piece = std::min(mean, 16.0), limit = std::exp(-piece);
      for (double product = stream.uniform(); product > limit; product *= stream.uniform()) ++count;
      mean -= piece;
    }
    return count;
  }
};

/// mu > 0 is the rate. Datum {a likely rate; x; exposure}.
struct PoissonCounts : PoissonColumns {
  static constexpr std::string_view name = "poisson";
  static constexpr std::string_view meaning = "x ~ Poisson(exposure mu): mu is a rate";
  static constexpr bool frame_shifts = false, frame_scales = true;
  static constexpr std::pair<double, double> range{0, std::numeric_limits<double>::infinity()};
  static constexpr std::string_view latent = "a rate";

  static Datum<double> datum(Row row, Frame frame) {
    return {likely(row) / row[1] / frame.scale, {row[0], row[1] * frame.scale, 0}};
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    const R zero(0.0f), change = deviation / d.center;
    const R events = math::select<R>(d.v[0] > zero, d.v[0] * math::log1p(change), zero);
    // a rate of 0 is possible where there are no events
    const math::Mask<R> possible = (change > R(-1.0f)) | !((d.v[0] > zero) | (change < R(-1.0f)));
    return math::select<R>(possible, events - d.v[1] * deviation, R(-__builtin_huge_valf()));
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return poisson(row[1] * mu, stream);
  }
};

/// mu is the natural logarithm of the rate. Datum {a likely value; x; exposure times the rate there}.
struct PoissonLogRate : PoissonColumns {
  static constexpr std::string_view name = "poisson_log";
  static constexpr std::string_view meaning = "x ~ Poisson(exposure e^mu): mu is the logarithm of a rate";
  static constexpr bool frame_shifts = true, frame_scales = false;

  static Datum<double> datum(Row row, Frame frame) {
    return {frame.to(std::log(likely(row) / row[1])), {row[0], likely(row), 0}};
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    return d.v[0] * deviation - d.v[1] * math::expm1(deviation);
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return poisson(row[1] * std::exp(mu), stream);
  }
};

static_assert(Measurement<PoissonCounts> && Measurement<PoissonLogRate>);

}  // namespace starling
