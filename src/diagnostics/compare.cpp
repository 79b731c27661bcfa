// compare(): a naive fit beside a hierarchical one, parameter by parameter.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>

#include "diagnostics/convergence.hpp"
#include "diagnostics/facts.hpp"
#include "diagnostics/json_text.hpp"
#include "diagnostics/table.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"
#include "starling/summary.hpp"

namespace starling {
namespace {

namespace dg = diagnostics;

std::string label(const ChainHeader& header) {
  return header.integral.empty() ? header.method : fmt::format("{} ({})", header.method, header.integral);
}

std::vector<std::string> free_names(const ChainHeader& header) {
  std::vector<std::string> names;
  for (const std::size_t p : dg::free_parameters(header)) names.push_back(header.parameters[p]);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

dg::Moments moments_of(const Chain& chain, const std::string& name) {
  const auto& names = chain.header.parameters;
  const auto index = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  return dg::moments({chain.values(index), chain.header.chains(), chain.draws});
}

void note_missing(Comparison& comparison, const std::vector<std::string>& names,
                  const std::vector<std::string>& others, const std::string& where) {
  for (const std::string& name : names)
    if (!contains(others, name))
      comparison.notes.push_back(fmt::format("{} is sampled by the {} fit only and left out.", name, where));
}

}  // namespace

Comparison compare(const Chain& naive, const Chain& hierarchical,
                   const std::vector<std::pair<std::string, double>>& truth) {
  const bool first_naive = naive.header.method == "naive",
             second_naive = hierarchical.header.method == "naive";
  if (second_naive && !first_naive) return compare(hierarchical, naive, truth);
  dg::check_sizes(naive);
  dg::check_sizes(hierarchical);

  Comparison comparison{label(naive.header), label(hierarchical.header), {}, {}};
  const std::vector<std::string> left = free_names(naive.header), right = free_names(hierarchical.header);
  std::vector<std::string> common;
  std::copy_if(left.begin(), left.end(), std::back_inserter(common),
               [&right](const std::string& name) { return contains(right, name); });
  if (common.empty())
    throw InputError(fmt::format("compare: the two chains have no parameter in common ({} and {})",
                                 dg::joined(left), dg::joined(right)));
  for (const auto& [name, value] : truth)
    if (!contains(left, name) && !contains(right, name))
      throw InputError(fmt::format("compare: truth of unknown parameter '{}'{}, expected one of {}", name,
                                   did_you_mean(name, common), dg::joined(common)));
  if (first_naive == second_naive)
    comparison.notes.push_back(fmt::format("{} of the two is a naive fit: the first is taken in its place.",
                                           first_naive ? "Each" : "Neither"));
  note_missing(comparison, left, right, comparison.naive_label);
  note_missing(comparison, right, left, comparison.hierarchical_label);

  for (const std::string& name : common) {
    const dg::Moments a = moments_of(naive, name), b = moments_of(hierarchical, name);
    const auto known =
        std::find_if(truth.begin(), truth.end(), [&](const auto& entry) { return entry.first == name; });
    comparison.parameters.push_back(
        {name, a.mean, a.sd, b.mean, b.sd, (a.mean - b.mean) / b.sd,
         known == truth.end() ? std::numeric_limits<double>::quiet_NaN() : known->second});
  }
  return comparison;
}

std::ostream& operator<<(std::ostream& out, const Comparison& comparison) {
  const bool with_truth = std::any_of(comparison.parameters.begin(), comparison.parameters.end(),
                                      [](const auto& parameter) { return !std::isnan(parameter.truth); });
  std::vector<std::vector<std::string>> rows{
      {"", comparison.naive_label, "sd", comparison.hierarchical_label, "sd", "bias in sd"}};
  if (with_truth) rows[0].emplace_back("truth");
  for (const Comparison::Parameter& p : comparison.parameters) {
    // A tenth of the posterior sd stands in for the Monte Carlo error.
    rows.push_back({p.name, dg::rounded(p.naive_mean, p.naive_sd / 10), dg::significant(p.naive_sd, 3),
                    dg::rounded(p.hierarchical_mean, p.hierarchical_sd / 10),
                    dg::significant(p.hierarchical_sd, 3),
                    std::isnan(p.bias_in_sd) ? "-" : fmt::format("{:+.2f}", p.bias_in_sd)});
    if (with_truth) rows.back().push_back(std::isnan(p.truth) ? "-" : fmt::format("{:g}", p.truth));
  }
  fmt::print(out, "{}bias in sd: ({} mean - {} mean) / {} sd\n", dg::table(rows), comparison.naive_label,
             comparison.hierarchical_label, comparison.hierarchical_label);
  for (const std::string& note : comparison.notes) fmt::print(out, "note: {}\n", note);
  return out;
}

std::string to_json(const Comparison& comparison) {
  using Json = nlohmann::ordered_json;  // writes NaN as null
  Json parameters = Json::object();
  for (const Comparison::Parameter& p : comparison.parameters) {
    parameters[p.name] = {{"naive", {{"mean", p.naive_mean}, {"sd", p.naive_sd}}},
                          {"hierarchical", {{"mean", p.hierarchical_mean}, {"sd", p.hierarchical_sd}}},
                          {"bias_in_sd", p.bias_in_sd},
                          {"truth", p.truth}};
  }
  return json_text(Json{{"parameters", parameters}}, 2);
}

}  // namespace starling
