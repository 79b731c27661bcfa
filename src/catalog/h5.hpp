/// The few HDF5 calls that catalogs need, checked: handles that close themselves, datasets as double or text.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/column_file.hpp"

namespace starling::h5 {

// HDF5 writes these with casts that warnings here forbid.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
inline constexpr std::size_t variable_length = H5T_VARIABLE;
inline constexpr hid_t whole_dataset = H5S_ALL;
#pragma GCC diagnostic pop

/// Owns an HDF5 identifier.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close closing) : id_(id), close_(closing) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] hid_t id() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }
  /// Closes now; false if that fails.
  bool close() { return close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  Close close_;
};

/// Keeps HDF5 from printing its error stack while it lives.
class Quiet {
 public:
  Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet();

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// A dataset, or one column of it: a member of a compound type, or one position along the last dimension.
/// Messages begin with the file's name; all errors are InputErrors.
class Column : public FileColumn {
 public:
  /// `name`: "dataset", or "dataset:column" (or "dataset.column") with the column's name or number, or
  /// "dataset:member:column" where the members are arrays. Names along a last dimension come from the
  /// attribute "columns" (or "column_names", "names") of the dataset, or a dataset of that name beside it.
  Column(hid_t file, std::string file_name, const std::string& name);

  [[nodiscard]] const std::string& name() const override { return name_; }
  /// Sizes of the dimensions, without that which the column was chosen from.
  [[nodiscard]] const std::vector<std::size_t>& shape() const override { return shape_; }
  [[nodiscard]] bool is_whole() const override;
  [[nodiscard]] bool is_text() const;
  void read(std::size_t first, std::size_t rows, double* to) const override;
  void read(std::size_t first, std::size_t rows, std::vector<std::string>& to) const override;

 private:
  void check_size() const;
  std::string choose_member(const std::string& column);
  void choose_position(const std::string& column, const std::string& dataset, hid_t file);
  [[nodiscard]] Handle value_type() const;
  [[nodiscard]] H5T_class_t value_class() const;
  [[nodiscard]] std::size_t cells(std::size_t rows) const;
  void read(std::size_t first, std::size_t rows, hid_t memory_type, void* to) const;

  std::string file_name_, name_;
  Handle dataset_;
  std::vector<hsize_t> cells_;  // sizes of the dataset's dimensions
  std::vector<hsize_t> array_;  // of the array that each member is; empty if it is no array
  std::vector<std::size_t> shape_;
  std::optional<std::string> member_;
  std::optional<std::size_t> position_;
};

/// Whether the file has such a dataset, or such a dataset with a column after the last ':' or '.'.
bool has_dataset(hid_t file, const std::string& name);

/// Paths of all datasets in the file.
std::vector<std::string> dataset_names(hid_t file);

/// The columns of a table, a dataset of a compound type. Throws InputError where it isn't one.
std::vector<std::string> table_columns(hid_t file, const std::string& file_name, const std::string& name);

}  // namespace starling::h5
