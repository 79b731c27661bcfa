/// Selections as text on the command line, with their files.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "models/call_text.hpp"
#include "starling/catalog.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"
#include "starling/pairs.hpp"
#include "starling/selection.hpp"

namespace starling {
namespace {

const std::vector<std::string> kKinds{"none", "threshold", "logistic", "table", "injections"};

double number(std::string_view text, const std::string& all) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    throw InputError(fmt::format("selection '{}': expected a number, got '{}'", all, text));
  return value;
}

void read_table(Selection& s, const std::string& file) {
  CatalogOptions options;
  options.x = "mu";
  options.columns["p_det"] = "p_det";
  const Catalog table = read_catalog(file, options);
  const auto& p_det = table.column("p_det");
  s.mu.assign(table.x.begin(), table.x.end());
  s.value.assign(p_det.begin(), p_det.end());
  if (s.mu.size() < 2) throw InputError(fmt::format("{}: a table of p_det needs two rows at least", file));
  for (std::size_t k = 0; k < s.mu.size(); ++k) {
    if (!(s.value[k] >= 0 && s.value[k] <= 1))
      throw InputError(fmt::format("{}: row {}, p_det = {}: expected a probability", file, k, s.value[k]));
    if (k > 0 && !(s.mu[k] > s.mu[k - 1]))
      throw InputError(
          fmt::format("{}: row {}, mu = {}: expected more than the row before", file, k, s.mu[k]));
  }
  if (*std::max_element(s.value.begin(), s.value.end()) == 0)
    throw InputError(fmt::format("{}: p_det is 0 everywhere", file));
}

void read_injections(Selection& s, const std::string& file, std::string_view population) {
  const auto facts = pair_facts(population, "samples");
  const auto& latents = facts.latents;
  CatalogOptions options;
  options.x = latents[0];
  for (std::size_t j = 1; j < latents.size(); ++j) options.columns[latents[j]] = latents[j];
  for (const auto& column : facts.columns) options.columns[column.role] = column.role;
  options.optional_columns = {"p_draw", "log_p_draw"};
  const Catalog found = read_catalog(file, options);
  const std::size_t count = found.size();
  for (std::size_t k = 0; k < count; ++k) {
    s.mu.push_back(found.x[k]);
    for (std::size_t j = 1; j < latents.size(); ++j) s.mu.push_back(found.columns.at(latents[j])[k]);
  }
  for (const auto& column : facts.columns) s.covariates[column.role] = found.columns.at(column.role);
  const auto density = found.columns.find("p_draw"), log_density = found.columns.find("log_p_draw");
  if ((density == found.columns.end()) == (log_density == found.columns.end()))
    throw InputError(fmt::format(
        "{}: injections need a column p_draw or log_p_draw, the density they were drawn from", file));
  if (log_density != found.columns.end()) {
    s.value.assign(log_density->second.begin(), log_density->second.end());
  } else {
    for (std::size_t k = 0; k < density->second.size(); ++k) {
      if (!(density->second[k] > 0))
        throw InputError(
            fmt::format("{}: row {}, p_draw = {}: expected a density > 0", file, k, density->second[k]));
      s.value.push_back(std::log(density->second[k]));
    }
  }
  if (!(s.injected >= static_cast<double>(count)))
    throw InputError(
        fmt::format("{}: {} injections were seen of {} that were drawn; expected that many or more", file,
                    count, s.injected));
}

}  // namespace

Selection parse_selection(const std::string& text, std::string_view population) {
  Selection s;
  s.text = trimmed_text(text);
  if (s.text.empty() || s.text == "none") return s;
  const CallText call = split_call(s.text);
  const std::string_view name = call.name;
  const auto kind = std::find(kKinds.begin(), kKinds.end(), name);
  if (kind == kKinds.end())
    throw InputError(fmt::format(
        "unknown selection '{}'{}; expected threshold(x), logistic(center, width), table(FILE) or "
        "injections(FILE, NUMBER)",
        name, did_you_mean(name, kKinds)));
  if (!call.parentheses)
    throw InputError(fmt::format("selection '{}': expected its arguments in parentheses", s.text));
  const auto& arguments = call.arguments;
  const std::size_t expected = name == "threshold" || name == "table" ? 1 : 2;
  if (arguments.size() != expected)
    throw InputError(fmt::format("selection '{}': {} takes {} argument{}, got {}", s.text, name, expected,
                                 expected == 1 ? "" : "s", arguments.size()));
  if (name == "threshold") {
    s.kind = Selection::Kind::threshold;
    s.a = number(arguments[0], s.text);
  } else if (name == "logistic") {
    s.kind = Selection::Kind::logistic;
    s.a = number(arguments[0], s.text);
    s.b = number(arguments[1], s.text);
    if (s.b == 0) throw InputError(fmt::format("selection '{}': the width is 0", s.text));
  } else if (name == "table") {
    s.kind = Selection::Kind::table;
    read_table(s, std::string(arguments[0]));
  } else {
    s.kind = Selection::Kind::injections;
    s.injected = number(arguments[1], s.text);
    read_injections(s, std::string(arguments[0]), population);
  }
  return s;
}

}  // namespace starling
