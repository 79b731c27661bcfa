// The list of measurements, and reading their columns from a catalog.
#include "formulas/measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/measurement_model.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

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
  bool has_kink() const override { return std::is_same_v<M, TwoSidedNormal>; }
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
MeasurementEntry entry() {
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

template <class... Ms, std::uint32_t... number>
std::vector<MeasurementEntry> entries(MeasurementSet<Ms...>,
                                      std::integer_sequence<std::uint32_t, number...>) {
  return {entry<Ms, number>()...};
}
template <class... Ms>
std::vector<MeasurementEntry> entries(MeasurementSet<Ms...> set) {
  return entries(set, std::make_integer_sequence<std::uint32_t, sizeof...(Ms)>{});
}

const char* complaint(Column::Values allowed, double value) {
  switch (allowed) {
    case Column::Values::positive:
      return value > 0 ? nullptr : "a number > 0";
    case Column::Values::not_negative:
      return value >= 0 ? nullptr : "a number >= 0";
    case Column::Values::count:
      return value >= 0 && value == std::floor(value) ? nullptr : "a whole number >= 0";
    case Column::Values::any:
      return nullptr;
  }
  return nullptr;
}

std::span<const double> values_of(const Catalog& catalog, const std::string& role) {
  if (role == "x") return catalog.x;
  if (role == "sigma") return catalog.sigma;
  const auto found = catalog.columns.find(role);
  return found == catalog.columns.end() ? std::span<const double>{} : std::span<const double>(found->second);
}

}  // namespace

const std::vector<MeasurementEntry>& measurement_entries() {
  static const auto all = entries(BuiltinMeasurements{});
  return all;
}

Rows::Rows(const MeasurementModel& measurement, const Catalog& catalog, Use use) : size_(catalog.size()) {
  const auto columns = measurement.columns();
  const bool only_x = std::none_of(columns.begin(), columns.end(), [](const Column& c) {
    return c.required && c.role != "x" && c.role != "sigma";
  });
  for (const Column& column : columns) {
    const auto values = values_of(catalog, column.role);
    const bool not_needed = use == Use::points && only_x && column.role == "sigma";
    if (values.empty() && column.required && !not_needed)
      throw InputError(
          column.role == "sigma"
              ? "this measurement needs the noise of every object: a column sigma, or one number for all"
              : fmt::format("this measurement needs column '{}' ({}): name it by --column {}=COLUMN",
                            column.role, column.meaning, column.role));
    columns_.push_back(values);
    missing_.push_back(column.missing);
  }
}

void Rows::check(const MeasurementModel& measurement) const {
  const auto columns = measurement.columns();
  for (std::size_t j = 0; j < columns.size(); ++j)
    for (std::size_t i = 0; i < columns_[j].size(); ++i)
      if (const char* expected = complaint(columns[j].values, columns_[j][i]))
        throw InputError(
            fmt::format("row {}, {} = {}: expected {}", i, columns[j].role, columns_[j][i], expected));
  for (std::size_t i = 0; i < size_; ++i)
    if (const auto expected = measurement.complaint((*this)[i]); !expected.empty())
      throw InputError(fmt::format("row {}: {}, got {}", i, expected, text_of(measurement, i)));
}

std::string Rows::text_of(const MeasurementModel& measurement, std::size_t i) const {
  const auto values = (*this)[i];
  std::string text;
  std::size_t j = 0;
  for (const Column& column : measurement.columns())
    text += fmt::format("{}{} = {}", j == 0 ? "" : ", ", column.role, values[j]), ++j;
  return text;
}

}  // namespace starling
