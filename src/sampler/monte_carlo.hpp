/// The Monte Carlo error of a samples likelihood.
#pragma once

#include <vector>

#include "models/definition.hpp"

namespace starling {

/// The mean of draws [n][d].
std::vector<double> mean_of_draws(const std::vector<double>& draws, std::size_t d);

/// V at the posterior mean, and the bias of each parameter to first order, from draws [n][d].
MonteCarloError monte_carlo_error(Likelihood& likelihood, const std::vector<double>& draws, std::size_t d);

}  // namespace starling
