/// Rules for values and rows, the same for every kind of catalog file.
#include "catalog/rows.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "starling/error.hpp"

namespace starling {

const char* complaint(Role role, double value) {
  switch (role) {
    case Role::x:
    case Role::sample:
    case Role::other:
      return std::isfinite(value) ? nullptr : "a finite number";
    case Role::sigma:
      return std::isfinite(value) && value > 0 ? nullptr : "a finite number > 0";
    case Role::weight:
      return std::isfinite(value) && value >= 0 ? nullptr : "a finite number >= 0";
    case Role::density:
      return std::isfinite(value) && value > 0 ? nullptr : "a probability density, finite and > 0";
  }
  return nullptr;
}

bool may_be_dropped(Role role, double value) {
  return !std::isfinite(value) || role == Role::sigma;
}

void append_noise(Numbers& sigma, std::size_t before, double value) {
  if (before > 0 && sigma.size() == 1) {
    if (value == sigma[0]) return;
    sigma.resize(before, sigma[0]);
    sigma.let_go(0, before);
  }
  sigma.push_back(value);
}

void BadRows::add(std::size_t row, const std::string& where_and_why, bool droppable) {
  if (!droppable || !drop_) {
    throw InputError(fmt::format("{}: {}{}", shown(path_), where_and_why,
                                 droppable ? "; --drop-bad-rows leaves such rows out" : ""));
  }
  if (rows_.empty() || rows_.back() != row) rows_.push_back(row);
}

void BadRows::report(std::size_t total, std::vector<std::string>* notes) const {
  if (rows_.empty()) return;
  if (rows_.size() == total) {
    throw InputError(fmt::format("{}: none of its {} rows can be used: all are not finite or have sigma <= 0",
                                 shown(path_), total));
  }
  if (notes == nullptr) return;
  constexpr std::size_t most = 50;
  std::string which;
  for (std::size_t i = 0; i < std::min(rows_.size(), most); ++i) {
    which += fmt::format("{}{}", i == 0 ? "" : ", ", rows_[i]);
  }
  if (rows_.size() > most) which += fmt::format(" and {} more", rows_.size() - most);
  notes->push_back(
      fmt::format("{}: dropped {} of {} rows that are not finite or have sigma <= 0: {} {} (from 0)",
                  shown(path_), rows_.size(), total, rows_.size() == 1 ? "row" : "rows", which));
}

std::string shown(const std::filesystem::path& path) {
  return path == "-" ? std::string("standard input") : path.string();
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 30;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

void check_readable(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (path.empty() || status.type() == std::filesystem::file_type::not_found) {
    throw InputError(fmt::format("{}: no such file", path.empty() ? "''" : path.string()));
  }
  if (std::filesystem::is_directory(status)) {
    throw InputError(fmt::format("{}: is a folder, expected a file", path.string()));
  }
  if (error || access(path.c_str(), R_OK) != 0) {
    throw InputError(fmt::format("{}: cannot be read: permission denied", path.string()));
  }
}

std::optional<double> number_in(const std::string& text) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc{} ? value : std::numeric_limits<double>::infinity();
}

void check_role(const std::string& role) {
  static constexpr const char* taken[] = {"x",       "sigma",   "weight",        "id",  "mu",
                                          "samples", "offsets", "interim_prior", "mask"};
  if (std::find(std::begin(taken), std::end(taken), role) != std::end(taken)) {
    throw InputError(
        fmt::format("column role '{}': that name is taken by the catalog itself, expected another", role));
  }
  const auto part_of_a_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  if (role.empty() || !std::all_of(role.begin(), role.end(), part_of_a_name)) {
    throw InputError(fmt::format("column role '{}': expected a name of letters, digits and _", role));
  }
}

void check_column_options(const CatalogOptions& options) {
  for (const auto& [role, text] : options.columns) {
    check_role(role);
    if (text.empty()) throw InputError(fmt::format("column role '{}': expected a column or a number", role));
    const auto value = number_in(text);
    if (value && complaint(Role::other, *value) != nullptr) {
      throw InputError(
          fmt::format("column role '{}' = {}: expected {}", role, text, complaint(Role::other, *value)));
    }
  }
}

void check_sigma_options(const CatalogOptions& options) {
  if (!options.sigma_value) return;
  if (const char* expected = complaint(Role::sigma, *options.sigma_value)) {
    throw InputError(fmt::format("sigma = {}: expected {}", *options.sigma_value, expected));
  }
  if (!options.sigma.empty()) {
    throw InputError(fmt::format("sigma is given as column '{}' and as the number {}: expected one of them",
                                 options.sigma, *options.sigma_value));
  }
}

}  // namespace starling
