// R-hat, effective sample sizes and Monte Carlo errors of Vehtari, Gelman, Simpson, Carpenter & Buerkner
// (2021, Bayesian Analysis 16, 667), step by step as ArviZ computes them, so that both give the same numbers
// for a chain file.
#include "diagnostics/convergence.hpp"

#include <algorithm>
#include <bit>
#include <boost/math/special_functions/erf.hpp>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>

namespace starling {
namespace diagnostics {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

// The middle value, or the mean of the middle two.
double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*std::max_element(values.begin(), middle) + *middle);
}

using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

// A whole number that is in the order of the values, and the same for 0 and -0.
std::uint64_t ordered(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);
  return bits >> 63 == 0 ? bits | std::uint64_t{1} << 63 : ~bits;
}

// Replaces values by normal scores of their ranks: Phi^-1((rank - 3/8) / (n + 1/4)), ties sharing their mean
// rank.
void to_normal_scores(std::vector<double>& values) {
  const std::size_t n = values.size();
  using Entry = std::pair<std::uint64_t, std::size_t>;
  std::vector<Entry> sorted(n);
  for (std::size_t i = 0; i < n; ++i) sorted[i] = {ordered(values[i]), i};
  boost::sort::spreadsort::integer_sort(
      sorted.begin(), sorted.end(), [](const Entry& entry, unsigned shift) { return entry.first >> shift; },
      [](const Entry& a, const Entry& b) { return a.first < b.first; });
  for (std::size_t first = 0, last = 0; first < n; first = last) {
    while (last < n && sorted[last].first == sorted[first].first) ++last;
    const double rank = 0.5 * as_double(first + 1 + last);
    const double probability = (rank - 0.375) / (as_double(n) + 0.25);
    const double score = -std::numbers::sqrt2 * boost::math::erfc_inv(2 * probability, InDouble{});
    for (std::size_t i = first; i < last; ++i) values[sorted[i].second] = score;
  }
}

double r_hat_of(Draws rows) {
  std::vector<double> means(rows.chains);
  double within = 0;
  for (std::size_t chain = 0; chain < rows.chains; ++chain) {
    const Moments row = moments({rows.values + chain * rows.draws, 1, rows.draws});
    means[chain] = row.mean;
    within += row.sd * row.sd / as_double(rows.chains);
  }
  const double between = std::pow(moments({means.data(), 1, means.size()}).sd, 2);  // over n: B / n
  const double n = as_double(rows.draws);
  return std::sqrt(between / within + (n - 1) / n);  // constant draws: 0 / 0
}

// Indicator of values at most `limit`.
Split indicator(Draws draws, double limit) {
  Split halves = split(draws);
  for (double& value : halves.values) value = value <= limit ? 1 : 0;
  return halves;
}

Split squared_deviations(Draws draws) {
  Split halves = split(draws);
  const double mean = mean_of(draws);
  for (double& value : halves.values) value = (value - mean) * (value - mean);
  return halves;
}

}  // namespace

Eigen::Map<const Eigen::ArrayXd> array(Draws draws) {
  return {draws.values, static_cast<Eigen::Index>(draws.chains * draws.draws)};
}

double mean_of(Draws draws) {
  const auto x = array(draws);
  return x[0] + (x - x[0]).sum() / static_cast<double>(x.size());
}

Moments moments(Draws draws) {
  const std::size_t n = draws.chains * draws.draws;
  if (n == 0) return {not_a_number, not_a_number};
  const double mean = mean_of(draws);
  return {mean, std::sqrt((array(draws) - mean).square().sum() / (as_double(n) - 1))};
}

bool usable(Draws draws) {
  return draws.chains > 0 && draws.draws >= 4 &&
         std::all_of(draws.values, draws.values + draws.chains * draws.draws,
                     [](double value) { return std::isfinite(value); });
}

Split split(Draws draws) {
  const std::size_t half = draws.draws / 2;
  Split result{std::vector<double>(2 * draws.chains * half), 2 * draws.chains, half};
  for (std::size_t chain = 0; chain < draws.chains; ++chain) {
    const double* row = draws.values + chain * draws.draws;
    std::copy_n(row, half, result.values.data() + chain * half);
    std::copy_n(row + draws.draws - half, half, result.values.data() + (draws.chains + chain) * half);
  }
  return result;
}

RankScores rank_scores(Draws draws) {
  RankScores scores{split(draws), {}};
  scores.folded = scores.bulk;
  const double center = median(scores.bulk.values);
  for (double& value : scores.folded.values) value = std::abs(value - center);
  to_normal_scores(scores.bulk.values);
  to_normal_scores(scores.folded.values);
  return scores;
}

