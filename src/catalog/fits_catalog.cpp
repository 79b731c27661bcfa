/// Catalogs as binary tables of FITS files.
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "catalog/files.hpp"
#include "catalog/fits.hpp"
#include "catalog/rows.hpp"
#include "catalog/sha256.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

/// A column to write: numbers of all objects, or what `texts` or samples hold.
struct Output {
  std::string name, format;
  std::span<const double> values = {};   // one per object, or one for all
  std::span<const double> samples = {};  // by the catalog's offsets
  const std::vector<std::string>* texts = nullptr;
  std::size_t width = 0;  // of rows of numbers: how many of `values` each object has
};

std::string text_format(const std::vector<std::string>& texts) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  return fmt::format("{}A", width);
}

class Writer {
 public:
  Writer(const std::filesystem::path& path, const Catalog& catalog) : path_(path), catalog_(catalog) {
    fitsfile* file = nullptr;
    fits_create_diskfile(&file, path.c_str(), &status_);
    check();
    file_.reset(file);
    rectangular_ = catalog.has_samples() && all_have_as_many_samples(catalog);
  }

  void add(const char* name, std::span<const double> values) {
    if (!values.empty()) outputs_.push_back({.name = name, .format = "1D", .values = values});
  }
  void add_rows(const std::string& name, std::span<const double> values) {
    const std::size_t width = values.size() / catalog_.size();
    outputs_.push_back({.name = name, .format = fmt::format("{}D", width), .values = values, .width = width});
  }
  void add(const char* name, const std::vector<std::string>& texts) {
    if (!texts.empty()) outputs_.push_back({.name = name, .format = text_format(texts), .texts = &texts});
  }
  void add_samples(const char* name, std::span<const double> samples) {
    if (samples.empty()) return;
    const auto format =
        rectangular_ ? fmt::format("{}D", samples.size() / catalog_.size()) : std::string("1QD");
    outputs_.push_back({.name = name, .format = format, .samples = samples});
  }

  void write() {
    std::vector<char*> names, formats;
    for (Output& output : outputs_) {
      names.push_back(output.name.data());
      formats.push_back(output.format.data());
    }
    fits_create_tbl(file_.get(), BINARY_TBL, 0, static_cast<int>(outputs_.size()), names.data(),
                    formats.data(), nullptr, "CATALOG", &status_);
    check();
    constexpr std::size_t rows_at_once = 4096;
    for (std::size_t first = 0; first < catalog_.size(); first += rows_at_once) {
      const std::size_t last = std::min(first + rows_at_once, catalog_.size());
      for (std::size_t c = 0; c < outputs_.size(); ++c)
        write(outputs_[c], static_cast<int>(c) + 1, first, last);
      check();
    }
    fits_close_file(file_.release(), &status_);
    check();
  }

 private:
  void write(const Output& output, int column, std::size_t first, std::size_t last) {
    if (output.texts != nullptr) return write_texts(*output.texts, column, first, last);
    if (output.width > 0)
      return write_numbers(column, first, output.values.data() + first * output.width,
                           (last - first) * output.width);
    if (!output.values.empty()) {
      const bool one_for_all = output.values.size() == 1;
      std::vector<double> values(last - first, output.values.front());
      if (!one_for_all) std::copy_n(output.values.data() + first, values.size(), values.data());
      return write_numbers(column, first, values.data(), values.size());
    }
    const auto& offsets = catalog_.offsets;
    const double* samples = output.samples.data();
    if (rectangular_) {
      return write_numbers(column, first, samples + offsets[first], offsets[last] - offsets[first]);
    }
    for (std::size_t i = first; i < last; ++i) {
      write_numbers(column, i, samples + offsets[i], offsets[i + 1] - offsets[i]);
    }
  }

  void write_numbers(int column, std::size_t row, const double* values, std::size_t count) {
    std::vector<double> copy(values, values + count);  // cfitsio takes no pointer to const
    fits_write_col(file_.get(), TDOUBLE, column, static_cast<LONGLONG>(row) + 1, 1,
                   static_cast<LONGLONG>(count), copy.data(), &status_);
  }

  void write_texts(const std::vector<std::string>& texts, int column, std::size_t first, std::size_t last) {
    const auto at = [&](std::size_t i) { return texts.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<std::string> copy(at(first), at(last));
    std::vector<char*> pointers;
    for (std::string& text : copy) pointers.push_back(text.data());
    fits_write_col(file_.get(), TSTRING, column, static_cast<LONGLONG>(first) + 1, 1,
                   static_cast<LONGLONG>(copy.size()), pointers.data(), &status_);
  }

  void check() const {
    if (status_ == 0) return;
    throw RunError(
        fmt::format("{}: cannot be written: {}; is the disk full?", path_.string(), fits::reason(status_)));
  }

  const std::filesystem::path& path_;
  const Catalog& catalog_;
  fits::File file_;
  std::vector<Output> outputs_;
  bool rectangular_ = false;
  int status_ = 0;
};

/// The extension that the path's "[NAME]" or the table option names; "" if neither does.
std::string extension_of(const std::filesystem::path& path, const CatalogOptions& options) {
  const std::filesystem::path file = catalog_file(path);
  if (file == path) return options.table;
  const std::string text = path.string();
  const std::string extension = text.substr(file.string().size() + 1, text.size() - file.string().size() - 2);
  if (extension.empty()) {
    throw InputError(fmt::format("{}: expected the name or number of an extension between [ and ]", text));
  }
  if (!options.table.empty() && options.table != extension) {
    throw InputError(
        fmt::format("{}: table '{}' is asked for too, expected one of them", text, options.table));
  }
  return extension;
}

}  // namespace

Catalog read_fits(const std::filesystem::path& path, const CatalogOptions& options,
                  std::vector<std::string>* notes) {
  const std::filesystem::path file = catalog_file(path);
  check_readable(file);
  if (!options.offsets.empty()) {
    throw InputError(fmt::format(
        "{}: offsets ('{}') are for HDF5, expected a column of arrays of variable length for samples",
        path.string(), options.offsets));
  }
  Catalog catalog = assemble(path, fits::Table(file, extension_of(path, options)), options, notes);
  catalog.source = path.string();
  catalog.hash = hash_of_file(file);
  check(catalog);
  return catalog;
}

void write_fits(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) std::filesystem::remove(path, error);
  const auto densities = interim_densities(catalog);
  Writer writer(path, catalog);
  writer.add("id", catalog.id);
  writer.add("x", catalog.x);
  writer.add("sigma", catalog.sigma);
  writer.add("weight", catalog.weight);
  for (const auto& [role, values] : catalog.columns) writer.add(role.c_str(), values);
  for (const auto& [role, values] : catalog.arrays) writer.add_rows(role, values);
  writer.add("mu", truth);
  if (catalog.sample_size > 1)
    throw InputError(
        fmt::format("{}: samples of several latents per object are written to .h5 only", path.string()));
  writer.add_samples("samples", catalog.samples);
  writer.add_samples("interim_prior", densities);
  writer.write();
}

}  // namespace starling
