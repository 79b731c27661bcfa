/// Catalogs as HDF5 files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "catalog/files.hpp"
#include "catalog/h5.hpp"
#include "catalog/rows.hpp"
#include "catalog/sha256.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"
#include "starling/prior.hpp"

namespace starling {
namespace {

using h5::Column;
using h5::Handle;

std::string hash_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 sum;
  std::vector<char> bytes(1 << 20);
  while (file) {
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    sum.update({bytes.data(), static_cast<std::size_t>(file.gcount())});
  }
  if (file.bad()) throw InputError(fmt::format("{}: cannot be read", path.string()));
  return sum.hex();
}

/// Reads the columns of a catalog, checks their shapes, and leaves out bad rows.
class Reader {
 public:
  Reader(const std::filesystem::path& path, const CatalogOptions& options)
      : path_(path), options_(options), file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose) {
    if (!file_.valid()) {
      throw InputError(fmt::format("{}: is not an HDF5 file, or damaged or cut short", path.string()));
    }
  }

  Catalog read(std::vector<std::string>* notes) {
    if (options_.samples.empty()) {
      if (!options_.offsets.empty() || !options_.interim_prior.empty()) {
        throw InputError(
            fmt::format("{}: {} '{}' is given without the name of a dataset of posterior samples",
                        path_.string(), options_.offsets.empty() ? "interim prior" : "offsets dataset",
                        options_.offsets.empty() ? options_.interim_prior : options_.offsets));
      }
      catalog_.x = per_object(options_.x);
    } else {
      read_samples();
      read_interim();
    }
    if (options_.sigma_value) {
      catalog_.sigma = {*options_.sigma_value};
    } else if (const auto name = optional_name(options_.sigma, "sigma")) {
      catalog_.sigma = per_object(*name);
    }
    if (const auto name = optional_name(options_.weight, "weight")) catalog_.weight = per_object(*name);
    if (const auto name = optional_name(options_.id, "id")) read_ids(*name);
    drop_bad_rows(notes);
    take_medians();
    return std::move(catalog_);
  }

 private:
  [[nodiscard]] Column open(const std::string& name) const { return {file_.id(), path_.string(), name}; }

  [[nodiscard]] std::optional<std::string> optional_name(const std::string& asked,
                                                         const std::string& usual) const {
    if (!asked.empty()) return asked;
    if (h5::has_dataset(file_.id(), usual)) return usual;
    return std::nullopt;
  }

  /// Number of objects; 0 before the first column was read.
  [[nodiscard]] std::size_t objects() const {
    return catalog_.offsets.empty() ? catalog_.x.size() : catalog_.offsets.size() - 1;
  }

  void check_length(const Column& column) const {
    if (column.shape().size() != 1) {
      throw InputError(fmt::format("{}: dataset '{}' has shape [{}], expected one value per object: [N]",
                                   path_.string(), column.name(), fmt::join(column.shape(), ", ")));
    }
    if (objects() != 0 && column.shape()[0] != objects()) {
      throw InputError(fmt::format("{}: dataset '{}' has {} values, expected {}, the number of objects",
                                   path_.string(), column.name(), column.shape()[0], objects()));
    }
  }

  std::vector<double> per_object(const std::string& name) {
    const Column column = open(name);
    check_length(column);
    std::vector<double> values = column.numbers();
    if (values.empty()) throw InputError(fmt::format("{}: dataset '{}' is empty", path_.string(), name));
    return values;
  }

  void read_ids(const std::string& name) {
    const Column column = open(name);
    check_length(column);
    catalog_.id = column.texts();
  }

  void read_samples() {
    const Column column = open(options_.samples);
    const auto& shape = column.shape();
    if (!options_.offsets.empty()) {
      if (shape.size() != 1) {
        throw InputError(
            fmt::format("{}: dataset '{}' has shape [{}], expected [number of all samples], as offsets "
                        "are given",
                        path_.string(), column.name(), fmt::join(shape, ", ")));
      }
      read_offsets(shape[0]);
    } else if (shape.size() == 2) {
      for (std::size_t i = 0; i <= shape[0]; ++i) catalog_.offsets.push_back(i * shape[1]);
    } else {
      throw InputError(fmt::format("{}: dataset '{}' has shape [{}], expected [N, K]{}", path_.string(),
                                   column.name(), fmt::join(shape, ", "),
                                   shape.size() == 3   ? ", or the name or number of a column after a ':'"
                                   : shape.size() == 1 ? ", or a dataset of offsets with it"
                                                       : ""));
    }
    catalog_.samples = column.numbers();
    if (catalog_.samples.empty())
      throw InputError(fmt::format("{}: dataset '{}' is empty", path_.string(), column.name()));
  }