double r_hat(const RankScores& scores, std::size_t rows) {
  const auto grouped = [rows](const Split& split_scores) {
    return r_hat_of({split_scores.values.data(), split_scores.chains / rows, split_scores.draws * rows});
  };
  const double bulk = grouped(scores.bulk), folded = grouped(scores.folded);
  return folded > bulk ? folded : bulk;
}

double ess(Draws rows) {
  const std::size_t size = rows.chains * rows.draws;
  const auto [low, high] = std::minmax_element(rows.values, rows.values + size);
  if (*high - *low < 1e-15) return as_double(size);  // ArviZ's limit for "constant"

  const double n = as_double(rows.draws);
  Autocovariance covariance(rows);
  const double within = covariance[0] * n / (n - 1);
  double pooled = covariance[0];
  if (rows.chains > 1) {
    std::vector<double> means(rows.chains);
    for (std::size_t chain = 0; chain < rows.chains; ++chain)
      means[chain] = mean_of({rows.values + chain * rows.draws, 1, rows.draws});
    pooled += std::pow(moments({means.data(), 1, means.size()}).sd, 2);
  }
  const auto correlation = [&](std::size_t lag) { return 1 - (within - covariance[lag]) / pooled; };

  // Geyer's initial positive sequence: pairs of lags until a pair's sum is not positive.
  std::vector<double> rho(rows.draws, 0);
  double even = 1, odd = correlation(1);
  rho[0] = even;
  rho[1] = odd;
  std::size_t lag = 1;
  while (lag + 3 < rows.draws && even + odd > 0) {
    even = correlation(lag + 1);
    odd = correlation(lag + 2);
    if (even + odd >= 0) {
      rho[lag + 1] = even;
      rho[lag + 2] = odd;
    }
    lag += 2;
  }
  const std::size_t end = lag - 1;  // the last even lag that may stand without its odd partner
  if (even > 0) rho[end] = even;

  // Geyer's initial monotone sequence: a pair's sum may not exceed the one before.
  for (std::size_t t = 1; t + 3 <= end; t += 2) {
    const double previous = rho[t - 1] + rho[t];
    if (rho[t + 1] + rho[t + 2] > previous) rho[t + 1] = rho[t + 2] = previous / 2;
  }
  double tau = -1;
  for (std::size_t t = 0; t < end; ++t) tau += 2 * rho[t];
  tau += rho[end];
  if (std::isnan(tau)) return not_a_number;
  return as_double(size) / std::max(tau, 1 / std::log10(as_double(size)));
}

}  // namespace diagnostics

namespace dg = diagnostics;

double r_hat(Draws draws) {
  return dg::usable(draws) && draws.chains >= 2 ? dg::r_hat(dg::rank_scores(draws)) : dg::not_a_number;
}

double ess_bulk(Draws draws) {
  return dg::usable(draws) ? dg::ess(dg::rank_scores(draws).bulk.view()) : dg::not_a_number;
}

double ess_tail(Draws draws) {
  if (!dg::usable(draws)) return dg::not_a_number;
  return std::min(dg::ess(dg::indicator(draws, quantile(draws, 0.05)).view()),
                  dg::ess(dg::indicator(draws, quantile(draws, 0.95)).view()));
}

double mcse_mean(Draws draws) {
  if (!dg::usable(draws)) return dg::not_a_number;
  return dg::moments(draws).sd / std::sqrt(dg::ess(dg::split(draws).view()));
}

double mcse_sd(Draws draws) {
  if (!dg::usable(draws)) return dg::not_a_number;
  // Delta method: Var(sd) = Var((x - mean)^2) / (4 sd^2 ESS).
  const std::size_t n = draws.chains * draws.draws;
  const double mean = dg::mean_of(draws);
  double second = 0, fourth = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double square = (draws.values[i] - mean) * (draws.values[i] - mean);
    second += square / dg::as_double(n);
    fourth += square * square / dg::as_double(n);
  }
  const double effective = dg::ess(dg::squared_deviations(draws).view());
  return std::sqrt((fourth - second * second) / effective / second / 4);
}

double quantile(Draws draws, double probability) {
  const std::size_t n = draws.chains * draws.draws;
  if (n == 0 || !(probability >= 0 && probability <= 1)) return dg::not_a_number;
  if (std::any_of(draws.values, draws.values + n, [](double value) { return std::isnan(value); }))
    return dg::not_a_number;
  std::vector<double> values(draws.values, draws.values + n);
  const double position = probability * dg::as_double(n - 1);
  const auto below = static_cast<std::ptrdiff_t>(std::floor(position));
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (static_cast<std::size_t>(below) + 1 == n) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  // From the nearer side, as NumPy does: ties give exactly their value.
  const double part = position - static_cast<double>(below);
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

}  // namespace starling
