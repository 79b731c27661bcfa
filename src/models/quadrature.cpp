// Quadrature over one latent.
#include "models/quadrature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "models/quadrature_rules.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// The integrand is followed down to e^-34 (2e-15) of its peak; to e^-24 where its tails are long, as floats
/// tell nodes apart by 6e-8 of the interval.
constexpr double kDepth = 34, kDepthOfLongTails = 24;

struct Interval {
  double a, b;
  double core_a = a, core_b = b;  ///< where the integrand is not small
};

bool has_long_tails(const Interval& part) {
  return part.b - part.a > 12 * (part.core_b - part.core_a);
}

/// The variable v of mu = center + width sinh(v), in which an interval with long tails is short: from `from`
/// to `from + length`.
struct SinhMap {
  double center, width, from, length;
  explicit SinhMap(const Interval& part)
      : center(0.5 * (part.core_a + part.core_b)),
        width(0.25 * (part.core_b - part.core_a)),
        from(to_v(part.a)),
        length(to_v(part.b) - from) {}
  [[nodiscard]] double to_v(double mu) const { return std::asinh((mu - center) / width); }
  [[nodiscard]] double to_mu(double v) const { return center + width * std::sinh(v); }
};

/// Gauss-Legendre in the v of a SinhMap: close nodes in the core, and few in long tails. kink: split there,
/// if not NaN.
Rule long_tailed(const Interval& part, int n, double kink) {
  const SinhMap map(part);
  auto made = std::make_shared<QuadratureRule>();
  const auto plain = split(rule(RuleKind::smooth, n), (map.to_v(kink) - map.from) / map.length);
  for (std::size_t k = 0; k < plain->t.size(); ++k) {
    const double v = map.from + map.length * plain->t[k], width = part.b - part.a;
    made->t.push_back(std::clamp((map.to_mu(v) - part.a) / width, 0.0, 1.0));
    made->log_weight.push_back(plain->log_weight[k] +
                               std::log(map.length * map.width * std::cosh(v) / width));
  }
  return made;
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

/// Where the integrand at one point is within `depth` of its peak, from values at sorted mu: one step wider
/// on either side. Empty (a > b) if it is 0 at all of them.
Interval high_part(const std::vector<double>& mu, const std::vector<double>& l, double depth = kDepth) {
  const double top = *std::max_element(l.begin(), l.end());
  if (!(top > -kInfinity)) return {1, 0};
  std::size_t first = 0, last = mu.size() - 1;
  while (!(l[first] > top - depth)) ++first;
  while (!(l[last] > top - depth)) --last;
  return {mu[first == 0 ? 0 : first - 1], mu[std::min(last + 1, mu.size() - 1)]};
}

/// ln of what the neighbourhood of each of the sorted mu adds to the integral, from the integrand there:
/// where a density is infinite at an end of its support, its peak is not where the integral lives.
std::vector<double> log_masses(const std::vector<double>& mu, const std::vector<double>& l) {
  std::vector<double> masses(l);
  const std::size_t last = l.size() - 1;
  for (std::size_t k = 0; k <= last && last > 0; ++k) {
    const double below = k == 0 ? kInfinity : mu[k] - mu[k - 1],
                 above = k == last ? kInfinity : mu[k + 1] - mu[k];
    masses[k] += std::log(std::min(below, above));
  }
  return masses;
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
  Interval part = high_part(mu, log_masses(mu, log_integrand(population, measurement, datum, point, mu)));
  for (int round = 0; round < 2 && part.a < part.b; ++round) {
    std::vector<double> grid;
    for (int j = 0; j <= 40; ++j) grid.push_back(part.a + (part.b - part.a) * j / 40);
    for (const double m : mu)
      if (m > part.a && m < part.b) grid.push_back(m);
    std::sort(grid.begin(), grid.end());
    const auto l = log_integrand(population, measurement, datum, point, grid);
    const Interval core = high_part(grid, l, 3);
    part = high_part(grid, l);
    if (part.b - part.a > 50 * (core.b - core.a)) part = high_part(grid, l, kDepthOfLongTails);
    part.core_a = core.a;
    part.core_b = core.b;
  }
  return part;
}

bool is_at_an_end(const Interval& part, const QuadraturePoint& point) {
  return part.a <= point.support.first || part.b >= point.support.second;
}

/// The nodes as mu, with their weights; with a break in the support, of the pieces one after the other. Empty
/// where the support leaves nothing of the interval.
QuadratureRule placed_nodes(const QuadraturePoint& point, const ObjectNodes& nodes) {
  const double a = std::max(nodes.a, point.support.first), b = std::min(nodes.b, point.support.second);
  if (!(a < b)) return {};
  std::vector<double> cuts{a, b};
  if (point.break_in_support > a && point.break_in_support < b)
    cuts.insert(cuts.begin() + 1, point.break_in_support);
  QuadratureRule placed;
  for (std::size_t piece = 0; piece + 1 < cuts.size(); ++piece)
    add_nodes(placed, *nodes.rule, cuts[piece], cuts[piece + 1] - cuts[piece]);
  return placed;
}

/// ln of what every node adds to the integral.
std::vector<double> log_terms(const PopulationModel& population, const MeasurementModel& measurement,
                              const Datum<double>& datum, const QuadraturePoint& point,
                              const ObjectNodes& nodes) {
  const QuadratureRule placed = placed_nodes(point, nodes);
  auto l = log_integrand(population, measurement, datum, point, placed.t);
  for (std::size_t k = 0; k < l.size(); ++k) l[k] += placed.log_weight[k];
  return l;
}

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
  const auto prepared = population.prepared(theta);
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
  const Interval part = high_part(mu, log_masses(mu, l));
  if (!(part.a < part.b)) return 0;
  std::vector<double> edges{part.a, part.b};
  const auto add = [&](double at) {
    if (at > part.a && at < part.b) edges.push_back(at);
  };
  for (const double at : features) add(at);
  for (std::size_t k = 0; k < typical.size(); k += 6) add(typical[k]);
  add(typical.back());
  // a heavy tail is a power law: panels grow with it
  for (double reach = 0.125; reach < 1e6; reach *= 2.25) {
    add(typical.front() - reach * range);
    add(typical.back() + reach * range);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  const std::size_t panels = edges.size() - 1;
  // the ends of the panels, and their middles
  mu = edges;
  for (std::size_t k = 0; k < panels; ++k) mu.push_back(0.5 * (edges[k] + edges[k + 1]));
  l.resize(mu.size());
  population.log_density(prepared, mu, l);
  std::vector<double> value(mu.size());
  std::transform(mu.begin(), mu.end(), value.begin(), f);
  const double largest = *std::max_element(value.begin(), value.end());
  // between the close knots of a table hardly anything bends: four nodes have errors below 1e-9
  const auto is_gentle = [&](std::size_t k) {
    const auto bend = [&](const std::vector<double>& of) {
      return std::abs(of[k] - 2 * of[edges.size() + k] + of[k + 1]);
    };
    return std::abs(l[k + 1] - l[k]) < 0.5 && bend(l) < 0.05 && bend(value) <= 1e-9 * largest;
  };
  QuadratureRule nodes;
  for (std::size_t k = 0; k < panels; ++k) {
    const bool singular = edges[k] <= lower || edges[k + 1] >= upper;
    const Rule r = singular       ? rule(RuleKind::singular, 64)
                   : is_gentle(k) ? rule(RuleKind::smooth, 4)
                                  : rule(RuleKind::smooth, 16);
    add_nodes(nodes, *r, edges[k], edges[k + 1] - edges[k]);
  }
  l.resize(nodes.t.size());
  population.log_density(prepared, nodes.t, l);
  double sum = 0;
  for (std::size_t j = 0; j < nodes.t.size(); ++j)
    if (l[j] > -kInfinity) sum += std::exp(l[j] + nodes.log_weight[j]) * f(nodes.t[j]);
  return sum;
}

std::pair<double, double> common_support(const PopulationModel& population,
                                         const MeasurementModel& measurement,
                                         std::span<const double> population_theta, Frame frame) {
  const auto [lower, upper] = population.support(population_theta);
  const auto [least, most] = measurement.range();
  return {std::max(lower, frame.to(least)), std::min(upper, frame.to(most))};
}

QuadraturePoint quadrature_point(const PopulationModel& population, const MeasurementModel& measurement,
                                 std::span<const double> population_theta,
                                 std::span<const double> measurement_theta, Frame frame) {
  QuadraturePoint point;
  point.population = population.prepared(population_theta);
  point.measurement = measurement.prepare(measurement_theta, frame);
  point.support = common_support(population, measurement, population_theta, frame);
  point.break_in_support = population.break_in_support(population_theta);
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
  const auto terms = log_terms(population, measurement, datum, point, nodes);
  if (terms.empty()) return -kInfinity;
  const double top = *std::max_element(terms.begin(), terms.end());
  if (!(top > -kInfinity)) return -kInfinity;
  double sum = 0;
  for (const double v : terms) sum += std::exp(v - top);
  return top + std::log(sum);
}

bool resolves(const PopulationModel& population, const MeasurementModel& measurement,
              const Datum<double>& datum, const QuadraturePoint& point, const ObjectNodes& nodes) {
  const QuadratureRule placed = placed_nodes(point, nodes);
  if (placed.t.empty()) return true;
  std::vector<double> l(placed.t.size()), p(placed.t.size());
  measurement.log_likelihood(point.measurement, datum, placed.t, l);
  population.log_density(point.population, placed.t, p);
  double top = -kInfinity;
  for (std::size_t k = 0; k < p.size(); ++k) {
    p[k] += placed.log_weight[k];
    top = std::max(top, p[k] + l[k]);
  }
  constexpr double depth = 7;  // a thousandth of the integrand
  double share = 0;
  for (std::size_t k = 0; k < p.size(); ++k)
    if (p[k] + l[k] > top - depth) share += std::exp(p[k]);
  return !(share > 1.02);
}

double draw_latent(const PopulationModel& population, const MeasurementModel& measurement,
                   const Datum<double>& datum, const QuadraturePoint& point, HostStream& stream) {
  const Interval part = interval_of(population, measurement, datum, point);
  if (!(part.a < part.b)) return part.a == part.b ? part.a : datum.center;
  // cells of equal width in s on [0, 1], in which the density of s is taken as linear; towards an end of the
  // support, where that of mu may be singular, mu follows s as in the double-exponential rule, and where
  // tails are long as in long_tailed
  const bool singular = is_at_an_end(part, point), is_long = !singular && has_long_tails(part);
  const SinhMap map(part);
  const auto at = [&](double s) {  // mu, and ln dmu/ds up to a constant
    if (singular) {
      const auto [t, log_slope] = double_exponential_at(kReach * (2 * s - 1));
      return std::pair(part.a + (part.b - part.a) * t, log_slope);
    }
    if (!is_long) return std::pair(part.a + (part.b - part.a) * s, 0.0);
    const double v = map.from + map.length * s;
    return std::pair(map.to_mu(v), std::log(std::cosh(v)));
  };
  constexpr std::size_t cells = 512;
  std::vector<double> mu(cells + 1), slope(cells + 1);
  for (std::size_t k = 0; k <= cells; ++k) std::tie(mu[k], slope[k]) = at(static_cast<double>(k) / cells);
  auto density = log_integrand(population, measurement, datum, point, mu);
  for (std::size_t k = 0; k <= cells; ++k) density[k] += slope[k];
  const double top = *std::max_element(density.begin(), density.end());
  for (double& v : density) v = std::exp(v - top);
  const auto in_cell = [&](std::size_t k) { return 0.5 * (density[k] + density[k + 1]); };
  double total = 0;
  for (std::size_t k = 0; k < cells; ++k) total += in_cell(k);
  double u = stream.uniform() * total;
  std::size_t k = 0;
  while (k + 1 < cells && u >= in_cell(k)) u -= in_cell(k++);
  u = std::min(u, in_cell(k));
  // d0 t + (d1 - d0) t^2 / 2 = u
  const double d0 = density[k], root = std::sqrt(std::max(0.0, d0 * d0 + 2 * (density[k + 1] - d0) * u));
  const double t = d0 + root > 0 ? 2 * u / (d0 + root) : 0.5;
  return at((static_cast<double>(k) + std::min(t, 1.0)) / cells).first;
}

namespace {

/// The integral over one object's latent at several points, by rules on [0, 1].
struct Integrals {
  const PopulationModel& population;
  const MeasurementModel& measurement;
  const Datum<double>& datum;
  std::span<const QuadraturePoint> points;
  double a, b;

  [[nodiscard]] std::vector<double> by(const Rule& rule) const {
    std::vector<double> logs;
    logs.reserve(points.size());
    for (const auto& point : points)
      logs.push_back(log_integral(population, measurement, datum, point, {a, b, rule, 0}));
    return logs;
  }
};

/// A part of [0, 1] with a rule of its own, and its integral at every point by that rule and by one of twice
/// as many nodes.
struct Panel {
  double from, width;
  RuleKind kind;
  Rule nodes;
  std::vector<double> coarse, fine;
};
constexpr int kPanelNodes = 16, kSingularNodes = 32;
constexpr std::size_t kPanels = 64;

Panel panel(const Integrals& integrals, double from, double to, RuleKind kind) {
  const auto scaled = [&](int n) {
    auto made = std::make_shared<QuadratureRule>();
    add_nodes(*made, *rule(kind, n), from, to - from);
    return made;
  };
  const int n = kind == RuleKind::singular ? kSingularNodes : kPanelNodes;
  Panel made{from, to - from, kind, scaled(n), {}, {}};
  made.coarse = integrals.by(made.nodes);
  made.fine = integrals.by(scaled(2 * n));
  return made;
}

/// The error of ln L at the worst of the points, and the panel that has the most of it.
std::pair<double, std::size_t> worst_panel(const std::vector<Panel>& panels) {
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t p = 0; p < panels[0].fine.size(); ++p) {
    double top = -kInfinity, total = 0, error = 0, most = 0;
    for (const auto& panel : panels) top = std::max({top, panel.fine[p], panel.coarse[p]});
    if (!(top > -kInfinity)) continue;
    std::size_t most_at = 0;
    for (std::size_t k = 0; k < panels.size(); ++k) {
      const double fine = std::exp(panels[k].fine[p] - top);
      const double off = std::abs(fine - std::exp(panels[k].coarse[p] - top));
      total += fine;
      error += off;
      if (off > most) most = off, most_at = k;
    }
    if (error > worst * total) worst = error / total, where = most_at;
  }
  return {worst, where};
}

/// Panels between the cuts, halved where the error is largest until it is below the tolerance at every point.
void halve_panels(const Integrals& integrals, std::vector<double> cuts, bool at_an_end, double tolerance,
                  ObjectNodes& nodes) {
  cuts.insert(cuts.end(), {0, 1});
  std::sort(cuts.begin(), cuts.end());
  const auto kind = [&](double from, double to) {
    return at_an_end && (from == 0 || to == 1) ? RuleKind::singular : RuleKind::smooth;
  };
  std::vector<Panel> panels;
  for (std::size_t k = 0; k + 1 < cuts.size(); ++k)
    if (cuts[k + 1] > cuts[k])
      panels.push_back(panel(integrals, cuts[k], cuts[k + 1], kind(cuts[k], cuts[k + 1])));
  for (;;) {
    const auto [error, at] = worst_panel(panels);
    nodes.error = error;
    if (error < tolerance || panels.size() >= kPanels) break;
    const double from = panels[at].from, to = from + panels[at].width, middle = 0.5 * (from + to);
    panels[at] = panel(integrals, from, middle, kind(from, middle));
    panels.push_back(panel(integrals, middle, to, kind(middle, to)));
  }
  auto all = std::make_shared<QuadratureRule>();
  for (const auto& p : panels) add_nodes(*all, *p.nodes, 0, 1);
  nodes.rule = all;
}

/// Leaves out the nodes that add next to nothing at any of the points: intervals reach far into tails, and
/// the rules for singular ends have most of their nodes there.
void leave_out_idle_nodes(const Integrals& integrals, double tolerance, ObjectNodes& nodes) {
  const auto& [t, log_weight] = *nodes.rule;
  const double negligible = 1e-4 * tolerance;
  std::vector<std::vector<double>> shares;  // of the integral, per point
  std::vector<bool> counts(t.size());
  for (const auto& point : integrals.points) {
    // nodes that follow the support are elsewhere at another theta
    if (nodes.a < point.support.first || nodes.b > point.support.second ||
        (point.break_in_support > nodes.a && point.break_in_support < nodes.b))
      return;
    auto terms = log_terms(integrals.population, integrals.measurement, integrals.datum, point, nodes);
    const double top = *std::max_element(terms.begin(), terms.end());
    if (!(top > -kInfinity)) continue;
    double sum = 0;
    for (double& term : terms) sum += term = std::exp(term - top);
    for (std::size_t k = 0; k < t.size(); ++k) counts[k] = counts[k] || (terms[k] /= sum) > negligible;
    shares.push_back(std::move(terms));
  }
  double error = nodes.error;
  for (const auto& share : shares) {
    double idle = 0;
    for (std::size_t k = 0; k < t.size(); ++k) idle += counts[k] ? 0 : share[k];
    error = std::max(error, nodes.error + idle);
  }
  auto left = std::make_shared<QuadratureRule>();
  for (std::size_t k = 0; k < t.size(); ++k)
    if (counts[k]) {
      left->t.push_back(t[k]);
      left->log_weight.push_back(log_weight[k]);
    }
  if (left->t.empty() || error >= tolerance) return;
  nodes.rule = left;
  nodes.error = error;
}

}  // namespace

