// Text for a terminal: tables with right-aligned columns (the first left-aligned), rounded numbers, lists.
// lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace starling::diagnostics {

/// `rows` (the header first) as lines of text; every row has as many cells as the first.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// `value` to the decimal place of the second significant digit of its error, 0 to 12 places; "-" for NaN.
/// Without a usable error: four significant digits.
std::string rounded(double value, double error);

/// `value` with that many significant digits, "-" for NaN.
std::string significant(double value, int digits);

/// "a, b, c".
std::string joined(const std::vector<std::string>& items, std::string_view separator = ", ");

}  // namespace starling::diagnostics
