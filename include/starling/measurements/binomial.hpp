/// Successes among trials: x ~ Binomial(trials, p), the latent being p or its logit.
#pragma once

#include "starling/measurement.hpp"

namespace starling {

struct BinomialColumns {
  static constexpr bool frame_shifts = false, frame_scales = false;
  static std::vector<Parameter> parameters() { return {}; }
  static std::vector<Column> columns() {
    return {{"x", true, 0, Column::Values::count, "number of successes"},
            {"trials", true, 0, Column::Values::count, "number of trials"}};
  }
  static std::array<double, 2> prepare(std::span<const double>, Frame) { return {}; }
  static double log_choose(Row row) {
    return std::lgamma(row[1] + 1) - std::lgamma(row[0] + 1) - std::lgamma(row[1] - row[0] + 1);
  }
  static std::string complaint(Row row) { return row[0] <= row[1] ? "" : "expected x of at most trials"; }
  /// A likely probability of success, inside (0, 1).
  static double likely(Row row) { return (row[0] + 0.5) / (row[1] + 1); }
  static double binomial(double trials, double p, HostStream& stream) {
    double count = 0;
    for (double k = 0; k < trials; ++k) count += stream.uniform() < p ? 1 : 0;
    return count;
  }
};

/// mu in (0, 1) is the probability. Datum {a likely value p; x; trials - x; 1 - p}.
struct BinomialCounts : BinomialColumns {
  static constexpr std::string_view name = "binomial";
  static constexpr std::string_view meaning = "x ~ Binomial(trials, mu): mu is a probability";
  static constexpr std::pair<double, double> range{0, 1};
  static constexpr std::string_view latent = "a probability";

  static Datum<double> datum(Row row, Frame) {
    return {likely(row), {row[0], row[1] - row[0], 1 - likely(row)}};
  }
  static double log_constant(Row row, Frame) {
    const double p = likely(row);
    return log_choose(row) + row[0] * std::log(p) + (row[1] - row[0]) * std::log1p(-p);
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    const R zero(0.0f), up = deviation / d.center, down = zero - deviation / d.v[2];
    const R successes = math::select<R>(d.v[0] > zero, d.v[0] * math::log1p(up), zero);
    const R failures = math::select<R>(d.v[1] > zero, d.v[1] * math::log1p(down), zero);
    // probabilities of 0 and 1 are possible without successes and without failures
    const math::Mask<R> possible = ((up > R(-1.0f)) | !((d.v[0] > zero) | (up < R(-1.0f)))) &
                                   ((down > R(-1.0f)) | !((d.v[1] > zero) | (down < R(-1.0f))));
    return math::select<R>(possible, successes + failures, R(-__builtin_huge_valf()));
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return binomial(row[1], mu, stream);
  }
};

/// mu = ln [p / (1 - p)]. Datum {a likely value; x; trials; p there}.
struct BinomialLogit : BinomialColumns {
  static constexpr std::string_view name = "binomial_logit";
  static constexpr std::string_view meaning =
      "x ~ Binomial(trials, 1 / (1 + e^-mu)): mu is the logarithm of the odds";

  static Datum<double> datum(Row row, Frame) {
    const double p = likely(row);
    return {std::log(p / (1 - p)), {row[0], row[1], p}};
  }
  static double log_constant(Row row, Frame) {
    const double p = likely(row);
    return log_choose(row) + row[0] * std::log(p) + (row[1] - row[0]) * std::log1p(-p);
  }
  template <class R>
  static STARLING_HD R log_likelihood(const Coefficients<R, 2>&, const Datum<R>& d, R deviation) {
    // relative to the likely value: x z - trials ln(1 + p (e^z - 1)); for large z without overflow
    const R z = deviation, big(60.0f), q = R(1.0f) - d.v[2];
    const R near = math::log1p(d.v[2] * math::expm1(math::select<R>(z > big, big, z)));
    const R far = z + math::log(d.v[2] + q * math::exp(R(0.0f) - z));
    return d.v[0] * z - d.v[1] * math::select<R>(z > R(1.0f), far, near);
  }
  static double draw(std::span<const double>, Row row, double mu, HostStream& stream) {
    return binomial(row[1], 1 / (1 + std::exp(-mu)), stream);
  }
};

static_assert(Measurement<BinomialCounts> && Measurement<BinomialLogit>);

}  // namespace starling
