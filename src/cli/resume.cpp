/// starling resume
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "commands.hpp"
#include "problem.hpp"
#include "running.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"

namespace starling::cli {
namespace {

struct ResumeArguments {
  std::string path, catalog, device;
  int threads = 0;
  double checkpoint_every = FitOptions{}.checkpoint_every;
  std::size_t extend = 0;
  bool json = false;
};

int resume_command(const ResumeArguments& options) {
  const auto run = stopped_run(options.path);
  for (const auto& text : run->notes()) note(text);
  if (run->complete() && options.extend == 0) {
    run->close();
    note(fmt::format("{}: this run went to its end", options.path));
    print_summary(options.path, run->header(), options.json);
    return 0;
  }
  if (!run->complete() && options.extend > 0)
    throw InputError(
        fmt::format("{}: this run isn't finished; resume it without --extend first", options.path));
  if (!run->header().attributes.contains("run_file"))
    throw InputError(
        fmt::format("{}: this run holds no run file; only runs of starling fit can go on", options.path));
  auto request = request_of(run->header(), options.path);
  if (options.extend > 0) {
    request.until.clear();
    request.fit.steps = run->header().steps + options.extend;
    run->extend(request.fit.steps, {{"run_file", run_file_text(request, false)}});
  }
  const std::string recorded = run_file_text(request, false);
  if (!options.device.empty()) request.fit.device = options.device;
  request.fit.threads = options.threads;
  request.fit.checkpoint_every = options.checkpoint_every;
  auto catalog = catalog_of_run(request, run->observed(), options.path, options.catalog);
  const auto problem = prepare(request, std::move(catalog));
  note(fmt::format("{} goes on after step {} of {}", options.path, run->sweeps(),
                   run->header().burn_in + run->header().steps));
  RecordingSink sink(run->sink(), recorded, run->sweeps());
  return run_to_file(problem, sink, options.path, options.json, run->state());
}

}  // namespace

void add_resume(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("resume", "Go on with a run that was interrupted or killed, or extend one");
  const auto options = std::make_shared<ResumeArguments>();
  sub->add_option("RUN.NC", options->path, "the chain file that the run was to write")
      ->type_name("")
      ->required();
  sub->add_option("--extend", options->extend,
                  "steps to add to a run that is finished and was fitted with --keep-checkpoint")
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  sub->add_option("--catalog", options->catalog, "where the fitted catalog is now, if it was moved")
      ->type_name("FILE");
  sub->add_option("--device", options->device,
                  "go on there: auto, cpu, cuda or cuda:K; default: as the run was begun")
      ->type_name("DEVICE");
  sub->add_option("--threads", options->threads, "CPU threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->type_name("NUMBER");
  sub->add_option("--checkpoint-every", options->checkpoint_every,
                  "save the run's state so often; 0: only when it is interrupted")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  sub->add_flag("--json", options->json, "print the summary as JSON");
  sub->footer(
      "Example:\n"
      "  starling resume run.nc\n"
      "The finished file holds the draws of a run that was never interrupted, bit for bit.");
  sub->callback([options, &command] { command = [options] { return resume_command(*options); }; });
}

}  // namespace starling::cli
