/// Mean and standard deviation of a normal population from sums over its values.
#pragma once

#include <optional>

#include "starling/random.hpp"

namespace starling {

struct MeanAndWidth {
  double mean, sd;
};

/// Draws them from their distribution under a flat prior: 1 / sd^2 is a gamma variate of shape (n - 2) / 2,
/// and the mean is normal given it (as in Gelman et al. 2013, Bayesian Data Analysis, section 3.2, where the
/// prior is flat in ln sd). sum, squares: of n values' distances from where the mean is taken from. None for
/// n <= 2, or values that are all the same.
std::optional<MeanAndWidth> draw_mean_and_width(double sum, double squares, double n, HostStream& stream);

}  // namespace starling
