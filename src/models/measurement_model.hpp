/// A measurement behind an interface that knows no type.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "starling/catalog.hpp"
#include "starling/measurement.hpp"

namespace starling {

class MeasurementModel {
 public:
  virtual ~MeasurementModel() = default;
  /// Its number in the set of measurements that kernels are compiled with.
  [[nodiscard]] virtual std::uint32_t number() const = 0;
  [[nodiscard]] virtual std::vector<Parameter> parameters() const = 0;
  [[nodiscard]] virtual std::vector<Column> columns() const = 0;
  [[nodiscard]] virtual bool frame_shifts() const = 0;
  [[nodiscard]] virtual bool frame_scales() const = 0;
  [[nodiscard]] virtual Datum<double> datum(Row row, Frame frame) const = 0;
  [[nodiscard]] virtual std::array<double, kMeasurementCoefficients> prepare(std::span<const double> theta,
                                                                             Frame frame) const = 0;
  virtual void log_likelihood(std::span<const double> prepared, const Datum<double>& datum,
                              std::span<const double> mu, std::span<double> out) const = 0;
  [[nodiscard]] virtual double log_constant(Row row, Frame frame) const = 0;
  [[nodiscard]] virtual double draw(std::span<const double> theta, Row row, double mu,
                                    HostStream& stream) const = 0;
  /// P(x > limit | mu); has_probability_above() says whether there is one.
  [[nodiscard]] virtual double probability_above(std::span<const double> theta, Row row, double mu,
                                                 double limit) const = 0;
  [[nodiscard]] virtual bool has_probability_above() const = 0;
  /// The interval outside of which mu makes no sense, and what mu is, in words ("a rate"); all numbers, "".
  [[nodiscard]] virtual std::pair<double, double> range() const = 0;
  [[nodiscard]] virtual std::string_view latent() const = 0;
  /// Whether the likelihood is not smooth at the datum's center.
  [[nodiscard]] virtual bool has_kink() const = 0;
  /// What an object's values are expected to be together; "" if they are.
  [[nodiscard]] virtual std::string complaint(Row row) const = 0;
  /// Normal noise: whether there are closed forms with a normal population.
  [[nodiscard]] virtual bool normal_like() const = 0;
  /// Normal noise: precision over v[0], where that is the same for all objects; else empty.
  [[nodiscard]] virtual std::optional<double> precision_factor(std::span<const double> prepared) const = 0;
  /// Normal noise: variance of an object's noise in the frame.
  [[nodiscard]] virtual double variance(std::span<const double> prepared,
                                        const Datum<double>& datum) const = 0;
};

/// What was expected in place of a value, in words; null if a column may hold it.
const char* complaint_of(Column::Values allowed, double value);

struct MeasurementEntry {
  std::string name, meaning;
  std::vector<Argument> arguments;
  std::vector<Column> columns;
  std::shared_ptr<const MeasurementModel> (*make)(std::span<const double> arguments);
};

/// All that there are, but for posterior samples: those that are built in, then those of programs' own.
const std::vector<MeasurementEntry>& measurement_entries();
/// Adds one of a program's own; for compile_model.cpp. Throws InputError if a built-in one has its name.
void add_measurement(const MeasurementEntry& entry);
[[nodiscard]] bool is_own_measurement(std::string_view name);

/// The values of a measurement's columns, object by object.
class Rows {
 public:
  /// What for: for all that the measurement says, or only for the points that a naive fit takes, which need
  /// no sigma where it does not say where they are.
  enum class Use { all, points };
  /// Throws InputError that names a missing column.
  Rows(const MeasurementModel& measurement, const Catalog& catalog, Use use = Use::all);
  /// Throws InputError that names a value that its column, or the measurement, may not hold. Once per
  /// catalog.
  void check(const MeasurementModel& measurement) const;
  using Values = std::array<double, 4>;
  [[nodiscard]] Values operator[](std::size_t i) const {
    Values values{};
    for (std::size_t j = 0; j < columns_.size(); ++j)
      values[j] = columns_[j].empty() ? missing_[j] : columns_[j][columns_[j].size() == 1 ? 0 : i];
    return values;
  }

 private:
  [[nodiscard]] std::string text_of(const MeasurementModel& measurement, std::size_t i) const;

  std::vector<std::span<const double>> columns_;
  std::vector<double> missing_;
  const Catalog& catalog_;
};

}  // namespace starling
