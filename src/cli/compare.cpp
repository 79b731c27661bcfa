/// starling compare
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <utility>

#include "commands.hpp"
#include "flags.hpp"
#include "problem.hpp"
#include "running.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling::cli {
namespace {

struct CompareArguments {
  std::string first, second, truth;
  bool json = false;
  std::unique_ptr<SettingFlags> flags;
};

struct Pair {
  Chain naive, hierarchical;
  int status = 0;  ///< of an interrupted run
};

Pair read_pair(const CompareArguments& options) {
  if (const auto given = options.flags->given(); !given.empty())
    throw InputError(
        fmt::format("{} has no effect on two chain files; give it with a catalog", given.front()));
  return {read_chain(options.first, ChainParts::draws),
          read_chain(options.second, ChainParts::draws)};  // compare() sees which is naive
}

Pair run_pair(const CompareArguments& options, const NamedValues& truth) {
  auto request = options.flags->request();
  if (!options.first.empty()) request.catalog = options.first;
  if (request.catalog.ends_with(".nc"))
    throw InputError(fmt::format("{}: one chain file has nothing to be compared with; give two, or a catalog",
                                 request.catalog));
  auto problem = prepare(request);
  const auto hierarchical = problem.method;
  if (hierarchical == Method::naive)
    throw InputError("--method: the naive fit is compared with a hierarchical one: marginal or joint");
  for (const auto& [name, value] : truth) require_known(name, problem.model.parameters(), "--truth");
  Pair pair;
  for (const auto method : {Method::naive, hierarchical}) {
    problem.method = method;
    MemorySink memory;
    RecordingSink sink(memory, run_file_text(request, false));
    pair.status = run_fit(problem, sink);
    if (pair.status != 0) break;
    (method == Method::naive ? pair.naive : pair.hierarchical) = memory.take();
  }
  return pair;
}

int compare_command(const CompareArguments& options) {
  NamedValues truth;
  if (!options.truth.empty()) truth = parse_values(options.truth, "--truth");
  const auto pair = options.second.empty() ? run_pair(options, truth) : read_pair(options);
  if (pair.status != 0) {
    note("interrupted; there is nothing to compare yet");
    return pair.status;
  }
  const auto result = compare(pair.naive, pair.hierarchical, truth);
  for (const Chain* chain : {&pair.naive, &pair.hierarchical})
    if (const auto verdict = summary(*chain).verdict; !verdict.empty())
      note(fmt::format("{} fit: {}", chain->header.method, verdict));
  if (options.json)
    std::cout << to_json(result) << '\n';
  else
    std::cout << result;
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("compare", "Naive against hierarchical: each parameter, the bias in posterior sds");
  const auto options = std::make_shared<CompareArguments>();
  sub->add_option("CATALOG|A.NC", options->first,
                  "a catalog, to run both fits on; or the first of two chain files")
      ->type_name("");
  sub->add_option("B.NC", options->second, "the other chain file")->type_name("");
  sub->add_option("--truth", options->truth, "true hyperparameters, as theta_mu=0,theta_sigma=1")
      ->type_name("NAME=VALUE,...");
  sub->add_flag("--json", options->json, "print JSON");
  options->flags = std::make_unique<SettingFlags>(
      *sub, column_settings | model_settings | likelihood_settings | sampling_settings);
  sub->footer(
      "Examples:\n"
      "  starling compare naive.nc joint.nc --truth theta_mu=0,theta_sigma=1\n"
      "  starling compare toy.csv --prior theta_mu='uniform(-5,5)' --prior theta_sigma='uniform(0,2)'");
  sub->callback([options, &command] { command = [options] { return compare_command(*options); }; });
}

}  // namespace starling::cli
