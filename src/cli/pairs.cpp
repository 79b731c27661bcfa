/// The table of all populations with all measurements.
#include "pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "starling/model.hpp"
#include "starling/pairs.hpp"

namespace starling::cli {
namespace {

/// With values for the arguments that must be given, and for those without which there is no such model.
std::string example(const NamedThing& thing) {
  if (thing.name == "truncated_normal") return "truncated_normal(lower=0, upper=1)";
  const std::map<std::string, int> values{{"lower", 0}, {"upper", 1}, {"z_max", 1}, {"x_min", 9}};
  std::string arguments;
  for (const auto& a : thing.arguments)
    if (std::isnan(a.value)) {
      const auto value = values.find(a.name);
      arguments += fmt::format("{}{}={}", arguments.empty() ? "" : ", ", a.name,
                               value == values.end() ? 1 : value->second);
    }
  return arguments.empty() ? thing.name : fmt::format("{}({})", thing.name, arguments);
}

std::string cell(const PairFacts& facts, std::vector<std::string>& reasons) {
  if (facts.why_not.empty()) return facts.integrals.front();
  reasons.push_back(facts.why_not);
  return fmt::format("no ({})", reasons.size());
}

/// Populations that go with few measurements: those of several latents, or with covariates.
std::string table_of_vectors(const std::vector<NamedThing>& populations) {
  std::string text =
      "\nSeveral latents per object, or covariates:\n\n| population | latents | depends on | measurements |\n"
      "|-|-|-|-|\n";
  for (const auto& p : populations) {
    if (p.measurements.empty()) continue;
    std::vector<std::string> covariates, with;
    for (const auto& column : p.columns) covariates.push_back(column.role);
    for (const auto& m : p.measurements)
      with.push_back(fmt::format("{} ({})", m, pair_facts(example(p), m).integrals.front()));
    text += fmt::format("| {} | {} | {} | {}, samples |\n", example(p),
                        fmt::join(pair_facts(example(p), "samples").latents, ", "),
                        fmt::join(covariates, ", "), fmt::join(with, ", "));
  }
  return text;
}

}  // namespace

std::string pairs_table() {
  const auto populations = known_populations(), measurements = known_measurements();
  std::string text = "| population |", rule = "|-|";
  for (const auto& m : measurements) {
    text += fmt::format(" {} |", m.name);
    rule += "-|";
  }
  text += "\n" + rule + "\n";
  std::vector<std::string> reasons;
  for (const auto& p : populations) {
    if (!p.measurements.empty()) continue;  // below
    text += fmt::format("| {} |", example(p));
    for (const auto& m : measurements)
      text += fmt::format(" {} |", cell(pair_facts(example(p), example(m)), reasons));
    text += "\n";
  }
  text +=
      "\n- exact: the marginal fit has a closed form; for the normal population the joint fit draws latents "
      "exactly, too.\n"
      "- quadrature: the marginal fit integrates numerically, and the joint fit moves latents by Metropolis "
      "updates.\n"
      "- samples: the marginal fit averages over posterior samples, and the joint fit draws one of them "
      "exactly.\n";
  if (!reasons.empty()) text += "\nWhy not:\n\n";
  for (std::size_t k = 0; k < reasons.size(); ++k) text += fmt::format("{}. {}.\n", k + 1, reasons[k]);
  return text + table_of_vectors(populations);
}

}  // namespace starling::cli
