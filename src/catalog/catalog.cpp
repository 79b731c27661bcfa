/// Catalogs in memory: looking up objects, checking, and choosing the reader or writer by the file's ending.
#include "starling/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "catalog/files.hpp"
#include "catalog/rows.hpp"
#include "formulas/objects.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

void check_values(const std::string& catalog, const Numbers& values, Role role, const char* name) {
  in_pieces(values.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (const char* expected = complaint(role, values[i])) {
        throw InputError(
            fmt::format("{}: row {}, {} = {}: expected {}", catalog, i, name, values[i], expected));
      }
    }
    values.let_go(begin, end);
  });
}

void check_size(const std::string& catalog, std::size_t size, std::size_t expected, const char* name) {
  if (size != expected) {
    throw InputError(fmt::format("{}: {} has {} values, expected {}", catalog, name, size, expected));
  }
}

enum class Format { csv, hdf5, fits };

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_fits(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string());
  return ending == ".fits" || ending == ".fit";
}

Format format_of(const std::filesystem::path& path) {
  if (path == "-") return Format::csv;
  std::filesystem::path file = catalog_file(path);
  const bool whole = file == path;
  if (lower(file.extension().string()) == ".gz" && is_fits(file.stem())) file = file.stem();
  if (is_fits(file)) return Format::fits;
  if (!whole) {
    throw InputError(
        fmt::format("{}: only FITS files have extensions to choose from by [NAME]", path.string()));
  }
  const std::string ending = lower(path.extension().string());
  if (ending == ".csv") return Format::csv;
  if (ending == ".h5" || ending == ".hdf5") return Format::hdf5;
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::character)
    return Format::csv;
  throw InputError(fmt::format("{}: unknown kind of catalog '{}', expected .csv, .h5, .hdf5 or .fits",
                               path.string(), ending));
}

}  // namespace

std::filesystem::path catalog_file(const std::filesystem::path& path) {
  const std::string text = path.string();
  const auto open = text.rfind('[');
  std::error_code error;
  if (!text.ends_with(']') || open == std::string::npos || open == 0 ||
      std::filesystem::exists(path, error)) {
    return path;
  }
  return text.substr(0, open);
}

const Numbers& Catalog::column(const std::string& role) const {
  const auto found = columns.find(role);
  if (found != columns.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, values] : columns) known.push_back(name);
  throw InputError(fmt::format("{}: has no column for '{}'{}; name one with --column {}=COLUMN",
                               source.empty() ? "catalog" : shown(source), role, did_you_mean(role, known),
                               role));
}

void Catalog::let_go(std::size_t begin, std::size_t end) const {
  for (const auto* values : {&x, &sigma, &weight})
    if (values->size() == size()) values->let_go(begin, end);
  for (const auto& [role, values] : columns) values.let_go(begin, end);
}

bool all_have_as_many_samples(const Catalog& catalog) {
  const std::size_t n = catalog.size(), k = catalog.samples.size() / catalog.sample_size / n;
  for (std::size_t i = 0; i <= n; ++i) {
    if (catalog.offsets[i] != i * k) return false;
  }
  return true;
}

std::vector<double> interim_densities(const Catalog& catalog) {
  std::vector<double> density(catalog.log_interim.size());
  for (std::size_t i = 0; i < density.size(); ++i) {
    density[i] = std::exp(catalog.log_interim[i]);
    if (complaint(Role::density, density[i]) != nullptr) {
      throw InputError(
          fmt::format("catalog: the log interim density {} of sample {} has no density in double precision",
                      catalog.log_interim[i], i));
    }
  }
  return density;
}

std::string Catalog::names(std::span<const std::size_t> objects) const {
  constexpr std::size_t most = 5;
  std::string text;
  for (const std::size_t i : objects.first(std::min(objects.size(), most)))
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", i, id.empty() ? "" : fmt::format(" ({})", id[i]));
  if (objects.size() > most) text += fmt::format(" and {} more", objects.size() - most);
  return text;
}

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
  for (const auto& [role, values] : catalog.columns) {
    check_role(role);
    check_size(name, values.size(), n, role.c_str());
    check_values(name, values, Role::other, role.c_str());
  }
  for (const auto& [role, values] : catalog.arrays) {
    check_role(role);
    if (values.empty() || values.size() % n != 0)
      throw InputError(fmt::format("{}: {} has {} numbers, expected a multiple of {}, the number of objects",
                                   name, role, values.size(), n));
    check_values(name, values, Role::x, role.c_str());
  }
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
  const std::size_t samples = catalog.sample_size == 0 ? 0 : catalog.samples.size() / catalog.sample_size;
  if (catalog.samples.size() != samples * catalog.sample_size)
    throw InputError(fmt::format("{}: {} numbers of samples, expected {} for each", name,
                                 catalog.samples.size(), catalog.sample_size));
  if (!catalog.log_interim.empty()) check_size(name, catalog.log_interim.size(), samples, "log_interim");
  if (catalog.offsets.front() != 0 || catalog.offsets.back() != samples) {
    throw InputError(fmt::format("{}: offsets go from {} to {}, expected 0 to {}, the number of samples",
                                 name, catalog.offsets.front(), catalog.offsets.back(), samples));
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
  if (path != "-") check_readable(catalog_file(path));
  switch (format_of(path)) {
    case Format::csv:
      return read_csv(path, options, notes);
    case Format::hdf5:
      return read_hdf5(path, options, notes);
    case Format::fits:
      return read_fits(path, options, notes);
  }
  return {};
}

void write_catalog(const std::filesystem::path& path, const Catalog& catalog,
                   const std::vector<double>& truth) {
  const Format format = format_of(path);
  check(catalog);
  if (!truth.empty()) check_size("catalog", truth.size(), catalog.size(), "mu (the true values)");
  if (format == Format::csv && catalog.has_samples()) {
    throw InputError(fmt::format("{}: CSV catalogs hold no posterior samples, expected .h5, .hdf5 or .fits",
                                 path.string()));
  }
  if (format == Format::csv && !catalog.arrays.empty())
    throw InputError(
        fmt::format("{}: CSV catalogs hold no rows of numbers ('{}'), expected .h5, .hdf5 or .fits",
                    path.string(), catalog.arrays.begin()->first));
  if (path == "-") return write_csv(path, catalog, truth);
  if (format == Format::fits && (!is_fits(path) || catalog_file(path) != path)) {
    throw InputError(
        fmt::format("{}: FITS catalogs are written to files that end in .fits or .fit", path.string()));
  }
  const auto write = format == Format::csv ? write_csv : format == Format::hdf5 ? write_hdf5 : write_fits;
  replace_file(path, [&](const std::filesystem::path& target) { write(target, catalog, truth); });
}

}  // namespace starling
