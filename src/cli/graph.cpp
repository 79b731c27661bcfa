/// starling graph: the plate diagram of a model in Graphviz DOT.
#include "graph.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>

#include "commands.hpp"
#include "flags.hpp"
#include "problem.hpp"
#include "starling/measurements/samples.hpp"

namespace starling::cli {
namespace {

/// A quoted DOT string.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string parameter_node(const Parameter& parameter, const Request& request) {
  const auto given = request.priors.find(parameter.name);
  const auto prior = given == request.priors.end() ? parameter.prior : given->second;
  std::string text = fmt::format("  {} [label={}];\n", quoted(parameter.name), quoted(parameter.name));
  if (prior.empty()) return text;
  const auto name = quoted("prior of " + parameter.name);
  text += fmt::format("  {} [label={}, shape=plaintext];\n", name, quoted(parse_prior(prior).text()));
  return text + fmt::format("  {} -> {};\n", name, quoted(parameter.name));
}

/// How many hyperparameters are the measurement's own; they come after the population's.
std::size_t parameters_of_measurement(const std::string& measurement) {
  const auto name = measurement.substr(0, measurement.find('('));
  for (const auto& known : known_measurements())
    if (known.name == name) return known.parameters.size();
  return 0;
}

}  // namespace

std::string plate_diagram(const Request& request, const std::string& measurement) {
  const auto parameters = parameters_of(request.population, measurement);
  parse_priors(request, parameters);
  const auto of_population = parameters.size() - parameters_of_measurement(measurement);
  const std::string known = "style=filled, fillcolor=lightgrey";
  std::string text = "digraph starling {\n";
  text += fmt::format("  label={};\n",
                      quoted(fmt::format("population {}, measurement {}", request.population, measurement)));
  text += "  fontname=\"sans-serif\";\n  node [shape=circle, fontname=\"sans-serif\"];\n";
  for (const auto& parameter : parameters) text += parameter_node(parameter, request);
  text +=
      "  subgraph cluster_objects {\n    label=\"objects i = 1 ... N\";\n    labeljust=r;\n    labelloc=b;\n";
  text += "    latent [label=<&mu;<sub>i</sub>>];\n";
  if (is_of_samples(measurement)) {
    text += "    subgraph cluster_samples {\n      label=\"samples k = 1 ... K_i\";\n";
    text += fmt::format("      datum [label=<&mu;<sub>ik</sub>>, {}];\n    }}\n", known);
  } else {
    text += fmt::format("    datum [label=<x<sub>i</sub>>, {}];\n", known);
    for (const auto& column : pair_facts(request.population, measurement).columns) {
      if (column.role == "x") continue;
      const auto node = column.role == "sigma" ? std::string("noise") : quoted("column " + column.role);
      text += fmt::format("    {} [label=<{}<sub>i</sub>>, {}];\n    {} -> datum;\n", node,
                          column.role == "sigma" ? "&sigma;" : column.role, known, node);
    }
  }
  text += "  }\n";
  for (std::size_t j = 0; j < parameters.size(); ++j)
    text += fmt::format("  {} -> {};\n", quoted(parameters[j].name), j < of_population ? "latent" : "datum");
  return text + "  latent -> datum;\n}\n";
}

namespace {

int graph_command(const SettingFlags& flags) {
  const auto request = flags.request();
  auto measurement = request.measurement;
  if (measurement.empty())
    measurement = request.columns.samples.empty() ? default_measurement(request.population) : "samples";
  std::cout << plate_diagram(request, measurement);
  return 0;
}

}  // namespace

void add_graph(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("graph", "The plate diagram of a model in Graphviz DOT");
  const auto flags = std::make_shared<SettingFlags>(*sub, model_settings);
  sub->footer(
      "Example:\n"
      "  starling graph --prior theta_mu='uniform(-5,5)' --prior theta_sigma='uniform(0,2)' | dot -Tsvg > "
      "model.svg");
  sub->callback([flags, &command] { command = [flags] { return graph_command(*flags); }; });
}

}  // namespace starling::cli
