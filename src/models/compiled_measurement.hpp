/// A struct that satisfies Measurement as a MeasurementModel.
#pragma once

#include <cmath>
#include <limits>
#include <utility>

#include "models/measurement_model.hpp"

namespace starling {

template <Measurement M>
class CompiledMeasurement final : public MeasurementModel {
 public:
  CompiledMeasurement(M m, std::uint32_t number) : m_(std::move(m)), number_(number) {}
  std::uint32_t number() const override { return number_; }
  std::vector<Parameter> parameters() const override { return m_.parameters(); }
  std::vector<Column> columns() const override { return M::columns(); }
  bool frame_shifts() const override { return M::frame_shifts; }
  bool frame_scales() const override { return M::frame_scales; }
  Datum<double> datum(Row row, Frame frame) const override { return m_.datum(row, frame); }
  std::array<double, kMeasurementCoefficients> prepare(std::span<const double> theta,
                                                       Frame frame) const override {
    return m_.prepare(theta, frame);
  }
  void log_likelihood(std::span<const double> prepared, const Datum<double>& datum,
                      std::span<const double> mu, std::span<double> out) const override {
    const auto c = coefficients(prepared);
    for (std::size_t k = 0; k < mu.size(); ++k) out[k] = M::log_likelihood(c, datum, mu[k] - datum.center);
  }
  double log_constant(Row row, Frame frame) const override { return m_.log_constant(row, frame); }
  double draw(std::span<const double> theta, Row row, double mu, HostStream& stream) const override {
    return m_.draw(theta, row, mu, stream);
  }
  double probability_above([[maybe_unused]] std::span<const double> theta, [[maybe_unused]] Row row,
                           [[maybe_unused]] double mu, [[maybe_unused]] double limit) const override {
    if constexpr (HasProbabilityAbove<M>)
      return m_.probability_above(theta, row, mu, limit);
    else
      return std::nan("");
  }
  bool has_probability_above() const override { return HasProbabilityAbove<M>; }
  std::pair<double, double> range() const override {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if constexpr (HasRange<M>)
      return M::range;
    else
      return {-infinity, infinity};
  }
  std::string_view latent() const override {
    if constexpr (HasRange<M>)
      return M::latent;
    else
      return "";
  }
  bool has_kink() const override { return starling::has_kink<M>(); }
  std::string complaint([[maybe_unused]] Row row) const override {
    if constexpr (ChecksRows<M>)
      return M::complaint(row);
    else
      return "";
  }
  bool normal_like() const override { return NormalLike<M>; }
  std::optional<double> precision_factor([[maybe_unused]] std::span<const double> prepared) const override {
    if constexpr (starling::has_noise_sums<M>())
      return M::precision(coefficients(prepared), 1.0);
    else
      return std::nullopt;
  }
  double variance([[maybe_unused]] std::span<const double> prepared,
                  [[maybe_unused]] const Datum<double>& datum) const override {
    if constexpr (NormalLike<M>)
      return 1 / M::precision(coefficients(prepared), datum.v[0]);
    else
      return std::nan("");
  }

 private:
  static Coefficients<double, kMeasurementCoefficients> coefficients(std::span<const double> prepared) {
    Coefficients<double, kMeasurementCoefficients> c;
    for (int j = 0; j < kMeasurementCoefficients; ++j) c[j] = prepared[static_cast<std::size_t>(j)];
    return c;
  }
  M m_;
  std::uint32_t number_;
};

template <class M>
concept WithArguments = requires(std::span<const double> values) {
  M::arguments();
  M(values);
};

template <class M, std::uint32_t number>
MeasurementEntry measurement_entry() {
  MeasurementEntry e{std::string(M::name), std::string(M::meaning), {}, M::columns(), nullptr};
  if constexpr (WithArguments<M>) {
    e.arguments = M::arguments();
    e.make = [](std::span<const double> a) -> std::shared_ptr<const MeasurementModel> {
      return std::make_shared<CompiledMeasurement<M>>(M(a), number);
    };
  } else {
    e.make = [](std::span<const double>) -> std::shared_ptr<const MeasurementModel> {
      return std::make_shared<CompiledMeasurement<M>>(M{}, number);
    };
  }
  return e;
}

}  // namespace starling
