/// Widths of a weighted fit that allow for the weights.
#pragma once

#include <span>
#include <vector>

#include "models/definition.hpp"

namespace starling {

/// sum_i w_i ln L_i is a pseudo-likelihood: its posterior counts an object of weight 2 as two, so its widths
/// C^(1/2) are not those of repeated surveys. Those are the sandwich C J C, with J = sum_i w_i^2 s_i s_i^T
/// and s_i the gradient of ln L_i at the posterior mean (Huber 1967; Pfeffermann 1993), by central
/// differences.
struct Sandwich {
  std::vector<double> sd;   ///< of every parameter
  double effective_number;  ///< (sum w)^2 / sum w^2
};
/// draws: [n][d] of the posterior, a few hundred at least.
Sandwich sandwich(Likelihood& likelihood, std::span<const double> weight, const std::vector<double>& draws,
                  std::size_t d);

}  // namespace starling
