/// starling calibrate
#include <fmt/format.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include "commands.hpp"
#include "flags.hpp"
#include "problem.hpp"
#include "python.hpp"
#include "starling/calibration.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"

namespace starling::cli {
namespace {

struct CalibrateArguments {
  std::unique_ptr<SettingFlags> flags;
  std::string replicates = "200", objects = "100", sigma, samples = "100", draws = "99", latents = "3",
              false_alarm = "0.001", output, plot;
  bool json = false;
};

/// Short fits of small catalogs: there are many of them.
Request short_fits() {
  Request request;
  request.fit.ensembles = 1;
  request.fit.walkers = 20;
  request.fit.burn_in = 200;
  request.fit.steps = 300;
  request.fit.device = "cpu";
  return request;
}

Model model_of(const Request& request) {
  const auto measurement = request.measurement.empty() ? "normal" : request.measurement;
  const auto parameters = parameters_of(request.population, measurement);
  const auto priors = parse_priors(request, parameters);
  for (const auto& p : parameters)
    if (!request.priors.contains(p.name))
      throw InputError(fmt::format(
          "no prior for {}: the truths are drawn from it; give one, as --prior {}='uniform(0.1, 2)'", p.name,
          p.name));
  return {request.population, measurement, priors};
}

Method method_of(const Request& request, const Model& model) {
  if (!request.method.empty()) return parse_method(request.method);
  return is_of_samples(model.measurement()) ? Method::marginal : Method::joint;
}

CalibrationOptions options_of(const CalibrateArguments& given, const Request& request, Method method) {
  constexpr std::uint64_t most = 1'000'000'000;
  CalibrationOptions o;
  o.replicates = parse_whole(given.replicates, "--replicates", most);
  o.objects = parse_whole(given.objects, "--objects", most);
  o.sigma = given.sigma.empty() ? (method == Method::naive ? 0 : 1) : parse_number(given.sigma, "--sigma");
  o.samples = parse_whole(given.samples, "--samples", most);
  o.draws = parse_whole(given.draws, "--draws", most);
  o.latents = parse_whole(given.latents, "--latents-ranked", most);
  o.false_alarm = parse_number(given.false_alarm, "--false-alarm");
  o.seed = request.fit.seed;
  o.threads = request.fit.threads;
  o.fit = request.fit;
  if (!request.moves.empty()) o.fit.moves = parse_moves(request.moves);
  if (!request.until.empty()) o.fit.until = parse_until(request.until);
  if (!request.start.empty())
    throw InputError("--start: each catalog has a truth of its own, and its fit starts around an estimate");
  return o;
}

int calibrate_command(const CalibrateArguments& given) {
  const auto request = given.flags->request();
  const Model model = model_of(request);
  const Method method = method_of(request, model);
  auto options = options_of(given, request, method);
  const auto python = python_for_plot(given.plot);
  options.progress = [&](std::size_t done) {
    const std::size_t every = std::max<std::size_t>(1, options.replicates / 10);
    if (done % every == 0) note(fmt::format("{} of {} catalogs fitted", done, options.replicates));
  };
  const auto result = calibrate(model, method, options);
  const auto json = to_json(result);
  if (!given.output.empty()) write_text(given.output, json + '\n');
  if (given.json)
    std::cout << json << '\n';
  else
    std::cout << result;
  if (!given.plot.empty()) draw_result(python, "calibration", json, given.plot);
  if (result.passed()) return 0;
  note("the fits are not calibrated");
  return 1;
}

}  // namespace

void add_calibrate(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "calibrate", "Fit many simulated catalogs and test whether their truths lie where the fits say");
  const auto options = std::make_shared<CalibrateArguments>();
  const auto add = [&](const char* flag, std::string& text, const char* value, const char* help) {
    auto* option = sub->add_option(flag, text, help)->type_name(value);
    if (!text.empty()) option->capture_default_str();
  };
  add("--replicates", options->replicates, "NUMBER",
      "catalogs, each of a truth that is drawn from the prior");
  add("--objects", options->objects, "NUMBER", "objects per catalog");
  add("--sigma", options->sigma, "NUMBER", "noise of each object; default 1, for the naive fit 0: points");
  add("--samples", options->samples, "NUMBER", "measurement samples: posterior samples per object");
  add("--draws", options->draws, "NUMBER", "independent draws that a truth is ranked among");
  add("--latents-ranked", options->latents, "NUMBER", "objects whose latents are ranked, too");
  add("--false-alarm", options->false_alarm, "CHANCE", "that fits without fault fail");
  options->flags = std::make_unique<SettingFlags>(
      *sub, model_settings | likelihood_settings | sampling_settings, short_fits());
  add("-o,--output", options->output, "FILE", "JSON file to write, too");
  add("--plot", options->plot, "FILE.png", "picture of the ranks and their band to draw (needs Python)");
  sub->add_flag("--json", options->json, "print JSON");
  sub->footer(
      "Example:\n"
      "  starling calibrate --method joint --prior theta_mu='uniform(-2,2)' \\\n"
      "    --prior theta_sigma='uniform(0.2,2)' --objects 50 --plot calibration.png\n"
      "Exit status 1: not calibrated. Threads fit catalogs side by side.");
  sub->callback([options, &command] { command = [options] { return calibrate_command(*options); }; });
}

}  // namespace starling::cli
