#include "models/sample_nodes.hpp"

#include <algorithm>
#include <cmath>
#include <Eigen/Eigenvalues>
#include <limits>
#include <numeric>

#include "backends/parallel.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kFewest = 6, kMost = 48;  // nodes of an object

/// The three-term recurrence of the polynomials that are orthonormal under a discrete measure, as far as it
/// was asked for: by Lanczos' algorithm on the diagonal matrix of x, from the vector of the roots of the
/// weights.
class Recurrence {
 public:
  /// weight: normalised
  Recurrence(std::span<const double> x, std::span<const double> weight)
      : x_(view(x)), now_(view(weight).sqrt()), before_(Array::Zero(x_.size())) {}
  /// Goes on to n polynomials, or to as many as there are.
  void extend(std::size_t n) {
    while (!ended_ && diagonal_.size() < n) {
      const double b = beside_.empty() ? 0 : beside_.back(), a = (x_ * now_.square()).sum();
      before_ = (x_ - a) * now_ - b * before_;
      diagonal_.push_back(a);
      beside_.push_back(std::sqrt(before_.square().sum()));
      ended_ = !(beside_.back() > 1e-12);
      before_ *= 1 / beside_.back();
      now_.swap(before_);
    }
  }
  [[nodiscard]] std::size_t size() const { return diagonal_.size(); }

  /// The error of the n-point rule for exp(-curvature x^2 / 2), about.
  [[nodiscard]] double error(std::size_t n, double curvature) const {
    double product = 1;  // f^(2 n) / (2 n)! times the squares of all that was divided by
    for (std::size_t k = 0; k < n; ++k)
      product *= 0.5 * curvature / static_cast<double>(k + 1) * beside_[k] * beside_[k];
    return product;
  }

  [[nodiscard]] GaussRule rule(std::size_t n) const {
    n = std::min(n, diagonal_.size());
    const auto count = static_cast<Eigen::Index>(n);
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
    solver.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(diagonal_.data(), count),
                                  Eigen::Map<const Eigen::VectorXd>(beside_.data(), count - 1),
                                  Eigen::EigenvaluesOnly);
    GaussRule rule;
    for (Eigen::Index j = 0; j < count; ++j) {
      const double x = solver.eigenvalues()[j];
      // 1 / the sum of the squares of the polynomials
      double before = 0, now = 1, squares = 1;
      for (std::size_t k = 0; k + 1 < n; ++k) {
        const double next = ((x - diagonal_[k]) * now - (k == 0 ? 0 : beside_[k - 1]) * before) / beside_[k];
        before = now;
        now = next;
        squares += now * now;
      }
      rule.node.push_back(x);
      rule.weight.push_back(1 / squares);
    }
    return rule;
  }

 private:
  using Array = Eigen::ArrayXd;
  static Eigen::Map<const Array> view(std::span<const double> values) {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
  }
  Eigen::Map<const Array> x_;
  Array now_, before_;
  std::vector<double> diagonal_, beside_;  // of the Jacobi matrix
  bool ended_ = false;
};

/// One object's nodes, and what they leave of its ln L. Without nodes its samples stay as they are.
struct NodesOfOne {
  std::vector<double> mu, log_interim;
  double shift = 0, error = 0;
};

/// Whether the density has neither an end nor a break from lowest to highest, wherever between the points
/// theta is: no polynomial has.
bool is_smooth(const std::vector<NodesPoint>& points, double lowest, double highest) {
  bool below = false, above = false;
  for (const auto& [population, support, cut] : points) {
    if (!(support.first < lowest && highest < support.second)) return false;
    if (lowest <= cut && cut <= highest) return false;
    below |= cut < lowest;
    above |= cut > highest;
  }
  return !(below && above);
}

/// Of ln p over an interval on [-1, 1], at any of the points.
double largest_curvature(const PopulationModel& population, const std::vector<NodesPoint>& points,
                         const std::vector<double>& ends_and_middle) {
  double largest = 0;
  std::vector<double> l(ends_and_middle.size());
  for (const auto& point : points) {
    population.log_density(point.population, ends_and_middle, l);
    const double curvature = std::abs(l[0] - 2 * l[1] + l[2]);
    if (std::isfinite(curvature)) largest = std::max(largest, curvature);
  }
  return largest;
}

