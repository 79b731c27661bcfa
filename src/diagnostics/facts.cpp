// Figures of one parameter: those of the table, and those that only the warnings look at.
#include "diagnostics/facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "diagnostics/convergence.hpp"
#include "starling/error.hpp"

namespace starling::diagnostics {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::optional<Prior> prior_of(const ChainHeader& header, std::size_t parameter) {
  if (parameter >= header.priors.size() || header.priors[parameter].empty()) return std::nullopt;
  return parse_prior(header.priors[parameter]);
}

// Of every ensemble's walkers, but of fifty in all at most: a median needs no more. Chains that never
// moved have no tau and are left out.
double median_walker_time(Draws draws) {
  const std::size_t stride = (draws.chains + 49) / 50;
  std::vector<double> times;
  for (std::size_t chain = 0; chain < draws.chains; chain += stride) {
    const double tau = integrated_time(Autocovariance({draws.values + chain * draws.draws, 1, draws.draws}));
    if (!std::isnan(tau)) times.push_back(tau);
  }
  return median(std::move(times));
}

// The variance of the mean over all walkers and draws, had only the means over each ensemble been stored:
// walkers of one ensemble that move together then count for what they are worth.
double ess_of_ensembles(Draws draws, std::size_t ensembles, double sd) {
  const std::size_t walkers = draws.chains / ensembles;
  std::vector<double> series(ensembles * draws.draws, 0);
  for (std::size_t chain = 0; chain < draws.chains; ++chain)
    for (std::size_t t = 0; t < draws.draws; ++t)
      series[chain / walkers * draws.draws + t] +=
          draws.values[chain * draws.draws + t] / static_cast<double>(walkers);
  const Draws means{series.data(), ensembles, draws.draws};
  const double variance = Autocovariance(means, mean_of(means))[0];
  return static_cast<double>(series.size()) * sd * sd / (variance * autocorrelation_time(means));
}

}  // namespace

double median(std::vector<double> values) {
  return quantile({values.data(), 1, values.size()}, 0.5);
}

std::vector<std::size_t> free_parameters(const ChainHeader& header) {
  std::vector<std::size_t> free;
  for (std::size_t p = 0; p < header.parameters.size(); ++p) {
    const std::optional<Prior> prior = prior_of(header, p);
    if (!prior || !prior->is_fixed()) free.push_back(p);
  }
  return free;
}

void check_sizes(const Chain& chain) {
  const std::size_t rows = chain.header.chains() * chain.draws;
  const auto check = [](std::string_view what, std::size_t size, std::size_t expected) {
    if (size != expected)
      throw InputError(fmt::format("chain: {} holds {} numbers, expected {}", what, size, expected));
  };
  check("theta", chain.theta.size(), chain.header.parameters.size() * rows);
  if (!chain.acceptance.empty()) check("acceptance", chain.acceptance.size(), rows);
}

std::string result_text(const Chain& chain, const std::string& name) {
  const auto entry = chain.results.attributes.find(name);
  return entry == chain.results.attributes.end() ? "" : entry->second;
}

std::vector<double> walker_acceptance(const Chain& chain) {
  std::vector<double> means;
  if (chain.draws == 0 || chain.acceptance.empty()) return means;
  for (std::size_t c = 0; c < chain.header.chains(); ++c) {
    double sum = 0;
    for (std::size_t t = 0; t < chain.draws; ++t)
      sum += static_cast<double>(chain.acceptance[c * chain.draws + t]);
    means.push_back(sum / static_cast<double>(chain.draws));
  }
  return means;
}

ParameterFacts facts(const Chain& chain, std::size_t parameter) {
  const Draws draws{chain.values(parameter), chain.header.chains(), chain.draws};
  ParameterFacts facts;
  facts.values = draws.values;
  facts.prior = prior_of(chain.header, parameter);

  ParameterSummary& figures = facts.figures;
  const Moments all = moments(draws);
  figures.name = chain.header.parameters[parameter];
  figures.mean = all.mean;
  figures.sd = all.sd;
  figures.eti89_lb = quantile(draws, 0.055);
  figures.eti89_ub = quantile(draws, 0.945);
  figures.mcse_mean = mcse_mean(draws);
  figures.mcse_sd = mcse_sd(draws);
  figures.ess_tail = ess_tail(draws);
  figures.tau = autocorrelation_time(draws);
  figures.ess_bulk = figures.r_hat = not_a_number;
  facts.tau_half = facts.tau_walker = facts.r_hat_ensembles = facts.ess_ensembles = not_a_number;
  if (!usable(draws)) return facts;

  const RankScores scores = rank_scores(draws);
  figures.ess_bulk = ess(scores.bulk.view());
  if (draws.chains > 1) figures.r_hat = r_hat(scores);
  if (chain.header.ensembles > 1) facts.r_hat_ensembles = r_hat(scores, chain.header.walkers);

  const Split halves = split(draws);
  facts.tau_half = autocorrelation_time({halves.values.data(), draws.chains, halves.draws});
  facts.tau_walker = median_walker_time(draws);
  facts.ess_ensembles = ess_of_ensembles(draws, chain.header.ensembles, all.sd);
  return facts;
}

}  // namespace starling::diagnostics
