/// The program `starling`: commands, and one clear sentence per error.
#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "starling/error.hpp"
#include "starling/fit.hpp"
#include "starling/program.hpp"

namespace {

enum Status { done = 0, failed = 1, wrong_usage = 2 };

int complain(const std::string& sentence, Status status) {
  std::cerr << "starling: error: " << sentence << std::endl;
  return status;
}

/// What the parser found wrong, with the nearest command or flag where one was misspelt.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto& subcommands = app.get_subcommands();
  const CLI::App& asked = subcommands.empty() ? app : *subcommands.front();
  const auto mismatch = dynamic_cast<const CLI::ArgumentMismatch*>(&error);
  if (mismatch || dynamic_cast<const CLI::RequiredError*>(&error)) {
    std::string what = error.what();
    if (mismatch) {  // "--seed: At Most 1 required but received 2", "--seed: 1 required NUMBER missing"
      const bool twice = what.find("At Most") != std::string::npos;
      what = what.substr(0, what.find(':')) + (twice ? " is given more than once" : " needs a value");
    }
    return fmt::format("{}: {}; see starling {} --help", asked.get_name(), what, asked.get_name());
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  const auto extra = asked.remaining().empty() ? app.remaining() : asked.remaining();
  const std::string word = extra.empty() ? "" : extra.front().substr(0, extra.front().find('='));
  std::vector<std::string> known;
  if (word.starts_with('-')) {
    for (const auto* option : asked.get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    return fmt::format("{}: unknown flag '{}'{}", asked.get_name(), word,
                       starling::did_you_mean(word, known));
  }
  if (&asked != &app) return fmt::format("{}: unexpected argument '{}'", asked.get_name(), word);
  for (const auto* command : app.get_subcommands({})) known.push_back(command->get_name());
  return fmt::format("unknown command '{}'{}; see starling --help", word,
                     starling::did_you_mean(word, known));
}

int run(int argc, char** argv) {
  CLI::App app{"Hierarchical Bayesian population inference: the population behind noisy measurements.",
               "starling"};
  app.set_version_flag("--version", starling::version());
  app.require_subcommand(0, 1);
  app.footer("Each command has its own help: starling fit --help");
  starling::cli::Command command;
  for (const auto add : {starling::cli::add_demo, starling::cli::add_simulate, starling::cli::add_fit,
                         starling::cli::add_resume, starling::cli::add_rerun, starling::cli::add_summary,
                         starling::cli::add_compare, starling::cli::add_latents, starling::cli::add_log_prob,
                         starling::cli::add_check, starling::cli::add_graph, starling::cli::add_plot,
                         starling::cli::add_calibrate, starling::cli::add_info})
    add(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return complain(explain(app, error), wrong_usage);
  }
  if (!command) {
    std::cerr << app.help();
    return complain("no command given", wrong_usage);
  }
  const int status = command();
  if (!std::cout.flush()) return complain("cannot write to standard output", failed);
  return status;
}

}  // namespace

int starling::run_command_line(int argc, char** argv) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 4 << 20);  // large arrays leave no holes: glibc would raise the limit to 32 MB
#endif
  try {
    return run(argc, argv);
  } catch (const starling::InputError& error) {
    return complain(error.what(), wrong_usage);
  } catch (const std::bad_alloc&) {
    return complain("out of memory; take fewer walkers, ensembles or objects, or see starling fit --dry-run",
                    failed);
  } catch (const std::length_error&) {
    return complain("out of memory; take fewer walkers, ensembles or objects, or see starling fit --dry-run",
                    failed);
  } catch (const std::exception& error) {
    return complain(error.what(), failed);
  }
}
