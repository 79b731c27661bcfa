// Pieces of the convergence diagnostics that summary() shares, so that ranks are computed once per parameter.
#pragma once

#include <cstddef>
#include <Eigen/Core>
#include <optional>
#include <vector>

#include "starling/summary.hpp"

namespace starling::diagnostics {

/// Mean over chains of (1 / draws) sum_s (x_s - m)(x_{s+t} - m) at lags t = 0 .. draws - 1; m is `about`, or
/// each chain's own mean. The first lags are summed as they are asked for; once that has taken as long as a
/// FFT would, it gives all others.
class Autocovariance {
 public:
  explicit Autocovariance(Draws draws, std::optional<double> about = std::nullopt);
  [[nodiscard]] std::size_t size() const { return draws_; }
  double operator[](std::size_t lag);

 private:
  void by_sums();  // the next few
  void by_fft();   // all that are left
  std::size_t chains_, draws_, stride_;
  std::vector<double> deviations_;  // [chain][draw], zeros after each chain
  std::vector<double> lags_;        // as many as are known
};

/// Integrated autocorrelation time of an autocovariance: 1 + 2 sum of correlations up to Sokal's window, the
/// first lag M >= 5 tau(M), or the last lag where there is none. NaN if the variance is 0.
double integrated_time(Autocovariance autocovariance);

/// Draws cut into halves in ArviZ's order: the first halves of all chains, then the second halves (a middle
/// draw is left out). Consecutive chains stay together, so blocks of rows are the halves of whole ensembles.
struct Split {
  std::vector<double> values;  ///< [chains][draws]
  std::size_t chains = 0, draws = 0;

  [[nodiscard]] Draws view() const { return {values.data(), chains, draws}; }
};
Split split(Draws draws);

/// Normal scores of the ranks of the split draws (Blom's, ties averaged), and of their distances from the
/// median.
struct RankScores {
  Split bulk, folded;
};
RankScores rank_scores(Draws draws);

/// The larger R-hat of the bulk and folded scores, taking each `rows` consecutive rows as one sequence.
double r_hat(const RankScores& scores, std::size_t rows = 1);

/// Effective sample size of rows that are already split (Geyer's initial monotone positive sequence).
double ess(Draws rows);

/// All draws, one after the other.
Eigen::Map<const Eigen::ArrayXd> array(Draws draws);

/// Of all draws, one at least; by differences to the first, so that the mean of equal numbers is that number.
double mean_of(Draws draws);

/// Mean and sd (n - 1) of all draws.
struct Moments {
  double mean, sd;
};
Moments moments(Draws draws);

/// False where ArviZ gives NaN: fewer than four draws, no chain, or a value that is not finite.
bool usable(Draws draws);

}  // namespace starling::diagnostics
