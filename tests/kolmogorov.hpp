/// Kolmogorov's statistic, for tests of distributions. Beyond 3 it is by chance less than once in 3e7.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace starling {

/// sqrt(n) sup |F_n - F|; the values are sorted.
inline double kolmogorov(std::vector<double> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double f = cdf(values[i]), k = static_cast<double>(i);
    largest = std::max({largest, f - k / n, (k + 1) / n - f});
  }
  return largest * std::sqrt(n);
}

}  // namespace starling
