// The list of measurements, and reading their columns from a catalog.
#include "formulas/measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/compiled_measurement.hpp"
#include "models/pieces.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

template <class... Ms, std::uint32_t... number>
std::vector<MeasurementEntry> entries(MeasurementSet<Ms...>,
                                      std::integer_sequence<std::uint32_t, number...>) {
  return {measurement_entry<Ms, number>()...};
}
template <class... Ms>
std::vector<MeasurementEntry> entries(MeasurementSet<Ms...> set) {
  return entries(set, std::make_integer_sequence<std::uint32_t, sizeof...(Ms)>{});
}

std::vector<MeasurementEntry>& list_of_measurements() {
  static auto all = entries(BuiltinMeasurements{});
  return all;
}

std::span<const double> values_of(const Catalog& catalog, const std::string& role) {
  if (role == "x") return catalog.x;
  if (role == "sigma") return catalog.sigma;
  const auto found = catalog.columns.find(role);
  return found == catalog.columns.end() ? std::span<const double>{} : std::span<const double>(found->second);
}

}  // namespace

const char* complaint_of(Column::Values allowed, double value) {
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

const std::vector<MeasurementEntry>& measurement_entries() {
  return list_of_measurements();
}

void add_measurement(const MeasurementEntry& entry) {
  auto& all = list_of_measurements();
  for (std::size_t j = 0; j < all.size(); ++j) {
    if (all[j].name != entry.name) continue;
    if (j >= BuiltinMeasurements::size) return;  // compiled with one more population
    throw InputError(fmt::format("there are two measurements named '{}'", entry.name));
  }
  all.push_back(entry);
}

bool is_own_measurement(std::string_view name) {
  const auto& all = list_of_measurements();
  return std::any_of(all.begin() + BuiltinMeasurements::size, all.end(),
                     [&](const MeasurementEntry& entry) { return entry.name == name; });
}

Rows::Rows(const MeasurementModel& measurement, const Catalog& catalog, Use use) : catalog_(catalog) {
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
  in_pieces(catalog_, [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = 0; j < columns.size(); ++j)
      for (std::size_t i = begin; i < std::min(end, columns_[j].size()); ++i)
        if (const char* expected = complaint_of(columns[j].values, columns_[j][i]))
          throw InputError(
              fmt::format("row {}, {} = {}: expected {}", i, columns[j].role, columns_[j][i], expected));
    for (std::size_t i = begin; i < end; ++i)
      if (const auto expected = measurement.complaint((*this)[i]); !expected.empty())
        throw InputError(fmt::format("row {}: {}, got {}", i, expected, text_of(measurement, i)));
  });
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
