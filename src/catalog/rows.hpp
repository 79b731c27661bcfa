/// What readers of catalogs share: which values are right in which column, and what happens to rows that are
/// wrong.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "starling/catalog.hpp"

namespace starling {

enum class Role { x, sigma, weight, sample, density };

/// What was expected of a value in this role, as words for a message; nullptr if the value is right.
const char* complaint(Role role, double value);

/// Whether such a wrong value may be left out with its row (not finite, or sigma <= 0), or is always an
/// error.
bool may_be_dropped(Role role, double value);

/// Collects the rows that --drop-bad-rows leaves out, or throws at the first.
class BadRows {
 public:
  BadRows(std::filesystem::path path, bool drop) : path_(std::move(path)), drop_(drop) {}

  /// The row is wrong. `where_and_why`: "row 3 (line 5), column 'sigma': '-1' (expected ...)".
  /// Throws InputError unless the row may be dropped and the user asked for it.
  void add(std::size_t row, const std::string& where_and_why, bool droppable);

  [[nodiscard]] const std::vector<std::size_t>& rows() const { return rows_; }

  /// Tells the user what was left out of `total` rows. Throws InputError if nothing is left.
  void report(std::size_t total, std::vector<std::string>* notes) const;

 private:
  std::filesystem::path path_;
  bool drop_;
  std::vector<std::size_t> rows_;
};

/// How a file is called in messages.
std::string shown(const std::filesystem::path& path);

/// "a, b, c" of the names there are, shortened if there are many.
std::string listed(const std::vector<std::string>& names);

/// Throws InputError if the path is missing, a folder, or can't be read.
void check_readable(const std::filesystem::path& path);

/// Which single noise value the options give, if any; throws InputError if it is wrong or given twice.
void check_sigma_options(const CatalogOptions& options);

}  // namespace starling
