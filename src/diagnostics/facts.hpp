// Everything that summary() and its warnings know of one parameter of a chain.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "starling/chain.hpp"
#include "starling/prior.hpp"
#include "starling/summary.hpp"

namespace starling::diagnostics {

struct ParameterFacts {
  ParameterSummary figures;
  std::optional<Prior> prior;      ///< none where the chain does not tell
  const double* values = nullptr;  ///< [chain][draw]
  double tau_half = 0;             ///< of the first half of the draws
  double tau_walker =
      0;  ///< median over walkers (fifty at most) of tau about the walker's own mean: blind to stuck walkers
  double r_hat_ensembles = 0;  ///< each ensemble taken as one sequence; NaN for one ensemble
  double ess_ensembles = 0;    ///< from the time series of each ensemble's mean
};

ParameterFacts facts(const Chain& chain, std::size_t parameter);

/// Indices of the parameters that were sampled: not fixed by their prior.
std::vector<std::size_t> free_parameters(const ChainHeader& header);

/// Throws InputError unless the chain's sizes fit together.
void check_sizes(const Chain& chain);

/// The median; reorders a copy. NaN for none.
double median(std::vector<double> values);

/// Mean acceptance of each walker, [chain]; empty if the chain holds none.
std::vector<double> walker_acceptance(const Chain& chain);

/// A result that the chain holds as text; empty if it does not.
std::string result_text(const Chain& chain, const std::string& name);

/// What a finding means for the numbers of the table.
enum class Harm {
  none,           ///< they hold, with what the finding says in mind
  not_converged,  ///< they aren't those of the posterior
  biased,         ///< they are those of a likelihood that is itself wrong
};
/// Something that is wrong with a run, in plain words and with what to do; no text: nothing was found.
struct Finding {
  std::string text;
  Harm harm = Harm::none;
};

/// Whether the walkers reached the posterior, and for how many draws the chain is good.
std::vector<Finding> convergence_findings(const Chain& chain, const std::vector<ParameterFacts>& parameters);
/// Posteriors and likelihoods that make trouble even where the walkers do their work.
std::vector<Finding> posterior_findings(const Chain& chain, const std::vector<ParameterFacts>& parameters);
/// All of them, those without text left out.
std::vector<Finding> findings(const Chain& chain, const std::vector<ParameterFacts>& parameters);

}  // namespace starling::diagnostics
