/// starling latents
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "problem.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling::cli {
namespace {

struct LatentsArguments {
  std::string path, object, catalog;
  bool draws = false, json = false;
};

int latents_command(const LatentsArguments& options) {
  const auto chain = read_chain(options.path);
  if (chain.header.method == "naive")
    throw InputError(
        fmt::format("{}: a naive fit has no latents; make a marginal or a joint one", options.path));
  const auto catalog = fitted_catalog(chain, options.path, options.catalog);
  const auto object = catalog.find(options.object);
  const auto values = replay_latent(chain, catalog, object);
  const Draws draws{values.data(), chain.header.chains(), chain.draws};

  double mean = 0, square = 0;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) mean += value / count;
  for (const double value : values) square += (value - mean) * (value - mean);
  const double sd = std::sqrt(square / (count - 1));
  const double q5 = quantile(draws, 0.05), q50 = quantile(draws, 0.5), q95 = quantile(draws, 0.95);

  if (options.json) {
    nlohmann::ordered_json json{
        {"object", options.object}, {"mean", mean}, {"sd", sd}, {"q5", q5}, {"q50", q50}, {"q95", q95}};
    if (options.draws) json["draws"] = values;
    std::cout << json_text(json) << '\n';
  } else if (options.draws) {
    std::cout << "chain,draw,mu\n";
    for (std::size_t c = 0; c < draws.chains; ++c)
      for (std::size_t d = 0; d < draws.draws; ++d)
        std::cout << fmt::format("{},{},{}\n", c, d, values[c * draws.draws + d]);
  } else {
    std::cout << fmt::format(
        "object {} (row {}): mean {:.6g}, sd {:.6g}, q5 {:.6g}, q50 {:.6g}, q95 {:.6g}; {} draws\n",
        options.object, object, mean, sd, q5, q50, q95, values.size());
  }
  return 0;
}

}  // namespace

void add_latents(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("latents", "The draws of one object's true value, recomputed from a chain file");
  const auto options = std::make_shared<LatentsArguments>();
  sub->add_option("RUN.NC", options->path, "chain file of a marginal or joint fit")
      ->type_name("")
      ->required();
  sub->add_option("--object", options->object,
                  "value of the id column, or the row number from 0 where there is none")
      ->type_name("ID")
      ->required();
  sub->add_option("--catalog", options->catalog,
                  "where the fitted catalog is now, if the chain file doesn't hold it and it was moved")
      ->type_name("FILE");
  sub->add_flag("--draws", options->draws, "print every draw: CSV with columns chain, draw, mu");
  sub->add_flag("--json", options->json, "print JSON; with --draws the draws are in it, chain by chain");
  sub->footer("Example:\n  starling latents run.nc --object NGC1300 --json");
  sub->callback([options, &command] { command = [options] { return latents_command(*options); }; });
}

}  // namespace starling::cli
