/// Reading numbers and name=value lists as users write them.
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "starling/error.hpp"

namespace starling::cli {
namespace {

bool read_all(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class Pairs>
auto find_name(const Pairs& pairs, const std::string& name) {
  return std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
}

}  // namespace

bool is_number(std::string_view text) {
  double value = 0;
  return read_all(text, value);
}

double parse_number(std::string_view text, std::string_view where) {
  double value = 0;
  if (!read_all(text, value) || !std::isfinite(value))
    throw InputError(fmt::format("{}: expected a finite number, got '{}'", where, text));
  return value;
}

std::uint64_t parse_whole(std::string_view text, std::string_view where, std::uint64_t largest) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument)
    throw InputError(fmt::format("{}: expected a whole number, 0 or more, got '{}'", where, text));
  if (error != std::errc{} || value > largest)
    throw InputError(fmt::format("{}: expected a whole number, at most {}, got '{}'", where, largest, text));
  return value;
}

std::pair<std::string, std::string> parse_assignment(std::string_view text, std::string_view where) {
  const auto equals = text.find('=');
  const auto name = trimmed(text.substr(0, equals));
  const auto value = equals == std::string_view::npos ? std::string_view{} : trimmed(text.substr(equals + 1));
  if (name.empty() || value.empty())
    throw InputError(fmt::format("{}: expected name=value, got '{}'", where, text));
  return {std::string(name), std::string(value)};
}

NamedValues parse_values(std::string_view text, std::string_view where) {
  NamedValues values;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    auto [name, value] = parse_assignment(text.substr(begin, end - begin), where);
    if (find_name(values, name) != values.end())
      throw InputError(fmt::format("{}: '{}' is given twice", where, name));
    values.emplace_back(name, parse_number(value, fmt::format("{}: {}", where, name)));
    begin = end + 1;
  }
  return values;
}

void require_known(const std::string& name, const std::vector<Parameter>& parameters,
                   std::string_view where) {
  const auto names = names_of(parameters);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw InputError(fmt::format("{}: unknown parameter '{}'{}; the model has {}", where, name,
                                 did_you_mean(name, names), list_text(names)));
}

std::vector<double> in_order(const NamedValues& values, const std::vector<Parameter>& parameters,
                             std::string_view where, const NamedValues& known) {
  for (const auto& [name, value] : values) require_known(name, parameters, where);
  const auto names = names_of(parameters);
  std::vector<double> ordered;
  for (const auto& name : names) {
    auto found = find_name(values, name);
    if (found == values.end()) {
      found = find_name(known, name);
      if (found == known.end())
        throw InputError(fmt::format("{}: no value for {}; write {}", where, name,
                                     fmt::format("{}=NUMBER", fmt::join(names, "=NUMBER,"))));
    }
    ordered.push_back(found->second);
  }
  return ordered;
}

std::vector<std::string> names_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const auto& parameter : parameters) names.push_back(parameter.name);
  return names;
}

std::string number_text(double value) {
  return fmt::format("{}", value);
}

std::string list_text(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  return fmt::format("{} and {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw RunError(fmt::format("{}: cannot be written", path.string()));
}

}  // namespace starling::cli
