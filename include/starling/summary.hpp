/// Diagnostics of chains (Vehtari, Gelman, Simpson, Carpenter & Buerkner 2021) and the tables made of them.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "starling/chain.hpp"

namespace starling {

/// Draws of one quantity: `chains` rows of `draws` values.
struct Draws {
  const double* values = nullptr;  ///< [chain][draw]
  std::size_t chains = 0, draws = 0;
};

// As ArviZ defines them. NaN where there are too few draws; constant draws give R-hat NaN and ESS = their
// number.
double r_hat(Draws draws);     ///< rank-normalised split R-hat, the larger of bulk and folded
double ess_bulk(Draws draws);  ///< bulk effective sample size
double ess_tail(Draws draws);  ///< the lesser of the ESS of the 5 % and 95 % quantiles
double mcse_mean(Draws draws);
double mcse_sd(Draws draws);
double quantile(Draws draws, double probability);  ///< linear interpolation, as NumPy's default
/// Integrated autocorrelation time in draws, averaged over chains; Sokal's window M >= c tau, c = 5.
/// Each chain is taken about the pooled mean of all, so that stuck chains show.
double autocorrelation_time(Draws draws);

struct ParameterSummary {
  std::string name;
  double mean, sd, eti89_lb, eti89_ub, ess_bulk, ess_tail, r_hat, mcse_mean, mcse_sd, tau;
};

struct Summary {
  std::string method;
  std::vector<ParameterSummary> parameters;  ///< free parameters only
  double acceptance = 0;                     ///< mean over chains
  double lowest_acceptance = 0;              ///< of any one walker
  /// What a reader must know before the numbers: that the walkers have not converged, or the likelihood is
  /// not that of the data: too noisy, or naive. Empty: the numbers can be used, with the warnings in mind.
  std::string verdict;
  std::vector<std::string> notes;     ///< what the fit found out beside theta: weights, selection
  std::vector<std::string> warnings;  ///< in plain words, with what to do; empty: nothing found
};

Summary summary(const Chain& chain);
std::ostream& operator<<(std::ostream& out,
                         const Summary& summary);  ///< the table that `starling summary` prints
std::string to_json(const Summary& summary);

/// Naive against hierarchical, parameter by parameter; truth NaN where unknown.
struct Comparison {
  struct Parameter {
    std::string name;
    double naive_mean, naive_sd, hierarchical_mean, hierarchical_sd;
    double bias_in_sd;  ///< (naive mean - hierarchical mean) / hierarchical sd
    double truth;
  };
  std::string naive_label, hierarchical_label;
  std::vector<Parameter> parameters;
  std::vector<std::string> notes;  ///< what was left out, in plain words
};

/// The naive chain is known by its method, in whichever place it stands. Parameters that only one chain has
/// (or has fixed) are left out, with a note. Throws InputError if none is common, or for the truth of an
/// unknown parameter.
Comparison compare(const Chain& naive, const Chain& hierarchical,
                   const std::vector<std::pair<std::string, double>>& truth = {});
std::ostream& operator<<(std::ostream& out, const Comparison& comparison);
std::string to_json(const Comparison& comparison);

}  // namespace starling
