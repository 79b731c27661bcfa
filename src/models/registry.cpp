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

std::vector<VectorEntry>& list_of_vectors() {
  static std::vector<VectorEntry> all;
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

/// Values with which there is such a model, for what does not depend on them: each above the one before.
std::vector<double> some_values(const std::vector<Argument>& arguments) {
  std::vector<double> values;
  for (const auto& a : arguments)
    values.push_back(
        std::isfinite(a.value)
            ? a.value
            : std::clamp(a.value < 0 ? 0.0 : 1.0 + static_cast<double>(values.size()), a.lower, a.upper));
  return values;
}

std::string text_of(const std::string& name, const std::vector<Argument>& arguments,
                    const std::vector<double>& values) {
  std::string text;
  for (std::size_t j = 0; j < values.size(); ++j)
    text += fmt::format("{}{}={}", j == 0 ? "" : ",", arguments[j].name, values[j]);
  return values.empty() ? name : fmt::format("{}({})", name, text);
}

const std::string& name_of(const VectorEntry& entry) {
  return entry.population;
}
template <class Entry>
const std::string& name_of(const Entry& entry) {
  return entry.name;
}

std::vector<std::string> names_of_vectors() {
  population_entries();  // all are added
  std::vector<std::string> names;
  for (const auto& entry : list_of_vectors())
    if (std::find(names.begin(), names.end(), entry.population) == names.end())
      names.push_back(entry.population);
  return names;
}

Call parse_model(std::string_view text, const char* what) {
  Call call = parse_call(text, what);
  if (call.name.ends_with("_mixture")) name_by_components(call);
  return call;
}

/// The first of the entries with that name for which `suits` holds.
template <class Model, class Entry, class Suits>
Named<Model> find(std::string_view text, const std::vector<Entry>& entries, const char* what,
                  const std::vector<std::string>& also, Suits suits) {
  const Call call = parse_model(text, what);
  std::vector<std::string> names = also;
  for (const auto& entry : entries)
    if (std::find(names.begin(), names.end(), name_of(entry)) == names.end()) names.push_back(name_of(entry));
  for (const auto& entry : entries) {
    if (name_of(entry) != call.name || !suits(entry)) continue;
    const auto values = values_of(call, entry.arguments, fmt::format("{} '{}'", what, call.name));
    return {text_of(call.name, entry.arguments, values), entry.make(values)};
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
  return find<PopulationModel>(text, population_entries(), "population", names_of_vectors(),
                               [](const auto&) { return true; });
}

void add_vector_pair(const VectorEntry& entry) {
  for (const auto& known : list_of_vectors())
    if (known.population == entry.population && known.measurement == entry.measurement)
      throw InputError(fmt::format("population '{}' with measurement '{}' is there twice", entry.population,
                                   entry.measurement));
  list_of_vectors().push_back(entry);
}
const std::vector<VectorEntry>& vector_entries() {
  population_entries();  // all are added
  return list_of_vectors();
}

bool names_vectors(std::string_view population) {
  const auto names = names_of_vectors();
  return std::find(names.begin(), names.end(), parse_model(population, "population").name) != names.end();
}

std::vector<std::string> measurements_of_vectors(std::string_view population) {
  const auto name = parse_model(population, "population").name;
  std::vector<std::string> with;
  for (const auto& entry : vector_entries())
    if (entry.population == name) with.push_back(entry.measurement);
  return with;
}

Named<VectorModel> find_vector_model(std::string_view population, std::string_view measurement) {
  auto with = measurements_of_vectors(population);
  if (measurement != Samples::name && std::find(with.begin(), with.end(), measurement) == with.end()) {
    with.emplace_back(Samples::name);
    throw InputError(
        fmt::format("population '{}' has several latents per object, or covariates: it goes with "
                    "measurement {}, got '{}'",
                    population, fmt::join(with, " or "), measurement));
  }
  return find<VectorModel>(population, vector_entries(), "population", {}, [&](const VectorEntry& entry) {
    return measurement == Samples::name || entry.measurement == measurement;
  });
}

Named<MeasurementModel> find_measurement(std::string_view text) {
  return find<MeasurementModel>(text, measurement_entries(), "measurement",
                                {std::string(Samples::name), std::string(SampleDensity::name)},
                                [](const auto&) { return true; });
}

NamedPair find_pair(std::string_view population, std::string_view measurement) {
  NamedPair pair{find_population(population), {std::string(Samples::name), nullptr}};
  if (measurement == Samples::name) return pair;
  const auto name = split_call(measurement).name;
  if (name == SampleDensity::name) {
    const auto values = values_of(parse_call(measurement, "measurement"), SampleDensity::arguments(),
                                  fmt::format("measurement '{}'", name));
    pair.density_components = static_cast<int>(values[0]);
    if (pair.density_components != values[0])
      throw InputError(
          fmt::format("measurement '{}': components is {}, expected a whole number", name, values[0]));
    pair.measurement.text = text_of(std::string(name), SampleDensity::arguments(), values);
    return pair;
  }
  pair.measurement = find_measurement(measurement);
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
    all.push_back({entry.name,
                   entry.meaning,
                   entry.make(some_values(entry.arguments))->parameters(),
                   entry.arguments,
                   {}});
  }
  for (const auto& entry : vector_entries()) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const auto& known) { return known.name == entry.population; }))
      continue;  // compiled with another measurement, too
    const auto model = entry.make(some_values(entry.arguments));
    all.push_back({entry.population, entry.meaning, model->population_parameters(), entry.arguments,
                   model->covariates(), measurements_of_vectors(entry.population)});
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
  for (const auto& entry : vector_entries()) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const auto& known) { return known.name == entry.measurement; }))
      continue;
    const auto model = entry.make(some_values(entry.arguments));
    auto columns = model->columns();
    for (const auto& array : model->arrays())
      columns.push_back({array.role, true, 0, Column::Values::any, array.meaning + " (several numbers)"});
    all.push_back(
        {entry.measurement, entry.measurement_meaning, model->measurement_parameters(), {}, columns});
  }
  all.push_back({std::string(Samples::name), std::string(Samples::meaning), {}, {}, {}});
  all.push_back({std::string(SampleDensity::name),
                 std::string(SampleDensity::meaning),
                 {},
                 SampleDensity::arguments(),
                 {}});
  return all;
}

}  // namespace starling
