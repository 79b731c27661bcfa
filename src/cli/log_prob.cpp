/// starling log-prob
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "../diagnostics/json_text.hpp"
#include "commands.hpp"
#include "flags.hpp"
#include "problem.hpp"

namespace starling::cli {
namespace {

struct LogProbArguments {
  std::string at;
  bool json = false;
  std::unique_ptr<SettingFlags> flags;
};

int log_prob_command(const LogProbArguments& options) {
  const auto values = parse_values(options.at, "--at");
  const auto problem = prepare(options.flags->request());
  const auto theta = in_order(values, problem.model.parameters(), "--at", fixed_values(problem.model));
  const auto result = log_probability(problem.model, problem.catalog, problem.method, theta, problem.options);
  if (!result.impossible.empty())
    note(fmt::format("warning: log_likelihood is -inf, as this theta makes impossible: object {}",
                     problem.catalog.names(result.impossible)));
  if (options.json) {
    // JSON has no infinity: outside the prior's support these are null.
    const nlohmann::ordered_json json{{"log_likelihood", result.log_likelihood},
                                      {"log_prior", result.log_prior},
                                      {"log_prob", result.log_prob},
                                      {"variance", result.variance}};
    std::cout << json_text(json) << '\n';
  } else {
    std::cout << fmt::format("log_likelihood {}\nlog_prior      {}\nlog_prob       {}\nvariance       {}\n",
                             result.log_likelihood, result.log_prior, result.log_prob, result.variance);
  }
  return 0;
}

}  // namespace

void add_log_prob(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("log-prob", "The log-probability of one set of hyperparameters");
  const auto options = std::make_shared<LogProbArguments>();
  options->flags = std::make_unique<SettingFlags>(
      *sub, catalog_settings | column_settings | model_settings | likelihood_settings);
  sub->add_option("--at", options->at, "hyperparameters, as theta_mu=0.1,theta_sigma=0.9")
      ->type_name("NAME=VALUE,...")
      ->required();
  sub->add_flag("--json", options->json, "print JSON");
  sub->footer(
      "Example:\n"
      "  starling log-prob toy.csv --method marginal --at theta_mu=0.1,theta_sigma=0.9 \\\n"
      "    --prior theta_mu='uniform(-5,5)' --prior theta_sigma='uniform(0,2)'\n"
      "The joint fit's value is the marginal one: its latents are integrated out.");
  sub->callback([options, &command] { command = [options] { return log_prob_command(*options); }; });
}

}  // namespace starling::cli
