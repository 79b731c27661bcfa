// Quadrature over one latent.
#include "models/quadrature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// The integrand is followed down to e^-34 (2e-15) of its peak.
constexpr double kDepth = 34;
constexpr std::array<int, 12> kNodes{12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};

/// Gauss-Legendre on [0, 1]: Newton's method on the recurrence of P_n.
QuadratureRule gauss_legendre(int n) {
  QuadratureRule rule;
  for (int k = n; k >= 1; --k) {
    double x = std::cos(3.14159265358979323846 * (k - 0.25) / (n + 0.5)), slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double p = 1, before = 0;
      for (int j = 1; j <= n; ++j) {
        const double next = ((2 * j - 1) * x * p - (j - 1) * before) / j;
        before = p;
        p = next;
      }
      slope = n * (x * p - before) / (x * x - 1);
      const double step = p / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    rule.t.push_back(0.5 * (1 + x));
    rule.log_weight.push_back(-std::log((1 - x * x) * slope * slope));
  }
  return rule;
}

/// The trapezoidal rule in u with t = 1 / (1 + exp(-pi sinh u)).
QuadratureRule double_exponential(int n) {
  QuadratureRule rule;
  const double reach = 3.6, h = 2 * reach / (n - 1), pi = 3.14159265358979323846;
  for (int k = 0; k < n; ++k) {
    const double u = -reach + h * k, s = pi * std::sinh(u);
    rule.t.push_back(1 / (1 + std::exp(-s)));
    // dt/du = pi cosh(u) t (1 - t)
    rule.log_weight.push_back(std::log(h * pi * std::cosh(u)) - std::log1p(std::exp(-s)) -
                              std::log1p(std::exp(s)));
  }
  return rule;
}

enum class Kind { smooth, singular };

const QuadratureRule& rule(Kind kind, int n) {
  static const auto all = [] {
    std::map<std::pair<Kind, int>, QuadratureRule> rules;
    for (const int k : kNodes)
      for (const int twice : {k, 2 * k}) {
        rules.emplace(std::pair(Kind::smooth, twice), gauss_legendre(twice));
        rules.emplace(std::pair(Kind::singular, twice), double_exponential(twice));
      }
    return rules;
  }();
  return all.at({kind, n});
}

/// ln of the integrand at many mu.
std::vector<double> log_integrand(const PopulationModel& population, const MeasurementModel& measurement,
                                  const Datum<double>& datum, const QuadraturePoint& point,
                                  std::span<const double> mu) {
  std::vector<double> l(mu.size()), p(mu.size());
  measurement.log_likelihood(point.measurement, datum, mu, l);
  population.log_density(point.population, mu, p);
  for (std::size_t k = 0; k < mu.size(); ++k) {
    l[k] += p[k];
    if (std::isnan(l[k])) l[k] = -kInfinity;
  }
  return l;
}

struct Interval {
  double a, b;
};

/// Where the integrand at one point is within kDepth of its peak, from values at sorted mu: one step wider on
/// either side. Empty (a > b) if it is 0 at all of them.
Interval high_part(const std::vector<double>& mu, const std::vector<double>& l) {
  const double top = *std::max_element(l.begin(), l.end());
  if (!(top > -kInfinity)) return {1, 0};
  std::size_t first = 0, last = mu.size() - 1;
  while (!(l[first] > top - kDepth)) ++first;
  while (!(l[last] > top - kDepth)) --last;
  return {mu[first == 0 ? 0 : first - 1], mu[std::min(last + 1, mu.size() - 1)]};
}

