/// starling simulate
#include <fmt/format.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "problem.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"

namespace starling::cli {
namespace {

struct SimulateArguments {
  std::string population = "normal", measurement, truth, sigma, objects = "1000", samples = "0", seed = "1",
              output;
  std::vector<std::string> columns;
};

/// What the measurement reads beside x, one number each.
std::map<std::string, std::vector<double>> columns_of(const SimulateArguments& options) {
  std::map<std::string, std::vector<double>> columns;
  const auto give = [&](const std::string& role, const std::string& text, const std::string& where) {
    if (!columns.emplace(role, std::vector<double>{parse_number(text, where)}).second)
      throw InputError(fmt::format("{}: '{}' is given twice", where, role));
  };
  const auto facts = pair_facts(options.population, options.measurement);
  const auto& known = facts.columns;
  const auto has_sigma = [&](const Column& column) { return column.role == "sigma"; };
  const auto sigma = std::find_if(known.begin(), known.end(), has_sigma);
  if (!options.sigma.empty()) {
    if (sigma == known.end())
      throw InputError(
          fmt::format("--sigma: measurement '{}' has no noise to be given", options.measurement));
    give("sigma", options.sigma, "--sigma");
    if (!(columns["sigma"][0] > 0))
      throw InputError(fmt::format("--sigma: expected a number above 0, got {}", options.sigma));
  } else if (sigma != known.end() && sigma->required) {
    throw InputError("--sigma: give the noise (standard deviation) of each measured value, as --sigma 1");
  }
  for (const auto& text : options.columns) {
    const auto [role, value] = parse_assignment(text, "--column");
    require_role(role, facts, options.measurement, "--column");
    give(role, value, fmt::format("--column {}", role));
  }
  return columns;
}

/// The true values of several latents per object, a column each.
void keep_truths(Simulation& simulation, const std::vector<std::string>& latents) {
  const std::size_t d = latents.size(), n = simulation.catalog.size();
  if (d == 1) return;
  for (std::size_t j = 0; j < d; ++j) {
    auto& column = simulation.catalog.columns["true_" + latents[j]];
    for (std::size_t i = 0; i < n; ++i) column.push_back(simulation.mu[i * d + j]);
  }
  simulation.mu.clear();
}

int simulate_command(SimulateArguments options) {
  if (options.measurement.empty()) options.measurement = default_measurement(options.population);
  if (is_of_samples(options.measurement))
    throw InputError(
        "--measurement samples: posterior samples are drawn beside measured values; use --samples NUMBER");
  const auto parameters = parameters_of(options.population, options.measurement);
  const auto truth = in_order(parse_values(options.truth, "--truth"), parameters, "--truth");
  for (std::size_t j = 0; j < truth.size(); ++j)
    if (!(truth[j] > parameters[j].lower && truth[j] < parameters[j].upper))
      throw InputError(fmt::format("--truth: {} must be above {} and below {}, got {}", parameters[j].name,
                                   parameters[j].lower, parameters[j].upper, truth[j]));
  constexpr std::uint64_t most = 1'000'000'000'000;
  const auto objects = parse_whole(options.objects, "--objects", most);
  if (objects == 0) throw InputError("--objects: expected at least 1, got 0");
  const auto samples = parse_whole(options.samples, "--samples", most);
  const auto seed = parse_whole(options.seed, "--seed", std::numeric_limits<std::int64_t>::max());
  const auto ending = std::filesystem::path(options.output).extension();
  if (samples > 0 && ending == ".csv")
    throw InputError(fmt::format("{}: a CSV file holds no posterior samples; write .h5 or .fits to keep them",
                                 options.output));
  auto simulation =
      simulate({options.population, options.measurement, truth, columns_of(options), objects, samples, seed});
  keep_truths(simulation, pair_facts(options.population, options.measurement).latents);
  write_catalog(options.output, simulation.catalog, simulation.mu);
  note(fmt::format("wrote {} objects to {}", objects, options.output));
  return 0;
}

}  // namespace

void add_simulate(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("simulate", "Draw a catalog from a model whose truth is known");
  const auto options = std::make_shared<SimulateArguments>();
  sub->add_option("--population", options->population, "population p(mu | theta)")
      ->type_name("NAME")
      ->capture_default_str();
  sub->add_option("--measurement", options->measurement, "measurement p(x | mu); none: normal")
      ->type_name("NAME");
  sub->add_option("--truth", options->truth, "true hyperparameters, as theta_mu=0,theta_sigma=1")
      ->type_name("NAME=VALUE,...")
      ->required();
  sub->add_option("--sigma", options->sigma,
                  "noise (standard deviation) of each measured value, where the measurement has one")
      ->type_name("NUMBER");
  sub->add_option("--column", options->columns,
                  "what else the measurement reads of each object, as trials=20; repeat for each")
      ->allow_extra_args(false)
      ->type_name("ROLE=NUMBER");
  sub->add_option("--objects", options->objects, "number of objects")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--samples", options->samples, "posterior samples per object (needs .h5 or .fits); 0: none")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--seed", options->seed, "seed of the random numbers")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("-o,--output", options->output,
                  "catalog to write, .csv, .h5 or .fits, with the true values as column mu; of several "
                  "latents per object true_NAME of each")
      ->type_name("FILE")
      ->required();
  sub->footer(
      "Example:\n"
      "  starling simulate --truth theta_mu=0,theta_sigma=1 --sigma 1 --objects 1000 --seed 1 -o toy.csv\n"
      "  starling simulate --population beta --measurement binomial --truth a=2,b=5 --column trials=20 -o "
      "counts.csv");
  sub->callback([options, &command] { command = [options] { return simulate_command(*options); }; });
}

}  // namespace starling::cli