  void read_offsets(std::size_t samples) {
    const Column column = open(options_.offsets);
    if (column.shape().size() != 1 || column.shape()[0] < 2) {
      throw InputError(fmt::format("{}: dataset '{}' has shape [{}], expected [N + 1] offsets",
                                   path_.string(), column.name(), fmt::join(column.shape(), ", ")));
    }
    catalog_.offsets = column.counts();
    const auto& offsets = catalog_.offsets;
    const auto wrong = [&](std::size_t row, const std::string& expected) {
      return InputError(fmt::format("{}: row {}, dataset '{}': {}, expected {}", path_.string(), row,
                                    column.name(), offsets[row], expected));
    };
    if (offsets.front() != 0) throw wrong(0, "0, where the first object's samples begin");
    for (std::size_t i = 1; i < offsets.size(); ++i) {
      if (offsets[i] < offsets[i - 1])
        throw wrong(i, fmt::format("at least {}, the offset before it", offsets[i - 1]));
    }
    if (offsets.back() != samples) {
      throw wrong(offsets.size() - 1,
                  fmt::format("{}, the number of samples in '{}'", samples, options_.samples));
    }
  }

  /// ln pi0 of every sample; a density of 0 or not finite is found with the bad rows.
  void read_interim() {
    const std::string& text = options_.interim_prior;
    if (text.empty()) return;
    catalog_.log_interim.resize(catalog_.samples.size());
    if (!h5::has_dataset(file_.id(), text) && text.find('(') != std::string::npos) {
      const Prior prior = parse_prior(text);
      for (std::size_t i = 0; i < objects(); ++i) {
        for (auto k = catalog_.offsets[i]; k < catalog_.offsets[i + 1]; ++k) {
          const double sample = catalog_.samples[k];
          catalog_.log_interim[k] = std::isfinite(sample) ? prior.log_density(sample) : 0;
          if (std::isinf(catalog_.log_interim[k])) {
            throw InputError(
                fmt::format("{}: row {}, sample {} of '{}': {} lies outside the interim prior {}",
                            path_.string(), i, k - catalog_.offsets[i], options_.samples, sample, text));
          }
        }
      }
      return;
    }
    const Column column = open(text);
    const Column samples = open(options_.samples);
    if (column.shape() != samples.shape()) {
      throw InputError(fmt::format("{}: dataset '{}' has shape [{}], expected [{}] as '{}'", path_.string(),
                                   column.name(), fmt::join(column.shape(), ", "),
                                   fmt::join(samples.shape(), ", "), samples.name()));
    }
    densities_ = column.numbers();
  }

  /// Adds the row to `bad` if a value in it is wrong.
  void check_row(std::size_t i, BadRows& bad) const {
    const auto check = [&](Role role, double value, const std::string& where) {
      const char* expected = complaint(role, value);
      if (expected == nullptr) return;
      bad.add(i, fmt::format("row {}, {}: {}, expected {}", i, where, value, expected),
              may_be_dropped(role, value));
    };
    const auto dataset = [](const std::string& asked, const char* usual) {
      return fmt::format("dataset '{}'", asked.empty() ? usual : asked);
    };
    if (!catalog_.x.empty()) check(Role::x, catalog_.x[i], dataset(options_.x, "x"));
    if (!options_.sigma_value && !catalog_.sigma.empty()) {
      check(Role::sigma, catalog_.sigma[i], dataset(options_.sigma, "sigma"));
    }
    if (!catalog_.weight.empty()) check(Role::weight, catalog_.weight[i], dataset(options_.weight, "weight"));
    if (catalog_.offsets.empty()) return;
    const auto first = catalog_.offsets[i], last = catalog_.offsets[i + 1];
    if (first == last) {
      bad.add(i, fmt::format("row {} has no samples in '{}', expected at least one", i, options_.samples),
              true);
    }
    for (auto k = first; k < last; ++k) {
      const auto where = [&](const std::string& name) {
        return fmt::format("sample {} of '{}'", k - first, name);
      };
      if (complaint(Role::sample, catalog_.samples[k]) != nullptr) {
        check(Role::sample, catalog_.samples[k], where(options_.samples));
      }
      if (!densities_.empty() && complaint(Role::density, densities_[k]) != nullptr) {
        check(Role::density, densities_[k], where(options_.interim_prior));
      }
    }
  }

  void drop_bad_rows(std::vector<std::string>* notes) {
    BadRows bad(path_, options_.drop_bad_rows);
    const std::size_t n = objects();
    for (std::size_t i = 0; i < n; ++i) check_row(i, bad);
    bad.report(n, notes);
    for (std::size_t k = 0; k < densities_.size(); ++k) catalog_.log_interim[k] = std::log(densities_[k]);
    if (!bad.rows().empty()) leave_out(bad.rows(), n);
  }

