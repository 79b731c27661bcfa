/// starling rerun
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "problem.hpp"
#include "running.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"

namespace starling::cli {
namespace {

struct RerunArguments {
  std::string path, catalog, device;
  int threads = 0;
  bool json = false;
};

/// The first draw of the record that the new run doesn't have bit for bit; "" if there is none.
std::string first_difference(const Chain& record, const Chain& again) {
  if (again.draws != record.draws)
    return fmt::format("{} draws per chain, recorded are {}", again.draws, record.draws);
  const auto differ = [](double a, double b) { return std::memcmp(&a, &b, sizeof a) != 0; };
  const std::size_t chains = record.header.chains();
  for (std::size_t draw = 0; draw < record.draws; ++draw)
    for (std::size_t chain = 0; chain < chains; ++chain) {
      const std::size_t at = chain * record.draws + draw;
      const auto found = [&](const std::string& name, double now, double then) {
        return fmt::format("{} of chain {}, draw {} is {:.17g}, recorded is {:.17g}", name, chain, draw, now,
                           then);
      };
      for (std::size_t p = 0; p < record.header.parameters.size(); ++p)
        if (differ(record.values(p)[at], again.values(p)[at]))
          return found(record.header.parameters[p], again.values(p)[at], record.values(p)[at]);
      if (differ(record.lp[at], again.lp[at])) return found("lp", again.lp[at], record.lp[at]);
    }
  return "";
}

int rerun_command(const RerunArguments& options) {
  const auto record = read_chain(options.path, ChainParts::draws);
  const auto text = record.header.attributes.find("run_file");
  if (text == record.header.attributes.end())
    throw InputError(fmt::format("{}: this chain file holds no run file to run again", options.path));
  if (record.draws == 0)
    throw InputError(fmt::format("{}: this run has no draws to compare with", options.path));
  auto request = request_of(record.header, options.path);
  if (!options.device.empty()) request.fit.device = options.device;
  request.fit.threads = options.threads;
  if (!record.results.complete) {  // as far as it came
    request.until.clear();
    request.fit.steps = record.draws * record.header.thin;
  }
  auto catalog = catalog_of_run(request, record.observed, options.path, options.catalog);
  const auto problem = prepare(request, std::move(catalog));
  MemorySink memory;
  RecordingSink sink(memory, text->second);
  if (const int status = run_fit(problem, sink); status != 0) return status;
  const std::string difference = first_difference(record, memory.take());
  const std::size_t draws = record.draws * record.header.chains();
  if (options.json)
    std::cout << json_text(nlohmann::ordered_json{
                     {"same", difference.empty()}, {"draws", draws}, {"difference", difference}})
              << '\n';
  else if (difference.empty())
    std::cout << fmt::format("{}: all {} draws are the same, bit for bit\n", options.path, draws);
  else
    std::cout << fmt::format("{}: {}\n", options.path, difference);
  return difference.empty() ? 0 : 1;
}

}  // namespace

void add_rerun(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("rerun", "Run a chain file's fit again and compare every draw with the record");
  const auto options = std::make_shared<RerunArguments>();
  sub->add_option("RUN.NC", options->path, "chain file of starling fit")->type_name("")->required();
  sub->add_option("--catalog", options->catalog, "where the fitted catalog is now, if it was moved")
      ->type_name("FILE");
  sub->add_option("--device", options->device, "run there; default: as recorded")->type_name("DEVICE");
  sub->add_option("--threads", options->threads, "CPU threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->type_name("NUMBER");
  sub->add_flag("--json", options->json, "print JSON");
  sub->footer(
      "Example:\n"
      "  starling rerun run.nc --threads 1\n"
      "Exit status 0: all draws are the same; 1: they are not. Nothing is written.");
  sub->callback([options, &command] { command = [options] { return rerun_command(*options); }; });
}

}  // namespace starling::cli
