/// What readers of catalogs share: which values are right in which column, and what happens to rows that are
/// wrong.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "starling/catalog.hpp"

namespace starling {

enum class Role { x, sigma, weight, sample, density, other };

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

/// Appends the noise of one more object to that of `before` others: as long as all are the same, one number
/// stands for them.
void append_noise(Numbers& sigma, std::size_t before, double value);

/// How a file is called in messages.
std::string shown(const std::filesystem::path& path);

/// "a, b, c" of the names there are, shortened if there are many.
std::string listed(const std::vector<std::string>& names);

/// Throws InputError if the path is missing, a folder, or can't be read.
void check_readable(const std::filesystem::path& path);

/// The number that all of the text is; none if it isn't one.
std::optional<double> number_in(const std::string& text);

/// Throws InputError unless `role` can be the name of a column beside the usual ones.
void check_role(const std::string& role);

/// Throws InputError for roles that can't be, and for numbers that are not finite.
void check_column_options(const CatalogOptions& options);

/// Calls number(role, value) or column(role, name) for every role that the options name or that `has` a
/// column.
template <class Has, class Number, class Column>
void for_each_role(const CatalogOptions& options, Has&& has, Number&& number, Column&& column) {
  for (const auto& [role, text] : options.columns) {
    if (const auto value = number_in(text)) {
      number(role, *value);
    } else {
      column(role, text);
    }
  }
  for (const std::string& role : options.optional_columns) {
    if (!options.columns.contains(role) && has(role)) column(role, role);
  }
}

/// Which single noise value the options give, if any; throws InputError if it is wrong or given twice.
void check_sigma_options(const CatalogOptions& options);

}  // namespace starling
