/// What HDF5 and FITS have in common: columns that are read by rows, and how a catalog is made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "starling/catalog.hpp"

namespace starling {

/// One column of a file: each row holds a number, a text, or several numbers.
class FileColumn {
 public:
  FileColumn() = default;
  FileColumn(FileColumn&&) = default;
  FileColumn(const FileColumn&) = delete;
  FileColumn& operator=(const FileColumn&) = delete;
  virtual ~FileColumn() = default;

  [[nodiscard]] virtual const std::string& name() const = 0;
  /// [N] or [N, K] or more; [N, 0] where rows hold as many numbers as offsets() says.
  [[nodiscard]] virtual const std::vector<std::size_t>& shape() const = 0;
  /// [N + 1], where row i's numbers begin if they are counted through; empty if all rows hold as many.
  [[nodiscard]] virtual std::vector<std::uint64_t> offsets() const { return {}; }
  /// Integers or truth values.
  [[nodiscard]] virtual bool is_whole() const = 0;
  /// The numbers of some rows; missing ones are NaN. Throws InputError where there are none.
  virtual void read(std::size_t first, std::size_t rows, double* to) const = 0;
  /// Adds the texts of some rows, of integers their digits. Throws InputError where there are none.
  virtual void read(std::size_t first, std::size_t rows, std::vector<std::string>& to) const = 0;
};

class ColumnFile {
 public:
  virtual ~ColumnFile() = default;
  /// What messages call a column: "dataset" or "column".
  [[nodiscard]] virtual const char* kind() const = 0;
  /// Whether all columns have the same rows, so that a column of single numbers may be one sample per object.
  [[nodiscard]] virtual bool rows_are_objects() const = 0;
  [[nodiscard]] virtual bool has(const std::string& name) const = 0;
  /// Throws InputError that lists what there is.
  [[nodiscard]] virtual std::unique_ptr<FileColumn> open(const std::string& name) const = 0;
};

/// Reads what the options name, checks shapes and values, leaves out bad rows if asked. Source and hash are
/// left to the caller. Throws InputError.
Catalog assemble(const std::filesystem::path& path, const ColumnFile& file, const CatalogOptions& options,
                 std::vector<std::string>* notes);

}  // namespace starling
