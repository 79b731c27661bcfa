/// starling latents
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "problem.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"
#include "starling/pairs.hpp"
#include "starling/summary.hpp"
#include "text.hpp"

namespace starling::cli {
namespace {

struct LatentsArguments {
  std::string path, object, catalog, samples = "100", output;
  bool draws = false, json = false;
};

struct Figures {
  double mean = 0, sd = 0, q5 = 0, q50 = 0, q95 = 0;
};

/// values: [chain][draw]
Figures figures_of(const std::vector<double>& values, const Chain& chain) {
  const Draws draws{values.data(), chain.header.chains(), chain.draws};
  Figures f;
  double square = 0;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) f.mean += value / count;
  for (const double value : values) square += (value - f.mean) * (value - f.mean);
  f.sd = std::sqrt(square / (count - 1));
  f.q5 = quantile(draws, 0.05), f.q50 = quantile(draws, 0.5), f.q95 = quantile(draws, 0.95);
  return f;
}

std::vector<std::string> latents_of(const Chain& chain) {
  return pair_facts(chain.header.population, chain.header.measurement).latents;
}

int write_samples(const Chain& chain, const Catalog& fitted, const LatentsArguments& options) {
  const auto count = parse_whole(options.samples, "--samples", 1'000'000'000);
  const auto catalog = posterior_samples(chain, fitted, count);
  write_catalog(options.output, catalog);
  note(fmt::format("wrote {} samples of each of {} objects to {}", count, catalog.size(), options.output));
  return 0;
}

int latents_command(const LatentsArguments& options) {
  if (options.object.empty() == options.output.empty())
    throw InputError("name one object with --object, or a file for samples of all with -o");
  const auto chain = read_chain(options.path);
  if (chain.header.method == "naive")
    throw InputError(
        fmt::format("{}: a naive fit has no latents; make a marginal or a joint one", options.path));
  const auto catalog = fitted_catalog(chain, options.path, options.catalog);
  if (!options.output.empty()) return write_samples(chain, catalog, options);
  const auto object = catalog.find(options.object);
  const auto names = latents_of(chain);
  const auto all = replay_latent(chain, catalog, object);
  const std::size_t d = names.size(), draws = all.size() / d;

  if (options.draws && !options.json) {
    std::cout << fmt::format("chain,draw,{}\n", fmt::join(names, ","));
    for (std::size_t k = 0; k < draws; ++k)
      std::cout << fmt::format("{},{},{}\n", k / chain.draws, k % chain.draws,
                               fmt::join(std::span(all).subspan(k * d, d), ","));
    return 0;
  }
  nlohmann::ordered_json json{{"object", options.object}};
  std::string text = fmt::format("object {} (row {}):", options.object, object);
  for (std::size_t j = 0; j < d; ++j) {
    std::vector<double> values;
    for (std::size_t k = 0; k < draws; ++k) values.push_back(all[k * d + j]);
    const Figures f = figures_of(values, chain);
    nlohmann::ordered_json one{{"mean", f.mean}, {"sd", f.sd}, {"q5", f.q5}, {"q50", f.q50}, {"q95", f.q95}};
    if (options.draws) one["draws"] = values;
    if (d == 1)
      json.update(one);
    else
      json[names[j]] = one;
    text += fmt::format("{} mean {:.6g}, sd {:.6g}, q5 {:.6g}, q50 {:.6g}, q95 {:.6g};",
                        d == 1 ? "" : fmt::format("{} {}", j == 0 ? "" : "\n ", names[j]), f.mean, f.sd, f.q5,
                        f.q50, f.q95);
  }
  if (options.json)
    std::cout << json_text(json) << '\n';
  else
    std::cout << fmt::format("{} {} draws\n", text, draws);
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
      ->type_name("ID");
  sub->add_option("-o,--output", options->output,
                  "instead: write posterior samples of all objects to this catalog, .h5 or .fits")
      ->type_name("FILE");
  sub->add_option("--samples", options->samples, "how many of each object, with -o")
      ->type_name("NUMBER")
      ->capture_default_str();
  sub->add_option("--catalog", options->catalog,
                  "where the fitted catalog is now, if the chain file doesn't hold it and it was moved")
      ->type_name("FILE");
  sub->add_flag("--draws", options->draws,
                "print every draw: CSV with columns chain, draw, and mu or the names of the latents");
  sub->add_flag("--json", options->json, "print JSON; with --draws the draws are in it, chain by chain");
  sub->footer(
      "Example:\n  starling latents run.nc --object NGC1300 --json\n  starling latents run.nc --samples 200 "
      "-o "
      "samples.h5");
  sub->callback([options, &command] { command = [options] { return latents_command(*options); }; });
}

}  // namespace starling::cli