  void leave_out(const std::vector<std::size_t>& rows, std::size_t n) {
    std::vector<bool> keep(n, true);
    for (const std::size_t row : rows) keep[row] = false;
    const auto compact = [&](auto& values) {
      if (values.size() != n) return;
      std::size_t to = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (!keep[i]) continue;
        if (to != i) values[to] = std::move(values[i]);
        ++to;
      }
      values.resize(to);
    };
    compact(catalog_.x);
    if (!options_.sigma_value) compact(catalog_.sigma);
    compact(catalog_.weight);
    compact(catalog_.id);
    if (catalog_.offsets.empty()) return;
    std::vector<std::uint64_t> offsets{0};
    std::uint64_t to = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (!keep[i]) continue;
      for (auto k = catalog_.offsets[i]; k < catalog_.offsets[i + 1]; ++k, ++to) {
        catalog_.samples[to] = catalog_.samples[k];
        if (!catalog_.log_interim.empty()) catalog_.log_interim[to] = catalog_.log_interim[k];
      }
      offsets.push_back(to);
    }
    catalog_.offsets = std::move(offsets);
    catalog_.samples.resize(to);
    if (!catalog_.log_interim.empty()) catalog_.log_interim.resize(to);
  }

  void take_medians() {
    if (!catalog_.has_samples()) return;
    std::vector<double> own;
    for (std::size_t i = 0; i + 1 < catalog_.offsets.size(); ++i) {
      const auto at = [&](std::uint64_t k) {
        return catalog_.samples.begin() + static_cast<std::ptrdiff_t>(k);
      };
      own.assign(at(catalog_.offsets[i]), at(catalog_.offsets[i + 1]));
      const auto middle = own.begin() + static_cast<std::ptrdiff_t>(own.size() / 2);
      std::nth_element(own.begin(), middle, own.end());
      const double upper = *middle;
      catalog_.x.push_back(own.size() % 2 == 1 ? upper
                                               : (*std::max_element(own.begin(), middle) + upper) / 2);
    }
  }

  const std::filesystem::path& path_;
  const CatalogOptions& options_;
  Handle file_;
  Catalog catalog_;
  std::vector<double> densities_;  // of the interim prior, if they come from a dataset
};

class Writer {
 public:
  explicit Writer(const std::filesystem::path& path)
      : path_(path), file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {
    check(file_.valid());
  }

  void put(const char* name, const std::vector<hsize_t>& shape, hid_t file_type, hid_t memory_type,
           const void* data) {
    const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(properties.id(), false);  // equal catalogs are equal files
    const Handle dataset(
        H5Dcreate2(file_.id(), name, file_type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
        H5Dclose);
    check(dataset.valid());
    check(H5Dwrite(dataset.id(), memory_type, h5::whole_dataset, h5::whole_dataset, H5P_DEFAULT, data) >= 0);
  }

  void put(const char* name, const std::vector<double>& values) {
    if (!values.empty()) put(name, {values.size()}, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
  }

  void put(const char* name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type.id(), h5::variable_length);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    put(name, {texts.size()}, type.id(), type.id(), pointers.data());
  }

  void close() { check(file_.close()); }

 private:
  void check(bool good) const {
    if (!good) throw RunError(fmt::format("{}: cannot be written: is the disk full?", path_.string()));
  }

  const std::filesystem::path& path_;
  Handle file_;
};

void put_samples(Writer& writer, const Catalog& catalog) {
  const std::size_t n = catalog.size(), k = catalog.samples.size() / n;
  bool rectangular = true;
  for (std::size_t i = 0; i <= n; ++i) rectangular = rectangular && catalog.offsets[i] == i * k;
  const std::vector<hsize_t> shape =
      rectangular ? std::vector<hsize_t>{n, k} : std::vector<hsize_t>{catalog.samples.size()};
  writer.put("samples", shape, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, catalog.samples.data());
  if (!rectangular) {
    writer.put("offsets", {n + 1}, H5T_STD_U64LE, H5T_NATIVE_UINT64, catalog.offsets.data());
  }
  if (catalog.log_interim.empty()) return;
  std::vector<double> density(catalog.log_interim.size());
  for (std::size_t i = 0; i < density.size(); ++i) {
    density[i] = std::exp(catalog.log_interim[i]);
    if (complaint(Role::density, density[i]) != nullptr) {
      throw InputError(
          fmt::format("catalog: the log interim density {} of sample {} has no density in double precision",
                      catalog.log_interim[i], i));
    }
  }
  writer.put("interim_prior", shape, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, density.data());
}

}  // namespace

Catalog read_hdf5(const std::filesystem::path& path, const CatalogOptions& options,
                  std::vector<std::string>* notes) {
  check_readable(path);
  check_sigma_options(options);
  const h5::Quiet quiet;
  Catalog catalog = Reader(path, options).read(notes);
  catalog.source = path.string();
  catalog.hash = hash_of(path);
  check(catalog);
  return catalog;
}

void write_hdf5(const std::filesystem::path& path, const Catalog& catalog, const std::vector<double>& truth) {
  const h5::Quiet quiet;
  Writer writer(path);
  writer.put("x", catalog.x);
  if (catalog.sigma.size() == 1) {
    writer.put("sigma", std::vector<double>(catalog.size(), catalog.sigma[0]));
  } else {
    writer.put("sigma", catalog.sigma);
  }
  writer.put("weight", catalog.weight);
  writer.put("id", catalog.id);
  writer.put("mu", truth);
  if (catalog.has_samples()) put_samples(writer, catalog);
  writer.close();
}

}  // namespace starling