NodesOfOne nodes_of_one(const PopulationModel& population, const WeightedSamples& samples,
                        const std::vector<NodesPoint>& points, double tolerance) {
  const auto [lowest, highest] = std::minmax_element(samples.mu.begin(), samples.mu.end());
  const std::size_t most = std::min(kMost, samples.mu.size() / 2);
  if (most < kFewest || !(*lowest < *highest) || !is_smooth(points, *lowest, *highest)) return {};
  // on [-1, 1], with weights 1 / pi0 that add up to 1
  const double center = 0.5 * (*lowest + *highest), half = 0.5 * (*highest - *lowest);
  std::vector<double> x(samples.mu.begin(), samples.mu.end()), weight(x.size(), 1.0);
  for (double& v : x) v = (v - center) / half;
  double top = 0;
  if (!samples.log_interim.empty()) {
    top = -*std::min_element(samples.log_interim.begin(), samples.log_interim.end());
    for (std::size_t k = 0; k < weight.size(); ++k) weight[k] = std::exp(-samples.log_interim[k] - top);
  }
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  for (double& w : weight) w /= total;
  const auto log_sum = [&](const NodesPoint& point, const WeightedSamples& values) {
    return sums_of(log_weights(population, point.population, values)).log_sum();
  };
  std::vector<double> exact;
  for (const auto& point : points) exact.push_back(log_sum(point, samples));
  if (!(exact[0] > -kInfinity)) return {};
  Recurrence recurrence(x, weight);
  const double curvature = largest_curvature(population, points, {*lowest, center, *highest});
  std::size_t n = kFewest;
  for (; n < most; ++n) {
    recurrence.extend(n);
    if (recurrence.size() < n || recurrence.error(n, curvature) < 6 * tolerance) break;
  }
  n = std::max(std::min(n, recurrence.size()), kFewest);  // there may be fewer distinct values
  while (n <= most) {
    recurrence.extend(n);
    if (recurrence.size() < n) break;
    const GaussRule rule = recurrence.rule(n);
    NodesOfOne nodes;
    for (std::size_t j = 0; j < n; ++j) {
      if (!(rule.weight[j] > 1e-25)) continue;
      nodes.mu.push_back(center + half * rule.node[j]);
      nodes.log_interim.push_back(-std::log(rule.weight[j] * total) - top);
    }
    for (std::size_t t = 0; t < points.size() && nodes.error < tolerance; ++t) {
      const double by_nodes = log_sum(points[t], {nodes.mu, nodes.log_interim});
      if (exact[t] == by_nodes) continue;
      const double error = std::abs(exact[t] - by_nodes);
      if (t == 0) nodes.shift = exact[t] - by_nodes;
      nodes.error = error >= 0 ? std::max(nodes.error, error) : kInfinity;
    }
    if (nodes.error < tolerance) return nodes;
    // a node more gives about a digit
    const double digits = std::ceil(std::log10(nodes.error / tolerance));
    n += static_cast<std::size_t>(std::clamp(digits, 1.0, static_cast<double>(n)));
  }
  return {};
}

}  // namespace

GaussRule gauss_rule(std::span<const double> x, std::span<const double> weight, std::size_t n) {
  Recurrence recurrence(x, weight);
  recurrence.extend(n);
  return recurrence.rule(n);
}

NodesPoint nodes_point(const PopulationModel& population, std::span<const double> theta) {
  return {population.prepared(theta), population.support(theta), population.break_in_support(theta)};
}

std::vector<double> log_weights(const PopulationModel& population, std::span<const double> prepared,
                                WeightedSamples samples) {
  std::vector<double> l(samples.mu.size());
  population.log_density(prepared, samples.mu, l);
  if (!samples.log_interim.empty())
    for (std::size_t k = 0; k < l.size(); ++k) l[k] -= samples.log_interim[k];
  return l;
}

WeightSums sums_of(const std::vector<double>& log_weights) {
  WeightSums s{-kInfinity, 0, 0};
  for (const double l : log_weights) s.largest = std::max(s.largest, l);
  if (!(s.largest > -kInfinity)) return s;
  for (const double l : log_weights) {
    const double w = std::exp(l - s.largest);
    s.sum += w;
    s.squares += w * w;
  }
  return s;
}

double WeightSums::log_sum() const {
  return sum > 0 ? largest + std::log(sum) : -kInfinity;
}

SampleNodes nodes_for_samples(const PopulationModel& population, std::size_t objects,
                              const std::function<WeightedSamples(std::size_t)>& samples,
                              const std::vector<NodesPoint>& points, double tolerance, int threads) {
  std::vector<NodesOfOne> all(objects);
  parallel_for(objects, threads, 16,
               [&](std::size_t i) { all[i] = nodes_of_one(population, samples(i), points, tolerance); });
  SampleNodes nodes;
  for (std::size_t i = 0; i < objects; ++i) {
    const NodesOfOne& one = all[i];
    const WeightedSamples stay = one.mu.empty() ? samples(i) : WeightedSamples{one.mu, one.log_interim};
    nodes.mu.insert(nodes.mu.end(), stay.mu.begin(), stay.mu.end());
    nodes.log_interim.insert(nodes.log_interim.end(), stay.log_interim.begin(), stay.log_interim.end());
    nodes.log_interim.resize(nodes.mu.size());
    nodes.offset.push_back(nodes.mu.size());
    nodes.shift.push_back(one.shift);
    nodes.error = std::max(nodes.error, one.error);
  }
  return nodes;
}

}  // namespace starling
