/// Catalogs from HDF5 files.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "catalog/column_file.hpp"
#include "catalog/h5.hpp"
#include "catalog/rows.hpp"
#include "catalog/sha256.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

/// The datasets of a file; where a table is named, its columns come first.
class Hdf5File : public ColumnFile {
 public:
  Hdf5File(const std::filesystem::path& path, std::string table)
      : path_(path.string()),
        table_(std::move(table)),
        file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose) {
    if (!file_.valid()) {
      throw InputError(fmt::format("{}: is not an HDF5 file, or damaged or cut short", path_));
    }
    if (!table_.empty()) columns_ = h5::table_columns(file_.id(), path_, table_);
  }

  [[nodiscard]] const char* kind() const override { return "dataset"; }
  [[nodiscard]] bool rows_are_objects() const override { return false; }
  [[nodiscard]] bool has(const std::string& name) const override {
    return in_table(name) || h5::has_dataset(file_.id(), name);
  }
  [[nodiscard]] std::unique_ptr<FileColumn> open(const std::string& name) const override {
    const bool dataset = table_.empty() || (!in_table(name) && h5::has_dataset(file_.id(), name));
    return std::make_unique<h5::Column>(file_.id(), path_, dataset ? name : table_ + ":" + name);
  }

 private:
  /// "column", or "column:position" of a column of arrays.
  [[nodiscard]] bool in_table(const std::string& name) const {
    const auto known = [&](const std::string& column) {
      return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
    };
    return known(name) || known(name.substr(0, name.find_last_of(":.")));
  }

  std::string path_, table_;
  h5::Handle file_;
  std::vector<std::string> columns_;  // of the table
};

}  // namespace

Catalog read_hdf5(const std::filesystem::path& path, const CatalogOptions& options,
                  std::vector<std::string>* notes) {
  check_readable(path);
  const h5::Quiet quiet;
  Catalog catalog = assemble(path, Hdf5File(path, options.table), options, notes);
  catalog.source = path.string();
  catalog.hash = hash_of_file(path);
  check(catalog);
  return catalog;
}

}  // namespace starling
