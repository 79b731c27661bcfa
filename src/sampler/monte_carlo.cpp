#include "sampler/monte_carlo.hpp"

#include <cmath>

namespace starling {

std::vector<double> mean_of_draws(const std::vector<double>& draws, std::size_t d) {
  const std::size_t n = draws.size() / d;
  std::vector<double> mean(d);
  for (std::size_t k = 0; k < n * d; ++k) mean[k % d] += draws[k] / static_cast<double>(n);
  return mean;
}

MonteCarloError monte_carlo_error(Likelihood& likelihood, const std::vector<double>& draws, std::size_t d) {
  const std::size_t n = draws.size() / d;
  if (n == 0) return {};
  const auto mean = mean_of_draws(draws, d);
  std::vector<double> v(n);
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
