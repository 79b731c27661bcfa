/// starling simulate
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "commands.hpp"
#include "problem.hpp"
#include "starling/error.hpp"

namespace starling::cli {
namespace {

struct Options {
  std::string population = "normal", truth, sigma, objects = "1000", samples = "0", seed = "1", output;
};

int simulate_command(const Options& options) {
  const auto parameters = parameters_of(options.population, "normal");
  const auto truth = in_order(parse_values(options.truth, "--truth"), parameters, "--truth");
  for (std::size_t j = 0; j < truth.size(); ++j)
    if (!(truth[j] > parameters[j].lower && truth[j] < parameters[j].upper))
      throw InputError(fmt::format("--truth: {} must be above {} and below {}, got {}", parameters[j].name,
                                   parameters[j].lower, parameters[j].upper, truth[j]));
  const double sigma = parse_number(options.sigma, "--sigma");
  if (!(sigma > 0))
    throw InputError(fmt::format("--sigma: expected a number above 0, got {}", options.sigma));
  constexpr std::uint64_t most = 1'000'000'000'000;
  const auto objects = parse_whole(options.objects, "--objects", most);
  if (objects == 0) throw InputError("--objects: expected at least 1, got 0");
  const auto samples = parse_whole(options.samples, "--samples", most);
  const auto seed = parse_whole(options.seed, "--seed", std::numeric_limits<std::int64_t>::max());
  const auto ending = std::filesystem::path(options.output).extension();
  if (samples > 0 && ending == ".csv")
    throw InputError(fmt::format("{}: a CSV file holds no posterior samples; write .h5 or .fits to keep them",
                                 options.output));
  const auto simulation = simulate(options.population, truth, objects, {sigma}, samples, seed);
  write_catalog(options.output, simulation.catalog, simulation.mu);
  note(fmt::format("wrote {} objects to {}", objects, options.output));
  return 0;
}

}  // namespace

void add_simulate(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("simulate", "Draw a catalog from a model whose truth is known");
  const auto options = std::make_shared<Options>();
  sub->add_option("--population", options->population, "population p(mu | theta)")
      ->type_name("NAME")
      ->capture_default_str();
  sub->add_option("--truth", options->truth, "true hyperparameters, as theta_mu=0,theta_sigma=1")
      ->type_name("NAME=VALUE,...")
      ->required();
  sub->add_option("--sigma", options->sigma, "noise (standard deviation) of each measured value")
      ->type_name("NUMBER")
      ->required();
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
                  "catalog to write, .csv, .h5 or .fits, with the true values as column mu")
      ->type_name("FILE")
      ->required();
  sub->footer(
      "Example:\n"
      "  starling simulate --truth theta_mu=0,theta_sigma=1 --sigma 1 --objects 1000 --seed 1 -o toy.csv");
  sub->callback([options, &command] { command = [options] { return simulate_command(*options); }; });
}

}  // namespace starling::cli
