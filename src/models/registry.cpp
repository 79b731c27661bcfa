// The list of populations, and finding models by name.
#include "models/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "models/call_text.hpp"
#include "models/possible.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"
#include "starling/model.hpp"

namespace starling {

// One function for each model of the library, written by cmake/StarlingModels.cmake.
namespace added {
#define X(name) void name();
#include "starling_models.inc"
#undef X
}  // namespace added

namespace {

std::vector<PopulationEntry>& list_of_populations() {
  static std::vector<PopulationEntry> all;
  return all;
}

struct Call {
  std::string name;
  std::vector<std::pair<std::string, double>> arguments;  // names may be empty
};

/// Reads name(key=1, key=2) or name(1, 2).
Call parse_call(std::string_view text, const char* what) {
  auto split = split_call(text);
  Call call{std::string(split.name), {}};
  if (split.unclosed) throw InputError(fmt::format("{} '{}': expected a ')' at its end", what, text));
  if (!split.arguments.empty() && split.arguments.back().empty()) split.arguments.pop_back();
  for (const std::string_view item : split.arguments) {
    const auto equals = item.find('=');
    const bool named = equals != std::string_view::npos;
    const auto number = trimmed_text(named ? item.substr(equals + 1) : item);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size() || std::isnan(value))
      throw InputError(fmt::format("{} '{}': expected a number, got '{}'", what, text, number));
    call.arguments.emplace_back(named ? trimmed_text(item.substr(0, equals)) : std::string_view{}, value);
  }
  return call;
}

/// normal_mixture(components=2) is normal_mixture_2.
void name_by_components(Call& call) {
  for (auto a = call.arguments.begin(); a != call.arguments.end(); ++a) {
    if (a->first != "components") continue;
    call.name += fmt::format("_{}", a->second);
    call.arguments.erase(a);
    return;
  }
}

/// The values of all arguments, in their order.
std::vector<double> values_of(const Call& call, const std::vector<Argument>& known, const std::string& what) {
  std::vector<std::string> names;
  for (const auto& a : known) names.push_back(a.name);
  std::vector<std::optional<double>> given(known.size());
  std::size_t place = 0;
  for (const auto& [name, value] : call.arguments) {
    std::size_t j = place++;
    if (!name.empty()) {
      j = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
      if (j == names.size())
        throw InputError(fmt::format("{} has no argument '{}'{}", what, name, did_you_mean(name, names)));
    }
    if (j >= known.size())
      throw InputError(fmt::format("{} has {} arguments, got {}", what, known.size(), call.arguments.size()));
    if (given[j]) throw InputError(fmt::format("{}: argument '{}' is given twice", what, names[j]));
    if (!(value >= known[j].lower && value <= known[j].upper))
      throw InputError(fmt::format("{}: {} is {}, expected a number from {} to {}", what, names[j], value,
                                   known[j].lower, known[j].upper));
    given[j] = value;
  }
  std::vector<double> values;
  for (std::size_t j = 0; j < known.size(); ++j) {
    if (!given[j] && std::isnan(known[j].value))
      throw InputError(fmt::format("{} needs its argument {}, as {}({}=...): {}", what, names[j], call.name,
                                   names[j], known[j].meaning));
    values.push_back(given[j].value_or(known[j].value));
  }
  return values;
}

std::string text_of(const std::string& name, const std::vector<Argument>& arguments,
                    const std::vector<double>& values) {
  std::string text;
  for (std::size_t j = 0; j < values.size(); ++j)
    text += fmt::format("{}{}={}", j == 0 ? "" : ",", arguments[j].name, values[j]);
  return values.empty() ? name : fmt::format("{}({})", name, text);
}

/// The first of the entries with that name for which `suits` holds.
template <class Model, class Entry, class Suits>
Named<Model> find(std::string_view text, const std::vector<Entry>& entries, const char* what,
                  const std::vector<std::string>& also, Suits suits) {
  Call call = parse_call(text, what);
  if (call.name.ends_with("_mixture")) name_by_components(call);
  std::vector<std::string> names = also;
  for (const auto& entry : entries)
    if (std::find(names.begin(), names.end(), entry.name) == names.end()) names.push_back(entry.name);
  for (const auto& entry : entries) {
    if (entry.name != call.name || !suits(entry)) continue;
    const auto values = values_of(call, entry.arguments, fmt::format("{} '{}'", what, entry.name));
    return {text_of(entry.name, entry.arguments, values), entry.make(values)};
  }
  throw InputError(fmt::format("unknown {} '{}'{}; known: {}", what, call.name,
                               did_you_mean(call.name, names), fmt::join(names, ", ")));
}

}  // namespace

