/// starling fit
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "commands.hpp"
#include "flags.hpp"
#include "problem.hpp"
#include "running.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"
#include "starling/pairs.hpp"
#include "starling/summary.hpp"

namespace starling::cli {
namespace {

namespace fs = std::filesystem;

void check_output(const Request& request) {
  if (request.output.empty()) throw InputError("no output file: name the chain file to write, as -o run.nc");
  const fs::path path = request.output;
  std::error_code error;
  if (fs::is_directory(path, error))
    throw InputError(fmt::format("{}: expected a file to write, this is a folder", request.output));
  const bool unfinished = fs::exists(request.output + ".journal", error);
  const bool saved = unfinished && (fs::exists(request.output + ".checkpoint", error) ||
                                    fs::exists(request.output + ".checkpoint.old", error));
  if ((fs::exists(path, error) || saved) && !request.overwrite)
    throw InputError(fmt::format(
        "{}: this file exists{}; choose another name or add --overwrite", request.output,
        unfinished ? ", and its journal, with which starling resume " + request.output + " goes on" : ""));
  const auto folder = path.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error))
    throw InputError(fmt::format("{}: there is no folder {}", request.output, folder.string()));
}

/// Lets a fit check and prepare everything, and stops it before its first step.
struct CheckOnly : ChainSink {
  struct Checked {};
  void begin(const ChainHeader&, const Catalog&) override { throw Checked{}; }
  void append(const ChainBlock&) override {}
  void finish(const ChainResults&) override {}
};

/// The run file that would be run, with the plan as comments: itself a run file.
void print_plan(const Request& request, const Problem& problem) {
  try {
    CheckOnly sink;
    fit(problem.model, problem.catalog, problem.method, problem.options, sink);
  } catch (const CheckOnly::Checked&) {
  }
  const auto plan = plan_memory(problem.model, problem.catalog, problem.method, problem.options);
  std::cout << fmt::format("# {} fit of {} objects; nothing was run\n", request.method,
                           problem.catalog.size());
  std::istringstream lines(plan.text);
  for (std::string line; std::getline(lines, line);) std::cout << "# " << line << '\n';
  std::cout << '\n' << run_file_text(request, true);
}

std::string method_text(const std::string& chosen, bool joint, const FitOptions& options) {
  if (chosen == "quadrature")
    return fmt::format("integrated by quadrature, each object's ln L to {}", options.quadrature_tolerance);
  if (chosen == "metropolis") return "moved by Metropolis updates";
  if (chosen == "samples") return "taken from the posterior samples";
  return joint ? "drawn exactly" : "integrated exactly";
}

/// Says which integral or latent update was chosen, and why, where the user left it open.
void note_choice(const Problem& problem) {
  const auto& o = problem.options;
  const bool joint = problem.method == Method::joint;
  if (problem.method == Method::naive || (joint ? o.latents : o.integral) != "auto") return;
  const auto facts = pair_facts(problem.model.population(), problem.model.measurement());
  const auto chosen = joint ? facts.latent_updates.front() : facts.integrals.front();
  if (is_of_samples(problem.model.measurement()) && problem.model.measurement() != Samples::name)
    return note(fmt::format("latents are {} densities fitted to the posterior samples of their objects",
                            joint ? "drawn from" : "integrated over"));
  const auto pair = fmt::format("population {} with measurement {}", problem.model.population(),
                                problem.model.measurement());
  const auto why = chosen == "exact"     ? fmt::format("{} has a closed form", pair)
                   : chosen == "samples" ? std::string("the true values are known by samples")
                                         : fmt::format("{} has no closed form", pair);
  note(fmt::format("latents are {}: {}", method_text(chosen, joint, o), why));
}

int fit_command(const SettingFlags& flags, bool dry_run, bool json) {
  auto request = flags.request();
  if (!dry_run) check_output(request);
  const auto problem = prepare(request);
  request.measurement = problem.model.measurement();
  request.method = to_string(problem.method);
  if (dry_run) {
    print_plan(request, problem);
    return 0;
  }

  note_choice(problem);
  const bool existed = fs::exists(request.output);
  const auto file = chain_file(
      request.output, {.keep_warmup = request.keep_warmup, .keep_checkpoint = request.keep_checkpoint});
  RecordingSink sink(*file, run_file_text(request, false));
  try {
    return run_to_file(problem, sink, request.output, json);
  } catch (const InputError&) {
    if (sink.begun() && !existed) {
      std::error_code error;
      fs::remove(request.output, error);
      fs::remove(request.output + ".journal", error);
    }
    throw;
  }
}

}  // namespace

void add_fit(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("fit", "Fit a population to a catalog and write a chain file");
  struct Options {
    std::unique_ptr<SettingFlags> flags;
    bool dry_run = false, json = false;
  };
  const auto options = std::make_shared<Options>();
  options->flags = std::make_unique<SettingFlags>(*sub, all_settings);
  sub->add_flag("--dry-run", options->dry_run,
                "check everything, print the memory plan and the run file, and run nothing");
  sub->add_flag("--json", options->json, "print the summary as JSON");
  sub->footer(
      "Example:\n"
      "  starling fit galaxies.csv --x log_mass --sigma log_mass_err \\\n"
      "    --prior theta_mu='normal(10, 2)' --prior theta_sigma='half_normal(2)' --seed 1 -o run.nc\n"
      "Ctrl-C ends the run after the current step; the file then holds the draws so far, and starling "
      "resume\n"
      "goes on. A run that was killed goes on from its last checkpoint.");
  sub->callback([options, &command] {
    command = [options] { return fit_command(*options->flags, options->dry_run, options->json); };
  });
}

}  // namespace starling::cli