Interval interval_of(const PopulationModel& population, const MeasurementModel& measurement,
                     const Datum<double>& datum, const QuadraturePoint& point) {
  const auto [lower, upper] = point.support;
  const double width = likelihood_width(measurement, point.measurement, datum);
  std::vector<double> mu = point.typical;
  const double range = std::max(mu.back() - mu.front(), 1e-300);
  for (double reach = 0.25; reach < 1e5; reach *= 2) {
    mu.push_back(mu[0] - reach * range);
    mu.push_back(point.typical.back() + reach * range);
  }
  for (int j = -32; j <= 32; ++j) mu.push_back(datum.center + 0.4 * j * width);
  for (double reach = 16; reach < 1e4; reach *= 2)
    for (const int side : {-1, 1}) mu.push_back(datum.center + side * reach * width);
  // just inside of the support's ends
  for (double& m : mu) m = std::clamp(m, lower, upper);
  std::sort(mu.begin(), mu.end());
  mu.erase(std::unique(mu.begin(), mu.end()), mu.end());
  Interval part = high_part(mu, log_integrand(population, measurement, datum, point, mu));
  for (int round = 0; round < 2 && part.a < part.b; ++round) {
    std::vector<double> grid;
    for (int j = 0; j <= 40; ++j) grid.push_back(part.a + (part.b - part.a) * j / 40);
    for (const double m : mu)
      if (m > part.a && m < part.b) grid.push_back(m);
    std::sort(grid.begin(), grid.end());
    part = high_part(grid, log_integrand(population, measurement, datum, point, grid));
  }
  return part;
}

}  // namespace

