/// From a request to what the library takes: catalog, model, method, options.
#include "problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"

namespace starling::cli {
namespace {

/// Rounded to two digits, for suggestions.
std::string rough(double value) {
  return fmt::format("{:.2g}", value);
}

/// A weak prior for one parameter: wide compared with the spread of what was measured.
std::string weak_prior(const Parameter& parameter, double mean, double sd) {
  const bool below = std::isfinite(parameter.lower), above = std::isfinite(parameter.upper);
  if (below && above) return fmt::format("uniform({}, {})", parameter.lower, parameter.upper);
  if (below && parameter.lower == 0) return fmt::format("half_normal({})", rough(5 * sd));
  if (below) return fmt::format("uniform({}, {})", parameter.lower, rough(parameter.lower + 20 * sd));
  if (above) return fmt::format("uniform({}, {})", rough(parameter.upper - 20 * sd), parameter.upper);
  return fmt::format("normal({}, {})", rough(mean), rough(10 * sd));
}

/// Throws the error that shows how priors are written unless every parameter has one.
void require_priors(const std::vector<Parameter>& parameters, const Request& request,
                    const Catalog& catalog) {
  auto missing = parameters;
  std::erase_if(missing, [&](const Parameter& parameter) {
    return request.priors.contains(parameter.name) || !parameter.prior.empty();
  });
  if (missing.empty()) return;

  const auto n = static_cast<double>(catalog.size());
  double mean = 0, square = 0;
  for (const double x : catalog.x) mean += x / n;
  for (const double x : catalog.x) square += (x - mean) * (x - mean) / n;
  const double sd = square > 0 ? std::sqrt(square) : 1;
  std::vector<std::string> names;
  std::string flags;
  for (const auto& parameter : missing) {
    names.push_back(parameter.name);
    flags += fmt::format(" --prior {}='{}'", parameter.name, weak_prior(parameter, mean, sd));
  }
  throw InputError(
      fmt::format("no prior for {}; say what you know, or begin with weak ones for this catalog:{}",
                  list_text(names), flags));
}

/// Says which priors were not given, and what they are.
void note_defaults(const Model& model, const Request& request) {
  std::vector<std::string> used;
  for (std::size_t j = 0; j < model.parameters().size(); ++j)
    if (const auto& name = model.parameters()[j].name; !request.priors.contains(name))
      used.push_back(fmt::format("{}={}", name, model.priors()[j].text()));
  if (!used.empty()) note(fmt::format("priors that were not given: {}", fmt::join(used, ", ")));
}

/// "center" or "center:spread"; without a spread a tenth of the center, or 0.1 where that is more.
std::pair<double, double> parse_start(const std::string& text, const std::string& where) {
  const auto colon = text.find(':');
  const double center = parse_number(text.substr(0, colon), where);
  if (colon == std::string::npos) return {center, 0.1 * std::max(1.0, std::abs(center))};
  const double spread = parse_number(text.substr(colon + 1), where);
  if (spread < 0) throw InputError(fmt::format("{}: expected a spread of 0 or more, got {}", where, spread));
  return {center, spread};
}

void resolve_start(const Request& request, const Model& model, FitOptions& options) {
  if (request.start.empty()) return;
  const std::string where = "--start";
  NamedValues centers, spreads;
  for (const auto& [name, text] : request.start) {
    const auto [center, spread] = parse_start(text, fmt::format("{} {}", where, name));
    centers.emplace_back(name, center);
    spreads.emplace_back(name, spread);
  }
  const auto known = fixed_values(model);
  auto still = known;
  for (auto& [name, value] : still) value = 0;
  options.start_center = in_order(centers, model.parameters(), where, known);
  options.start_spread = in_order(spreads, model.parameters(), where, still);
}

}  // namespace

void note(const std::string& text) {
  std::cerr << "starling: " << text << '\n';
}

Catalog load_catalog(const Request& request) {
  if (request.catalog.empty())
    throw InputError("no catalog: name one, or give one in the run file (catalog.path)");
  std::vector<std::string> notes;
  auto catalog = read_catalog(request.catalog, catalog_options(request), &notes);
  for (const auto& text : notes) note(text);
  return catalog;
}

Catalog catalog_of_run(Request& request, const Catalog& kept, const std::string& run,
                       const std::string& moved_to) {
  request.catalog = moved_to.empty() ? kept.source : moved_to;
  if (request.catalog.empty() || request.catalog == "-")
    throw InputError(fmt::format(
        "{}: the catalog is not in this file and came from no file; name it with --catalog", run));
  std::error_code error;
  if (!std::filesystem::exists(catalog_file(request.catalog), error))
    throw InputError(fmt::format("{}: this catalog of {} is not there; say where it is now with --catalog",
                                 request.catalog, run));
  auto catalog = load_catalog(request);
  if (catalog.hash != kept.hash)
    throw InputError(fmt::format("{}: this is not the catalog that was fitted: SHA-256 {}, expected {}",
                                 request.catalog, catalog.hash, kept.hash));
  return catalog;
}

Request request_of(const ChainHeader& header, const std::string& run) {
  Request request;
  if (const auto text = header.attributes.find("run_file"); text != header.attributes.end())
    read_run_text(text->second, run + " (run_file)", request);
  return request;
}

Catalog fitted_catalog(const Chain& chain, const std::string& run, const std::string& moved_to) {
  const auto& kept = chain.observed;
  const bool samples = is_of_samples(chain.header.measurement);
  if (moved_to.empty() && kept.size() > 0 && (!samples || kept.has_samples())) return kept;
  auto request = request_of(chain.header, run);
  return catalog_of_run(request, kept, run, moved_to);
}

std::string measurement_for(const Request& request, const Catalog& catalog) {
  const bool naive = request.method == "naive";  // takes the points as they are
  auto measurement = request.measurement;
  if (measurement.empty())
    measurement = catalog.has_samples() && (!request.columns.samples.empty() || catalog.sigma.empty())
                      ? "samples"
                      : default_measurement(request.population);
  if (is_of_samples(measurement) && !catalog.has_samples())
    throw InputError(fmt::format(
        "{}: measurement {} needs posterior samples of each object; name their dataset with --samples",
        request.catalog, measurement));
  for (const auto& column : pair_facts(request.population, measurement).columns)
    if (column.required && !naive && column.role == "sigma" && catalog.sigma.empty())
      throw InputError(
          fmt::format("{}: no noise: name its column or give one number with --sigma{}", request.catalog,
                      measurement == "normal" ? ", or fit it with --measurement normal_unknown_noise" : ""));
  return measurement;
}

Priors parse_priors(const Request& request, const std::vector<Parameter>& parameters) {
  Priors priors;
  for (const auto& [name, text] : request.priors) {
    require_known(name, parameters, "--prior");
    try {
      priors.emplace_back(name, parse_prior(text));
    } catch (const InputError& error) {
      throw InputError(fmt::format("prior of {}: {}", name, error.what()));
    }
  }
  return priors;
}

NamedValues fixed_values(const Model& model) {
  NamedValues values;
  for (std::size_t j = 0; j < model.parameters().size(); ++j)
    if (model.priors()[j].is_fixed()) values.emplace_back(model.parameters()[j].name, model.priors()[j].a);
  return values;
}

Problem prepare(const Request& request) {
  if (!request.method.empty()) parse_method(request.method);  // before the work of reading a catalog
  if (!request.moves.empty()) parse_moves(request.moves);
  if (!request.until.empty()) parse_until(request.until);
  if (!request.measurement.empty()) parameters_of(request.population, request.measurement);
  return prepare(request, load_catalog(request));
}

Problem prepare(const Request& request, Catalog catalog) {
  auto options = request.fit;
  if (!request.moves.empty()) options.moves = parse_moves(request.moves);
  if (!request.until.empty()) options.until = parse_until(request.until);
  options.note = note;

  const auto measurement = measurement_for(request, catalog);
  const auto method = request.method.empty() ? (is_of_samples(measurement) ? Method::marginal : Method::joint)
                                             : parse_method(request.method);
  const auto parameters = parameters_of(request.population, measurement, request.rate);
  const auto priors = parse_priors(request, parameters);
  require_priors(parameters, request, catalog);
  auto selection = parse_selection(request.selection, request.population);
  selection.rate = request.rate;
  Model model(request.population, measurement, priors, std::move(selection));
  note_defaults(model, request);
  resolve_start(request, model, options);
  return {std::move(catalog), std::move(model), method, std::move(options)};
}

}  // namespace starling::cli
