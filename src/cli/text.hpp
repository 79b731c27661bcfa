/// Reading numbers and name=value lists as users write them, and writing text. `where` is what an error
/// message blames:
/// "--walkers".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "starling/model.hpp"

namespace starling::cli {

/// Whether all of `text` is one number (finite or not).
bool is_number(std::string_view text);
/// A finite number. Throws InputError.
double parse_number(std::string_view text, std::string_view where);
/// A whole number from 0 to `largest`. Throws InputError.
std::uint64_t parse_whole(std::string_view text, std::string_view where, std::uint64_t largest);
/// "name=text" cut at the first '='. Throws InputError.
std::pair<std::string, std::string> parse_assignment(std::string_view text, std::string_view where);

using NamedValues = std::vector<std::pair<std::string, double>>;
/// "theta_mu=0,theta_sigma=1". Throws InputError, also where a name comes twice.
NamedValues parse_values(std::string_view text, std::string_view where);
/// Throws InputError that names the nearest parameter unless `name` is one of `parameters`.
void require_known(const std::string& name, const std::vector<Parameter>& parameters, std::string_view where);
/// The values in the order of `parameters`, each of which must be named once and no other; `known` fills in
/// those that may be left out (fixed ones). Throws InputError.
std::vector<double> in_order(const NamedValues& values, const std::vector<Parameter>& parameters,
                             std::string_view where, const NamedValues& known = {});

std::vector<std::string> names_of(const std::vector<Parameter>& parameters);
/// The shortest text that reads back as the same number.
std::string number_text(double value);
/// "a", "a and b", "a, b and c".
std::string list_text(const std::vector<std::string>& words);

/// Writes a file anew. Throws RunError if it can't be written.
void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace starling::cli
