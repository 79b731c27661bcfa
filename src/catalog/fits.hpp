/// The few cfitsio calls that catalogs need, checked: a file that closes itself, columns of its tables.
#pragma once

#include <fitsio.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/column_file.hpp"

namespace starling::fits {

struct Closer {
  void operator()(fitsfile* file) const {
    int status = 0;
    fits_close_file(file, &status);
  }
};
using File = std::unique_ptr<fitsfile, Closer>;

/// What cfitsio says of a status that isn't 0.
std::string reason(int status);

/// A binary table of a file.
class Table : public ColumnFile {
 public:
  /// `extension`: its name or number (the first after the primary array is 1); "": the first binary table.
  /// Throws InputError.
  Table(const std::filesystem::path& path, const std::string& extension);

  [[nodiscard]] const char* kind() const override { return "column"; }
  [[nodiscard]] bool rows_are_objects() const override { return true; }
  [[nodiscard]] bool has(const std::string& name) const override;
  [[nodiscard]] std::unique_ptr<FileColumn> open(const std::string& name) const override;

 private:
  void choose(const std::string& extension);
  void choose_first();
  void choose_number(int number);
  void read_names();
  void check_length(const std::filesystem::path& path) const;
  /// The number of the column, from 1; 0 if there is none.
  [[nodiscard]] int find(const std::string& name) const;

  std::string path_;
  File file_;
  std::vector<std::string> names_;
};

/// One column of a table, or one position along the last dimension of its rows.
class Column : public FileColumn {
 public:
  Column(fitsfile* file, std::string path, std::string name, int number, const std::string& position);

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] const std::vector<std::size_t>& shape() const override { return shape_; }
  [[nodiscard]] std::vector<std::uint64_t> offsets() const override;
  [[nodiscard]] bool is_whole() const override;
  void read(std::size_t first, std::size_t rows, double* to) const override;
  void read(std::size_t first, std::size_t rows, std::vector<std::string>& to) const override;

 private:
  void choose_position(const std::string& position);
  [[nodiscard]] LONGLONG values_in(std::size_t row) const;
  void read_variable(std::size_t first, std::size_t rows, double* to) const;
  void read_numbers(std::size_t first, std::size_t count, double* to) const;
  void read_texts(std::size_t first, std::size_t rows, std::vector<std::string>& to) const;
  template <class Whole>
  void read_digits(int type, std::size_t first, std::size_t rows, std::vector<std::string>& to) const;
  void check(int status) const;

  fitsfile* file_;
  std::string path_, name_;
  int number_;
  int type_ = 0;       // of the values, after TSCAL and TZERO
  LONGLONG each_ = 0;  // values in a row
  LONGLONG heap_ = 0;  // bytes for all values of rows of variable length
  bool variable_ = false;
  bool stored_whole_ = false;  // before TSCAL and TZERO
  std::vector<std::size_t> shape_;
  std::optional<std::size_t> position_;
  std::size_t stride_ = 1;  // from one value of the position to the next
};

}  // namespace starling::fits
