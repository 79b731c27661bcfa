// Whether ranks are uniform: simultaneous bands of the empirical cumulative distribution (Saeilynoja,
// Buerkner & Vehtari 2022, Statistics and Computing 32, 32), exact by recursion over the ranks.
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "starling/calibration.hpp"

namespace starling {
namespace {

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

/// Binomial probabilities for up to n trials.
class Binomial {
 public:
  explicit Binomial(std::size_t n) : log_factorial_(n + 1, 0) {
    for (std::size_t k = 1; k <= n; ++k) log_factorial_[k] = log_factorial_[k - 1] + std::log(as_double(k));
  }
  [[nodiscard]] double operator()(std::size_t k, std::size_t n, double p) const {
    if (p >= 1) return k == n ? 1 : 0;
    return std::exp(log_factorial_[n] - log_factorial_[k] - log_factorial_[n - k] +
                    as_double(k) * std::log(p) + as_double(n - k) * std::log1p(-p));
  }

 private:
  std::vector<double> log_factorial_;
};

/// The number of ranks <= i, for i = 0 .. draws - 1: how extreme each value of it is by itself.
class Counts {
 public:
  Counts(std::size_t n, std::size_t draws)
      : n_(n), draws_(draws), binomial_(n), tail_(draws, std::vector<double>(n + 1)) {
    for (std::size_t i = 0; i < draws; ++i) {
      std::vector<double> above(n + 2, 0);
      for (std::size_t c = n + 1; c-- > 0;) above[c] = above[c + 1] + binomial_(c, n, at(i));
      double below = 0;
      for (std::size_t c = 0; c <= n; ++c) {
        below += binomial_(c, n, at(i));
        tail_[i][c] = std::min(1.0, 2 * std::min(below, above[c]));
      }
    }
  }

  /// P(rank <= i).
  [[nodiscard]] double at(std::size_t i) const { return as_double(i + 1) / as_double(draws_ + 1); }
  /// The two-sided tail of c ranks <= i.
  [[nodiscard]] double tail(std::size_t i, std::size_t c) const { return tail_[i][c]; }

  /// First and last count at i whose tail is above `level`; first > last: none.
  [[nodiscard]] std::pair<std::size_t, std::size_t> inside(std::size_t i, double level) const {
    const auto& t = tail_[i];
    std::size_t first = 0, last = n_;
    while (first < n_ && !(t[first] > level)) ++first;
    while (last > first && !(t[last] > level)) --last;
    return {first, t[first] > level ? last : 0};
  }

  /// The chance that all counts of uniform ranks have tails above `level`: a walk over i, count by count.
  [[nodiscard]] double coverage(double level) const {
    auto [first, last] = inside(0, level);
    if (first > last) return 0;
    std::vector<double> chance;
    for (std::size_t c = first; c <= last; ++c) chance.push_back(binomial_(c, n_, at(0)));
    for (std::size_t i = 1; i < draws_; ++i) {
      const auto [next_first, next_last] = inside(i, level);
      if (next_first > next_last) return 0;
      // of the ranks above i - 1, each is i with this chance
      const double step = 1 / as_double(draws_ + 1 - i);
      std::vector<double> next(next_last - next_first + 1, 0);
      for (std::size_t c = first; c <= last; ++c) {
        const double here = chance[c - first];
        if (!(here > 1e-30)) continue;
        for (std::size_t d = std::max(c, next_first); d <= next_last; ++d)
          next[d - next_first] += here * binomial_(d - c, n_ - c, step);
      }
      chance = std::move(next);
      first = next_first;
      last = next_last;
    }
    double sum = 0;
    for (const double p : chance) sum += p;
    return std::min(1.0, sum);
  }

 private:
  std::size_t n_, draws_;
  Binomial binomial_;
  std::vector<std::vector<double>> tail_;  ///< [i][count]
};

/// The largest number of equal bins, 20 at most, with ten ranks or more each.
std::size_t bins_of(std::size_t n, std::size_t draws) {
  for (std::size_t bins = std::min<std::size_t>(20, draws + 1); bins > 1; --bins)
    if ((draws + 1) % bins == 0 && n >= 10 * bins) return bins;
  return 1;
}

}  // namespace

RankTest test_ranks(std::span<const std::size_t> ranks, std::size_t draws) {
  const std::size_t n = ranks.size();
  RankTest test{1, 0, 1, bins_of(n, draws)};
  if (n == 0 || draws == 0) return test;
  std::vector<std::size_t> count(draws + 1, 0);
  for (const std::size_t r : ranks) ++count.at(r);

  const Counts counts(n, draws);
  double level = 1;
  std::size_t below = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    below += count[i];
    level = std::min(level, counts.tail(i, below));
  }
  test.ecdf_p = std::max(0.0, 1 - counts.coverage(level));

  if (test.bins == 1) return test;
  const double expected = as_double(n) / as_double(test.bins);
  const std::size_t width = (draws + 1) / test.bins;
  for (std::size_t b = 0; b < test.bins; ++b) {
    double in_bin = 0;
    for (std::size_t r = b * width; r < (b + 1) * width; ++r) in_bin += as_double(count[r]);
    test.chi_square += (in_bin - expected) * (in_bin - expected) / expected;
  }
  test.chi_square_p = boost::math::gamma_q(as_double(test.bins - 1) / 2, test.chi_square / 2);
  return test;
}

EcdfBand ecdf_band(std::size_t n, std::size_t draws, double false_alarm) {
  const Counts counts(n, draws);
  // The level that each count may have by itself, so that all together have `false_alarm`; it is below that.
  double low = std::log(false_alarm) - std::log(2 * as_double(draws)) - 5, high = std::log(false_alarm);
  for (int i = 0; i < 30; ++i) {
    const double middle = 0.5 * (low + high);
    (1 - counts.coverage(std::exp(middle)) <= false_alarm ? low : high) = middle;
  }
  EcdfBand band;
  for (std::size_t i = 0; i < draws; ++i) {
    const auto [first, last] = counts.inside(i, std::exp(low));
    band.at.push_back(counts.at(i));
    band.lower.push_back(as_double(first) / as_double(n));
    band.upper.push_back(as_double(last) / as_double(n));
  }
  return band;
}

}  // namespace starling
