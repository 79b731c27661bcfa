#include "sampler/monte_carlo.hpp"

#include <cmath>

namespace starling {

MonteCarloError monte_carlo_error(Likelihood& likelihood, const std::vector<double>& draws, std::size_t d) {
  const std::size_t n = draws.size() / d;
  if (n == 0) return {};
  std::vector<double> mean(d), v(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) mean[j] += draws[i * d + j] / static_cast<double>(n);
  MonteCarloError error = likelihood.monte_carlo(mean);
  likelihood.variance(draws, v);
  double mean_v = 0;
  for (const double x : v) mean_v += x / static_cast<double>(n);
  // E[ln L] is short of the truth by V / 2, so the posterior is tilted by exp(-V / 2)
  for (std::size_t j = 0; j < d; ++j) {
    double covariance = 0, variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double t = draws[i * d + j] - mean[j];
      covariance += t * (v[i] - mean_v) / static_cast<double>(n);
      variance += t * t / static_cast<double>(n);
    }
    error.expected_bias.push_back(variance > 0 ? -0.5 * covariance / std::sqrt(variance) : 0);
  }
  return error;
}

}  // namespace starling