void add_population(const PopulationEntry& entry) {
  for (const auto& known : list_of_populations())
    if (known.name == entry.name && known.own_measurement == entry.own_measurement)
      throw InputError(fmt::format("there are two populations named '{}'", entry.name));
  list_of_populations().push_back(entry);
}

const std::vector<PopulationEntry>& population_entries() {
  static const bool all_added = [] {
#define X(name) added::name();
#include "starling_models.inc"
#undef X
    return true;
  }();
  static_cast<void>(all_added);
  return list_of_populations();
}

Named<PopulationModel> find_population(std::string_view text) {
  return find<PopulationModel>(text, population_entries(), "population", {},
                               [](const auto&) { return true; });
}

Named<MeasurementModel> find_measurement(std::string_view text) {
  return find<MeasurementModel>(text, measurement_entries(), "measurement", {std::string(Samples::name)},
                                [](const auto&) { return true; });
}

NamedPair find_pair(std::string_view population, std::string_view measurement) {
  NamedPair pair{find_population(population), {std::string(Samples::name), nullptr}, ""};
  if (measurement == Samples::name) return pair;
  pair.measurement = find_measurement(measurement);
  const auto name = split_call(measurement).name;
  if (is_own_measurement(name)) {
    const auto with_it = [&](const PopulationEntry& entry) { return entry.own_measurement == name; };
    std::vector<std::string> compiled;
    for (const auto& entry : population_entries())
      if (with_it(entry)) compiled.push_back(entry.name);
    if (std::find(compiled.begin(), compiled.end(), split_call(pair.population.text).name) == compiled.end())
      pair.why_not = fmt::format(
          "population '{}' was not compiled with measurement '{}', only {}: name it in starling_add_model, "
          "too",
          pair.population.text, name, fmt::join(compiled, ", "));
    else
      pair.population =
          find<PopulationModel>(pair.population.text, population_entries(), "population", {}, with_it);
  }
  if (pair.why_not.empty()) pair.why_not = why_impossible(pair.population, pair.measurement);
  return pair;
}

std::vector<NamedThing> known_populations() {
  std::vector<NamedThing> all;
  for (const auto& entry : population_entries()) {
    if (std::any_of(all.begin(), all.end(), [&](const auto& known) { return known.name == entry.name; }))
      continue;  // compiled with another measurement, too
    // parameters do not depend on the values of arguments: any will do
    std::vector<double> values;
    for (const auto& a : entry.arguments)
      values.push_back(std::isfinite(a.value) ? a.value
                                              : std::clamp(a.value < 0 ? 0.0 : 1.0, a.lower, a.upper));
    all.push_back({entry.name, entry.meaning, entry.make(values)->parameters(), entry.arguments, {}});
  }
  return all;
}

std::vector<NamedThing> known_measurements() {
  std::vector<NamedThing> all;
  for (const auto& entry : measurement_entries()) {
    std::vector<double> values;
    for (const auto& a : entry.arguments) values.push_back(a.value);
    all.push_back(
        {entry.name, entry.meaning, entry.make(values)->parameters(), entry.arguments, entry.columns});
  }
  all.push_back({std::string(Samples::name), std::string(Samples::meaning), Samples::parameters(), {}, {}});
  return all;
}

}  // namespace starling
