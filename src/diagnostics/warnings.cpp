// What summary() warns of when a run has not converged. Each check looks at one thing and gives one warning
// at most. Limits that depend on noise leave room for it, so that a good run has no warning.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "diagnostics/facts.hpp"
#include "diagnostics/table.hpp"

namespace starling::diagnostics {
namespace {

using Facts = std::vector<ParameterFacts>;

constexpr double shortest_run = 50;  // in autocorrelation times

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

// Relative standard error of an autocorrelation time from `numbers` draws in all: Var = 2 (2 M + 1) / n, M =
// 5 tau.
double relative_error_of_tau(double tau, double numbers) {
  return std::sqrt(20 * tau / numbers);
}

// Collects "theta_mu (1.03)" of every parameter for which `describe` gives a text.
template <class Describe>
std::string listed(const Facts& parameters, Describe describe) {
  std::vector<std::string> items;
  for (const ParameterFacts& parameter : parameters) {
    const std::string text = describe(parameter);
    if (!text.empty()) items.push_back(fmt::format("{} ({})", parameter.figures.name, text));
  }
  return joined(items);
}

double longest_time(const Facts& parameters) {
  double longest = 0;
  for (const ParameterFacts& parameter : parameters) longest = std::fmax(longest, parameter.figures.tau);
  return longest;
}

double longest_walker_time(const Facts& parameters) {
  double longest = 0;
  for (const ParameterFacts& parameter : parameters) longest = std::fmax(longest, parameter.tau_walker);
  return longest;
}

std::string walker_name(const Chain& chain, std::size_t c) {
  return fmt::format("walker {} of ensemble {}", c % chain.header.walkers, c / chain.header.walkers);
}

std::string incomplete(const Chain& chain) {
  if (chain.results.complete) return {};
  return fmt::format(
      "The run is not complete: it was stopped after {} of {} draws per walker. These draws are valid, but "
      "fewer than "
      "asked for.",
      chain.draws, chain.header.steps / std::max<std::size_t>(chain.header.thin, 1));
}

std::string limit_reached(const Chain& chain) {
  const std::string reached = result_text(chain, "until_reached");
  if (reached.empty() || reached == "yes") return {};
  return fmt::format(
      "The run ended at its limit of {} steps before it reached what was asked for: {}. Allow more steps.",
      chain.header.steps, reached);
}

std::string too_few_draws(const Chain& chain) {
  if (chain.draws >= 4) return {};
  return fmt::format(
      "There are {} draws per walker, too few to judge the run by: take at least 4, better 1000.",
      chain.draws);
}

std::string not_finite(const Facts& parameters) {
  const std::string list = listed(parameters, [](const ParameterFacts& parameter) {
    return std::isfinite(parameter.figures.mean) ? "" : fmt::format("mean {}", parameter.figures.mean);
  });
  if (list.empty()) return {};
  return fmt::format("Some draws are not finite numbers: {}. Don't use this chain.", list);
}

std::string short_run(const Chain& chain, const Facts& parameters) {
  const double tau = longest_time(parameters);
  const double draws = as_double(chain.draws);
  if (!(draws < shortest_run * tau)) return {};
  const std::string list = listed(parameters, [draws](const ParameterFacts& parameter) {
    return draws < shortest_run * parameter.figures.tau ? fmt::format("tau = {:.3g}", parameter.figures.tau)
                                                        : "";
  });
  return fmt::format(
      "The run is short: {} draws per walker are fewer than 50 autocorrelation times of {}. Take at least "
      "{:.0f} steps.",
      chain.draws, list,
      std::ceil(shortest_run * tau * as_double(std::max<std::size_t>(chain.header.thin, 1))));
}

// So short that even the autocorrelation time is a guess.
bool very_short(const Chain& chain, const Facts& parameters) {
  return as_double(chain.draws) < 10 * longest_time(parameters);
}

std::string growing_time(const Chain& chain, const Facts& parameters) {
  const double chains = as_double(chain.header.chains()), half = as_double(chain.draws / 2);
  const std::string list = listed(parameters, [&](const ParameterFacts& parameter) {
    // No more noise is granted than half a run of 50 tau has: what is stuck has a long tau, but not for its
    // noise.
    const double error =
        relative_error_of_tau(std::min(parameter.tau_half, half / (shortest_run / 2)), chains * half);
    const double limit = parameter.tau_half * (1.15 + 5 * error);
    return parameter.figures.tau > limit ? fmt::format("{:.3g}, and {:.3g} in the first half",
                                                       parameter.figures.tau, parameter.tau_half)
                                         : "";
  });
  if (list.empty()) return {};
  return fmt::format(
      "The autocorrelation time still grows with the length of the run: {}. It is not known yet, and the "
      "errors are "
      "larger than shown. Run at least twice as long.",
      list);
}

// The largest R-hat of a good run: 1 + 0.8 tau / draws on average, 1.016 for 50 tau, with a scatter of 1 /
// sqrt(chains).
double r_hat_limit(std::size_t chains) {
  return std::max(1.02, 1 + 0.8 / shortest_run * (1 + 5 / std::sqrt(as_double(chains))));
}

std::string high_r_hat(const Chain& chain, const Facts& parameters) {
  const double limit = r_hat_limit(chain.header.chains());
  const std::string list = listed(parameters, [limit](const ParameterFacts& parameter) {
    return parameter.figures.r_hat >= limit ? fmt::format("{:.4g}", parameter.figures.r_hat) : "";
  });
  if (list.empty()) return {};
  // What a typical walker's own tau leads to: the tau of all walkers is long because they disagree.
  const double usual = 1 + 0.8 * longest_walker_time(parameters) / as_double(chain.draws);
  return fmt::format(
      "R-hat, with each walker as one chain, is {:.3g} or more for {}; walkers that mix as each of these "
      "does by itself "
      "would have about 1 + 0.8 tau / draws = {:.4g}. They have not forgotten where they started, or some "
      "are stuck. "
      "Run longer with a longer burn-in; if it stays, start the walkers closer together, around a quick "
      "estimate.",
      limit, list, usual);
}

std::string low_acceptance(const Chain& chain) {
  const std::vector<double> acceptance = walker_acceptance(chain);
  if (acceptance.empty()) return {};
  const double typical = median(acceptance);
  const auto stuck = std::count_if(acceptance.begin(), acceptance.end(),
                                   [typical](double value) { return value < 0.1 * typical; });
  if (stuck == 0) return {};
  const auto lowest = std::min_element(acceptance.begin(), acceptance.end());
  return fmt::format(
      "{} of {} walkers accept less than a tenth of what the median walker does (lowest {:.2g}, {}; median "
      "{:.2g}): "
      "they are stuck and distort the posterior, whatever the mean acceptance says. Start the walkers closer "
      "together, "
      "around a quick estimate and with no width near 0, and keep interweaving on.",
      stuck, acceptance.size(), *lowest,
      walker_name(chain, static_cast<std::size_t>(lowest - acceptance.begin())), typical);
}

// The longest row of draws in which no parameter changed.
std::size_t longest_stay(const Chain& chain, std::size_t c, const Facts& parameters) {
  std::size_t longest = 1, stay = 1;
  for (std::size_t t = 1; t < chain.draws; ++t) {
    const bool moved =
        std::any_of(parameters.begin(), parameters.end(), [&](const ParameterFacts& parameter) {
          const double* row = parameter.values + c * chain.draws;
          return row[t] != row[t - 1];
        });
    stay = moved ? 1 : stay + 1;
    longest = std::max(longest, stay);
  }
  return longest;
}

std::string frozen_walkers(const Chain& chain, const Facts& parameters) {
  // Measured by a typical walker's own tau: the tau of all walkers is large because some of them are frozen.
  const double tau = longest_walker_time(parameters);
  const double limit =
      tau > 0 ? std::min(10 * std::max(tau, 1.0), as_double(chain.draws)) : as_double(chain.draws);
  std::size_t frozen = 0, longest = 0, worst = 0;
  for (std::size_t c = 0; c < chain.header.chains(); ++c) {
    const std::size_t stay = longest_stay(chain, c, parameters);
    if (as_double(stay) < limit) continue;
    ++frozen;
    if (stay > longest) {
      longest = stay;
      worst = c;
    }
  }
  if (frozen == 0) return {};
  return fmt::format(
      "{} of {} walkers did not move for {:.0f} draws or more, ten autocorrelation times of a typical walker "
      "({} for "
      "{} draws): they are frozen and distort the posterior. Start the walkers closer together, around a "
      "quick "
      "estimate and with no width near 0, and keep interweaving on.",
      frozen, chain.header.chains(), std::ceil(limit), walker_name(chain, worst), longest);
}

std::string ensembles_disagree(const Facts& parameters) {
  constexpr double limit = 1.02;
  const std::string list = listed(parameters, [](const ParameterFacts& parameter) {
    return parameter.r_hat_ensembles >= limit ? fmt::format("{:.4g}", parameter.r_hat_ensembles) : "";
  });
  if (list.empty()) return {};
  return fmt::format(
      "The ensembles disagree: R-hat between them is {} or more for {}. Some may have missed a mode, or be "
      "on their "
      "way still. Plot the ensembles separately; run longer with a longer burn-in, from wider starts.",
      limit, list);
}

std::string walkers_move_together(const Chain& chain, const Facts& parameters) {
  const double length = as_double(chain.header.ensembles * chain.draws);
  const std::string list = listed(parameters, [length](const ParameterFacts& parameter) {
    const double ratio = parameter.figures.ess_bulk / parameter.ess_ensembles;
    const double limit = std::max(3.0, 1 + 6 * relative_error_of_tau(parameter.figures.tau, length));
    return ratio > limit
               ? fmt::format("{:.0f} instead of {:.0f}", parameter.ess_ensembles, parameter.figures.ess_bulk)
               : "";
  });
  if (list.empty()) return {};
  return fmt::format(
      "Walkers move together: the means of whole ensembles are worth far fewer draws than the walkers taken "
      "one by "
      "one, for {}. The Monte Carlo errors are larger than shown. Run longer, or take more walkers.",
      list);
}

}  // namespace

std::vector<Finding> convergence_findings(const Chain& chain, const Facts& parameters) {
  constexpr Harm spoilt = Harm::not_converged;
  if (chain.draws < 4) return {{incomplete(chain)}, {too_few_draws(chain), spoilt}};
  // nothing was moved: every hyperparameter is fixed, and latents alone are drawn
  if (free_parameters(chain.header).empty()) return {{incomplete(chain)}};
  return {{incomplete(chain)},
          {limit_reached(chain)},
          {not_finite(parameters), spoilt},
          {low_acceptance(chain), spoilt},
          {frozen_walkers(chain, parameters), spoilt},
          {high_r_hat(chain, parameters), spoilt},
          {ensembles_disagree(parameters), spoilt},
          {short_run(chain, parameters), very_short(chain, parameters) ? spoilt : Harm::none},
          {growing_time(chain, parameters), spoilt},
          {walkers_move_together(chain, parameters)}};
}

std::vector<Finding> findings(const Chain& chain, const Facts& parameters) {
  std::vector<Finding> found = convergence_findings(chain, parameters);
  for (Finding& finding : posterior_findings(chain, parameters)) found.push_back(std::move(finding));
  std::erase_if(found, [](const Finding& finding) { return finding.text.empty(); });
  return found;
}

}  // namespace starling::diagnostics
