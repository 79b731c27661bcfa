/// Catalogs in memory: looking up objects, checking, and choosing the reader or writer by the file's ending.
#include "starling/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "catalog/files.hpp"
#include "catalog/rows.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

void check_values(const std::string& catalog, const std::vector<double>& values, Role role,
                  const char* name) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const char* expected = complaint(role, values[i])) {
      throw InputError(
          fmt::format("{}: row {}, {} = {}: expected {}", catalog, i, name, values[i], expected));
    }
  }
}

void check_size(const std::string& catalog, std::size_t size, std::size_t expected, const char* name) {
  if (size != expected) {
    throw InputError(fmt::format("{}: {} has {} values, expected {}", catalog, name, size, expected));
  }
}

enum class Format { csv, hdf5 };

Format format_of(const std::filesystem::path& path) {
  if (path == "-") return Format::csv;
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".csv") return Format::csv;
  if (ending == ".h5" || ending == ".hdf5") return Format::hdf5;
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character)
    return Format::csv;
  throw InputError(
      fmt::format("{}: unknown kind of catalog '{}', expected .csv, .h5 or .hdf5", path.string(), ending));
}

}  // namespace

std::size_t Catalog::find(const std::string& wanted) const {
  if (id.empty()) {
    std::size_t row = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), row);
    if (error != std::errc{} || end != wanted.data() + wanted.size() || row >= size()) {
      throw InputError(
          fmt::format("no object '{}': the catalog has no ids, expected a row number from 0 to {}", wanted,
                      size() == 0 ? 0 : size() - 1));
    }
    return row;
  }
  const auto first = std::find(id.begin(), id.end(), wanted);
  if (first == id.end()) {
    constexpr std::size_t enough = 100'000;  // of a longer list the suggestion takes too long
    throw InputError(fmt::format("no object has the id '{}'{}", wanted,
                                 id.size() <= enough ? did_you_mean(wanted, id) : std::string()));
  }
  const auto second = std::find(first + 1, id.end(), wanted);
  if (second != id.end()) {
    throw InputError(fmt::format("several objects have the id '{}': rows {} and {} at least", wanted,
                                 first - id.begin(), second - id.begin()));
  }
  return static_cast<std::size_t>(first - id.begin());
}

void check(const Catalog& catalog) {
  const std::string name = catalog.source.empty() ? "catalog" : shown(catalog.source);
  const std::size_t n = catalog.size();
  if (n == 0) throw InputError(name + ": has no objects, expected at least one");
  if (catalog.sigma.size() > 1) check_size(name, catalog.sigma.size(), n, "sigma");
  if (!catalog.weight.empty()) check_size(name, catalog.weight.size(), n, "weight");
  if (!catalog.id.empty()) check_size(name, catalog.id.size(), n, "id");
  check_values(name, catalog.x, Role::x, "x");
  check_values(name, catalog.sigma, Role::sigma, "sigma");
  check_values(name, catalog.weight, Role::weight, "weight");
  if (!catalog.weight.empty() &&
      std::all_of(catalog.weight.begin(), catalog.weight.end(), [](double w) { return w == 0; })) {
    throw InputError(name + ": all weights are 0, expected at least one > 0");
  }
  if (!catalog.has_samples()) {
    if (!catalog.offsets.empty() || !catalog.log_interim.empty()) {
      throw InputError(name + ": has offsets or interim densities, but no samples");
    }
    return;
  }
  check_size(name, catalog.offsets.size(), n + 1, "offsets");
  if (!catalog.log_interim.empty())
    check_size(name, catalog.log_interim.size(), catalog.samples.size(), "log_interim");
  if (catalog.offsets.front() != 0 || catalog.offsets.back() != catalog.samples.size()) {
    throw InputError(fmt::format("{}: offsets go from {} to {}, expected 0 to {}, the number of samples",
                                 name, catalog.offsets.front(), catalog.offsets.back(),
                                 catalog.samples.size()));
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (catalog.offsets[i] >= catalog.offsets[i + 1]) {
      throw InputError(fmt::format("{}: row {} has no samples: its offsets are {} and {}", name, i,
                                   catalog.offsets[i], catalog.offsets[i + 1]));
    }
  }
  check_values(name, catalog.samples, Role::sample, "sample");
  for (std::size_t k = 0; k < catalog.log_interim.size(); ++k) {
    if (!std::isfinite(catalog.log_interim[k])) {
      throw InputError(fmt::format("{}: sample {} has log interim density {}, expected a finite number", name,
                                   k, catalog.log_interim[k]));
    }
  }
}

Catalog read_catalog(const std::filesystem::path& path, const CatalogOptions& options,
                     std::vector<std::string>* notes) {
  if (path != "-") check_readable(path);
  return format_of(path) == Format::csv ? read_csv(path, options, notes) : read_hdf5(path, options, notes);
}

void write_catalog(const std::filesystem::path& path, const Catalog& catalog,
                   const std::vector<double>& truth) {
  const Format format = format_of(path);
  check(catalog);
  if (!truth.empty()) check_size("catalog", truth.size(), catalog.size(), "mu (the true values)");
  if (format == Format::csv && catalog.has_samples()) {
    throw InputError(
        fmt::format("{}: CSV catalogs hold no posterior samples, expected .h5 or .hdf5", path.string()));
  }
  if (path == "-") return write_csv(path, catalog, truth);
  replace_file(path, [&](const std::filesystem::path& target) {
    format == Format::csv ? write_csv(target, catalog, truth) : write_hdf5(target, catalog, truth);
  });
}

}  // namespace starling
