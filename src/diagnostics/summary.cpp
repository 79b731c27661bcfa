// summary(): the table of a chain, its acceptance and its warnings; as text and as JSON.
#include "starling/summary.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>
#include <sstream>

#include "backends/parallel.hpp"
#include "diagnostics/facts.hpp"
#include "diagnostics/json_text.hpp"
#include "diagnostics/table.hpp"

namespace starling {
namespace dg = diagnostics;

namespace {

std::string verdict(const std::vector<dg::Finding>& found) {
  const auto any = [&found](dg::Harm harm) {
    return std::any_of(found.begin(), found.end(),
                       [harm](const dg::Finding& finding) { return finding.harm == harm; });
  };
  if (any(dg::Harm::not_converged)) return "NOT CONVERGED: don't use these numbers; the warnings say why.";
  if (any(dg::Harm::biased)) return "BIASED: the data do not say these numbers; the warnings say why.";
  return {};
}

/// What a fit found out beside theta, in sentences.
std::vector<std::string> notes(const Chain& chain) {
  const auto result = [&](const char* name) { return dg::result_text(chain, name); };
  std::vector<std::string> list;
  if (const auto moves = result("move_acceptance"); !moves.empty())
    list.push_back("accepted by kind of move: " + moves);
  if (const auto range = result("object_acceptance"); !range.empty())
    list.push_back(
        fmt::format("accepted updates of latents: {}, by object {}", result("latent_acceptance"), range));
  if (const auto sds = result("sandwich_sd"); !sds.empty()) {
    std::string text;
    std::istringstream in(sds);
    for (const std::string& name : chain.header.parameters) {
      double sd = 0;
      if (in >> sd && sd > 0) text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, sd);
    }
    list.push_back(
        fmt::format("weights: worth {} objects of equal weight; widths that allow for them (sandwich): {}",
                    result("effective_objects"), text));
  }
  if (const auto correction = chain.header.attributes.find("bias_correction");
      correction != chain.header.attributes.end())
    list.push_back(fmt::format("the bias of the samples likelihood was corrected: {}; V = {:.3g}",
                               correction->second, chain.results.monte_carlo.variance));
  if (const auto fraction = result("detected_fraction"); !fraction.empty())
    list.push_back(fmt::format("selection: a fraction {} of the population is seen{}", fraction,
                               result("injections_n_eff").empty()
                                   ? ""
                                   : fmt::format("; {} effective injections, variance {}",
                                                 result("injections_n_eff"), result("selection_variance"))));
  return list;
}

}  // namespace

Summary summary(const Chain& chain) {
  dg::check_sizes(chain);
  const std::vector<std::size_t> free = dg::free_parameters(chain.header);
  std::vector<dg::ParameterFacts> facts(free.size());
  parallel_for(free.size(), omp_get_max_threads(), 1,
               [&](std::size_t i) { facts[i] = dg::facts(chain, free[i]); });

  Summary result;
  result.method = chain.header.method;
  for (const dg::ParameterFacts& parameter : facts) result.parameters.push_back(parameter.figures);
  const std::vector<double> acceptance = dg::walker_acceptance(chain);
  result.acceptance = result.lowest_acceptance = std::numeric_limits<double>::quiet_NaN();
  if (!acceptance.empty()) {
    result.acceptance =
        std::accumulate(acceptance.begin(), acceptance.end(), 0.0) / static_cast<double>(acceptance.size());
    result.lowest_acceptance = *std::min_element(acceptance.begin(), acceptance.end());
  }
  result.notes = notes(chain);
  const std::vector<dg::Finding> found = dg::findings(chain, facts);
  for (const dg::Finding& finding : found) result.warnings.push_back(finding.text);
  result.verdict = verdict(found);
  return result;
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) {
  const auto count = [](double value) {
    return std::isnan(value) ? std::string("-") : fmt::format("{:.0f}", value);
  };
  std::vector<std::vector<std::string>> rows{{"", "mean", "sd", "eti89_lb", "eti89_ub", "ess_bulk",
                                              "ess_tail", "r_hat", "mcse_mean", "mcse_sd", "tau"}};
  for (const ParameterSummary& p : summary.parameters) {
    rows.push_back(
        {p.name, dg::rounded(p.mean, p.mcse_mean), dg::rounded(p.sd, p.mcse_sd),
         dg::rounded(p.eti89_lb, p.mcse_mean), dg::rounded(p.eti89_ub, p.mcse_mean), count(p.ess_bulk),
         count(p.ess_tail), std::isnan(p.r_hat) ? "-" : fmt::format("{:.4f}", p.r_hat),
         dg::significant(p.mcse_mean, 2), dg::significant(p.mcse_sd, 2), dg::significant(p.tau, 3)});
  }
  fmt::print(out, "{} fit\n", summary.method);
  // Before the table, so that nobody reads numbers that look healthy first.
  if (!summary.verdict.empty()) fmt::print(out, "{}\n", summary.verdict);
  fmt::print(out, "{}", dg::table(rows));
  if (!std::isnan(summary.acceptance))
    fmt::print(out, "acceptance {:.3f}, lowest of any walker {:.3f}\n", summary.acceptance,
               summary.lowest_acceptance);
  for (const std::string& note : summary.notes) fmt::print(out, "{}\n", note);
  if (summary.warnings.empty()) fmt::print(out, "no warnings\n");
  for (const std::string& warning : summary.warnings) fmt::print(out, "warning: {}\n", warning);
  return out;
}

std::string to_json(const Summary& summary) {
  using Json = nlohmann::ordered_json;  // writes NaN as null
  Json parameters = Json::object();
  for (const ParameterSummary& p : summary.parameters) {
    parameters[p.name] = {{"mean", p.mean},         {"sd", p.sd},
                          {"eti89_lb", p.eti89_lb}, {"eti89_ub", p.eti89_ub},
                          {"ess_bulk", p.ess_bulk}, {"ess_tail", p.ess_tail},
                          {"r_hat", p.r_hat},       {"mcse_mean", p.mcse_mean},
                          {"mcse_sd", p.mcse_sd},   {"tau", p.tau}};
  }
  const Json json = {{"method", summary.method},         {"parameters", parameters},
                     {"acceptance", summary.acceptance}, {"verdict", summary.verdict},
                     {"notes", summary.notes},           {"warnings", summary.warnings}};
  return json_text(json, 2);
}

}  // namespace starling
