/// starling check
#include "starling/check.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include "commands.hpp"
#include "problem.hpp"
#include "python.hpp"
#include "starling/error.hpp"

namespace starling::cli {
namespace {

struct CheckArguments {
  std::string path, catalog, replicates = "500", seed = "1", plot;
  int threads = 0;
  bool json = false;
};

int check_command(const CheckArguments& given) {
  CheckOptions options;
  options.replicates = parse_whole(given.replicates, "--replicates", 1'000'000);
  options.seed = parse_whole(given.seed, "--seed", std::numeric_limits<std::int64_t>::max());
  options.threads = given.threads;
  const auto python = python_for_plot(given.plot);
  const auto chain = read_chain(given.path, ChainParts::draws);
  const auto catalog = fitted_catalog(chain, given.path, given.catalog);
  const auto model = model_of(
      chain.header, parse_selection(request_of(chain.header, given.path).selection, chain.header.population));
  const auto result = check_predictions(model, catalog, chain, options);
  const auto json = to_json(result);
  if (given.json)
    std::cout << json << '\n';
  else
    std::cout << result;
  if (!given.plot.empty()) draw_result(python, "check", json, given.plot);
  return 0;
}

}  // namespace

void add_check(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "check", "Posterior predictive checks: whether the fitted model would give a catalog like this one");
  const auto options = std::make_shared<CheckArguments>();
  sub->add_option("RUN.NC", options->path, "chain file of starling fit")->type_name("")->required();
  sub->add_option("--catalog", options->catalog,
                  "where the fitted catalog is now, if the chain file doesn't hold it and it was moved")
      ->type_name("FILE");
  sub->add_option("--replicates", options->replicates, "catalogs to draw, each under a draw of theta")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--seed", options->seed, "seed of the random numbers")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--threads", options->threads, "CPU threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->type_name("NUMBER");
  sub->add_option("--plot", options->plot,
                  "picture to draw (needs Python): the histogram with the band of replicated ones, and the "
                  "population's density with its band")
      ->type_name("FILE.png");
  sub->add_flag("--json", options->json, "print JSON");
  sub->footer(
      "Example:\n"
      "  starling check run.nc --plot check.png\n"
      "Quantities of the catalog stand beside those of replicated ones, which have new true values and new\n"
      "measured values. Of posterior samples, of which none can be drawn anew, the latents given\n"
      "the samples stand beside new true values.");
  sub->callback([options, &command] { command = [options] { return check_command(*options); }; });
}

}  // namespace starling::cli
