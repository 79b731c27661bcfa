// Widths come from the longest cell; numbers are printed to two digits of their error.
#include "diagnostics/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace starling::diagnostics {

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c)
      text += c == 0 ? fmt::format("{:<{}}", row[c], widths[c]) : fmt::format("  {:>{}}", row[c], widths[c]);
    text += '\n';
  }
  return text;
}

std::string joined(const std::vector<std::string>& items, std::string_view separator) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += separator;
    text += item;
  }
  return text;
}

std::string significant(double value, int digits) {
  return std::isnan(value) ? "-" : fmt::format("{:#.{}g}", value, digits);
}

std::string rounded(double value, double error) {
  if (std::isnan(value)) return "-";
  if (!std::isfinite(error) || !(error > 0)) return fmt::format("{:.4g}", value);
  const double places = 1 - std::floor(std::log10(error));
  if (places > 12) return fmt::format("{:.12g}", value);
  return fmt::format("{:.{}f}", value, static_cast<int>(std::max(places, 0.0)));
}

}  // namespace starling::diagnostics