namespace {

/// Sorted draws of mu.
std::vector<double> typical_values(const PopulationModel& population, std::span<const double> theta) {
  std::vector<double> values;
  for (std::uint32_t k = 0; k < 48; ++k) {
    HostStream stream(0, 0, k, purpose_word(Purpose::simulation, 99));
    values.push_back(population.draw(theta, stream));
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

double expectation(const PopulationModel& population, std::span<const double> theta,
                   const std::function<double(double)>& f, const std::vector<double>& features) {
  std::vector<double> prepared(static_cast<std::size_t>(population.prepared_size()));
  population.prepare(theta, prepared.data());
  const auto [lower, upper] = population.support(theta);
  const auto typical = typical_values(population, theta);
  const double range = std::max(typical.back() - typical.front(), 1e-300);
  // where the density is not negligible
  std::vector<double> mu = typical;
  for (double reach = 0.125; reach < 1e6; reach *= 1.5) {
    mu.push_back(typical.front() - reach * range);
    mu.push_back(typical.back() + reach * range);
  }
  mu.insert(mu.end(), features.begin(), features.end());
  for (double& m : mu) m = std::clamp(m, lower, upper);
  std::sort(mu.begin(), mu.end());
  mu.erase(std::unique(mu.begin(), mu.end()), mu.end());
  std::vector<double> l(mu.size());
  population.log_density(prepared, mu, l);
  const Interval part = high_part(mu, l);
  if (!(part.a < part.b)) return 0;
  std::vector<double> edges{part.a, part.b};
  const auto add = [&](double at) {
    if (at > part.a && at < part.b) edges.push_back(at);
  };
  for (const double at : features) add(at);
  for (std::size_t k = 0; k < typical.size(); k += 6) add(typical[k]);
  add(typical.back());
  std::sort(edges.begin(), edges.end());
  double sum = 0;
  std::vector<double> nodes;
  for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
    const double a = edges[k], width = edges[k + 1] - a;
    if (!(width > 0)) continue;
    const bool singular = a <= lower || edges[k + 1] >= upper;
    const QuadratureRule& r = singular ? rule(Kind::singular, 64) : rule(Kind::smooth, 16);
    nodes.clear();
    for (const double t : r.t) nodes.push_back(a + width * t);
    l.resize(nodes.size());
    population.log_density(prepared, nodes, l);
    for (std::size_t j = 0; j < nodes.size(); ++j)
      if (l[j] > -kInfinity) sum += width * std::exp(l[j] + r.log_weight[j]) * f(nodes[j]);
  }
  return sum;
}

QuadraturePoint quadrature_point(const PopulationModel& population, const MeasurementModel& measurement,
                                 std::span<const double> population_theta,
                                 std::span<const double> measurement_theta, Frame frame) {
  QuadraturePoint point;
  point.population.resize(static_cast<std::size_t>(population.prepared_size()));
  population.prepare(population_theta, point.population.data());
  point.measurement = measurement.prepare(measurement_theta, frame);
  point.support = population.support(population_theta);
  point.typical = typical_values(population, population_theta);
  return point;
}

double likelihood_width(const MeasurementModel& measurement, std::span<const double> prepared,
                        const Datum<double>& datum) {
  const auto at = [&](double mu) {
    double l = 0;
    measurement.log_likelihood(prepared, datum, std::span(&mu, 1), std::span(&l, 1));
    return l;
  };
  const double top = at(datum.center);
  double width = 1e-7 * std::max(1.0, std::abs(datum.center));
  for (; width < 1e12; width *= 1.5)
    if (top - at(datum.center - width) > 0.5 || top - at(datum.center + width) > 0.5) break;
  return width;
}

double log_integral(const PopulationModel& population, const MeasurementModel& measurement,
                    const Datum<double>& datum, const QuadraturePoint& point, const ObjectNodes& nodes) {
  const double a = std::max(nodes.a, point.support.first), b = std::min(nodes.b, point.support.second);
  if (!(a < b)) return -kInfinity;
  std::vector<double> mu;
  for (const double t : nodes.rule->t) mu.push_back(a + (b - a) * t);
  auto l = log_integrand(population, measurement, datum, point, mu);
  double top = -kInfinity, sum = 0;
  for (std::size_t k = 0; k < l.size(); ++k) top = std::max(top, l[k] += nodes.rule->log_weight[k]);
  if (!(top > -kInfinity)) return -kInfinity;
  for (const double v : l) sum += std::exp(v - top);
  return top + std::log(sum * (b - a));
}

double draw_latent(const PopulationModel& population, const MeasurementModel& measurement,
                   const Datum<double>& datum, const QuadraturePoint& point, HostStream& stream) {
  const Interval part = interval_of(population, measurement, datum, point);
  if (!(part.a < part.b)) return part.a == part.b ? part.a : datum.center;
  // midpoints of cells; the density is taken as constant in a cell
  constexpr std::size_t cells = 2048;
  const double width = (part.b - part.a) / cells;
  std::vector<double> mu(cells);
  for (std::size_t k = 0; k < cells; ++k) mu[k] = part.a + width * (static_cast<double>(k) + 0.5);
  auto l = log_integrand(population, measurement, datum, point, mu);
  const double top = *std::max_element(l.begin(), l.end());
  double total = 0;
  for (double& v : l) total += v = std::exp(v - top);
  double u = stream.uniform() * total;
  std::size_t k = 0;
  while (k + 1 < cells && u >= l[k]) u -= l[k++];
  return mu[k] + width * (u / l[k] - 0.5);
}

ObjectNodes place_nodes(const PopulationModel& population, const MeasurementModel& measurement,
                        const Datum<double>& datum, std::span<const QuadraturePoint> points,
                        double tolerance) {
  Interval all{kInfinity, -kInfinity};
  bool at_an_end = false;
  for (const auto& point : points) {
    const Interval part = interval_of(population, measurement, datum, point);
    if (!(part.a < part.b)) continue;
    all = {std::min(all.a, part.a), std::max(all.b, part.b)};
    at_an_end = at_an_end || part.a <= point.support.first || part.b >= point.support.second;
  }
  ObjectNodes nodes;
  if (!(all.a < all.b)) {  // impossible at every point: anything will do, the likelihood is 0
    nodes.a = datum.center - 1;
    nodes.b = datum.center + 1;
    nodes.rule = &rule(Kind::smooth, kNodes[0]);
    return nodes;
  }
  nodes.a = all.a;
  nodes.b = all.b;
  const Kind kind = at_an_end ? Kind::singular : Kind::smooth;
  for (const int n : kNodes) {
    ObjectNodes twice = nodes;
    nodes.rule = &rule(kind, n);
    twice.rule = &rule(kind, 2 * n);
    nodes.error = 0;
    for (const auto& point : points) {
      const double better = log_integral(population, measurement, datum, point, twice);
      if (better > -kInfinity)
        nodes.error = std::max(
            nodes.error, std::abs(log_integral(population, measurement, datum, point, nodes) - better));
    }
    if (nodes.error < tolerance) break;
  }
  return nodes;
}

}  // namespace starling