ObjectNodes place_nodes(const PopulationModel& population, const MeasurementModel& measurement,
                        const Datum<double>& datum, std::span<const QuadraturePoint> points,
                        double tolerance) {
  Interval all{kInfinity, -kInfinity, kInfinity, -kInfinity};
  bool at_an_end = false;
  for (const auto& point : points) {
    const Interval part = interval_of(population, measurement, datum, point);
    if (!(part.a < part.b)) continue;
    all = {std::min(all.a, part.a), std::max(all.b, part.b), std::min(all.core_a, part.core_a),
           std::max(all.core_b, part.core_b)};
    at_an_end = at_an_end || is_at_an_end(part, point);
  }
  ObjectNodes nodes;
  if (!(all.a < all.b)) {  // impossible at every point: anything will do, the likelihood is 0
    nodes.a = datum.center - 1;
    nodes.b = datum.center + 1;
    nodes.rule = rule(RuleKind::smooth, kRuleSizes[0]);
    return nodes;
  }
  nodes.a = all.a;
  nodes.b = all.b;
  const Integrals integrals{population, measurement, datum, points, all.a, all.b};
  const bool is_long = !at_an_end && has_long_tails(all);
  const double kink = measurement.has_kink() ? datum.center : std::nan("");
  const auto place = [&](double mu) { return (mu - all.a) / (all.b - all.a); };
  const auto rule_of = [&](int n) {
    if (is_long) return long_tailed(all, n, kink);
    return split(rule(at_an_end ? RuleKind::singular : RuleKind::smooth, n), place(kink));
  };
  // what a few nodes may miss: a likelihood that is narrow, or a step, in a wide interval
  const double width = likelihood_width(measurement, points[0].measurement, datum);
  const bool is_narrow = all.b - all.a > 60 * width;
  if (is_long || !is_narrow) {
    for (const int n : kRuleSizes) {
      nodes.rule = rule_of(n);
      Panel whole{0, 1, RuleKind::smooth, nodes.rule, integrals.by(nodes.rule), integrals.by(rule_of(2 * n))};
      nodes.error = worst_panel({whole}).first;
      if (nodes.error >= tolerance) continue;
      whole.fine = integrals.by(rule_of(4 * n));  // few nodes agree by chance
      nodes.error = std::max(nodes.error, worst_panel({whole}).first);
      if (nodes.error < tolerance) {
        leave_out_idle_nodes(integrals, tolerance, nodes);
        return nodes;
      }
    }
  }
  std::vector<double> cuts;
  for (const double at : {datum.center - 8 * width, kink, datum.center + 8 * width, all.core_a, all.core_b})
    if (place(at) > 0 && place(at) < 1) cuts.push_back(place(at));
  halve_panels(integrals, cuts, at_an_end, tolerance, nodes);
  leave_out_idle_nodes(integrals, tolerance, nodes);
  return nodes;
}

}  // namespace starling
