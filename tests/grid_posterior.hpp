/// The posterior of a normal population seen through normal noise, by numerical integration in double: the
/// oracle for fits. Shares no formula and no code with the library.
///
/// theta = (m, s) or (m, s, a): x_i ~ N(m, s^2 + a^2 sigma_i^2). Gauss-Legendre nodes in every dimension, on
/// a box that shrinks to where the posterior is.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace grid {

using Density = std::function<double(double)>;  ///< ln p(theta_j), up to a constant

/// One parameter: where to look at first, and its prior there. lower = upper: it is known.
struct Axis {
  double lower, upper;
  Density log_prior = [](double) { return 0.0; };
};

struct Moments {
  double mean = 0, sd = 0;
};

struct Posterior {
  std::vector<Moments> theta;    ///< of each parameter
  std::vector<Moments> latents;  ///< of the latents that were asked for
};

struct Nodes {
  std::vector<double> x, weight;
};

/// Gauss-Legendre on [-1, 1]: Newton's method on the recurrence of P_n.
inline Nodes gauss_legendre(int n) {
  Nodes nodes;
  for (int k = 1; k <= n; ++k) {
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
    nodes.x.push_back(-x);
    nodes.weight.push_back(2 / ((1 - x * x) * slope * slope));
  }
  return nodes;
}

/// What a (s, a) pair says about m: ln L = constant - (precision / 2) (m - centre)^2.
struct Slice {
  double constant = 0, precision = 0, centre = 0;
};
inline Slice slice_of(std::span<const double> x, std::span<const double> noise,
                      std::span<const double> weight, double s, double a) {
  Slice slice;
  double first = 0, second = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double w = weight.empty() ? 1 : weight[i], v = s * s + a * a * noise[i] * noise[i], y = x[i] - x[0];
    slice.constant -= 0.5 * w * std::log(v);
    slice.precision += w / v;
    first += w * y / v;
    second += w * y * y / v;
  }
  const double centre = first / slice.precision;
  slice.constant -= 0.5 * (second - first * centre);
  slice.centre = x[0] + centre;
  return slice;
}

struct Point {
  double m, s, a, log_mass;
};

/// `unit`, nodes on [-1, 1], moved to [lower, upper].
inline Nodes moved(const Nodes& unit, double lower, double upper) {
  if (lower == upper) return {{lower}, {1.0}};
  Nodes nodes = unit;
  for (double& x : nodes.x) x = lower + (upper - lower) * (1 + x) / 2;
  for (double& w : nodes.weight) w *= (upper - lower) / 2;
  return nodes;
}

/// Nodes for m, given s and a: where the data allow it.
inline Nodes nodes_of_m(const Axis& axis, const Slice& slice, const Nodes& unit) {
  const double reach = 9 / std::sqrt(slice.precision);
  const double lower = std::max(axis.lower, slice.centre - reach),
               upper = std::min(axis.upper, slice.centre + reach);
  return lower <= upper ? moved(unit, lower, upper) : moved(unit, axis.lower, axis.upper);
}

/// The largest and the smallest of `at` that a point with a share of the mass worth counting has, and a node
/// more.
inline Axis shrunk(const Axis& axis, const std::vector<double>& at, const std::vector<Point>& points,
                   double Point::*coordinate) {
  double total = 0, first = axis.upper, last = axis.lower;
  for (const Point& p : points) total += std::exp(p.log_mass);
  for (const Point& p : points)
    if (p.log_mass > std::log(total) - 27) {  // e^-27: 2e-12
      first = std::min(first, p.*coordinate);
      last = std::max(last, p.*coordinate);
    }
  const auto lower = std::lower_bound(at.begin(), at.end(), first);
  const auto upper = std::upper_bound(at.begin(), at.end(), last);
  return {lower == at.begin() ? axis.lower : *(lower - 1), upper == at.end() ? axis.upper : *upper,
          axis.log_prior};
}

/// Nodes of the posterior with their masses, up to a factor. `noise`: one per object. axes: of m, s, a.
inline std::vector<Point> points_of(std::span<const double> x, std::span<const double> noise,
                                    std::span<const double> weight, std::vector<Axis> axes) {
  const int n = axes[2].lower == axes[2].upper ? 96 : 64;
  const Nodes unit = gauss_legendre(n);
  for (int round = 0;; ++round) {
    const Nodes s = moved(unit, axes[1].lower, axes[1].upper), a = moved(unit, axes[2].lower, axes[2].upper);
    std::vector<Point> points;
    double largest = -1e300;
    for (std::size_t k = 0; k < a.x.size(); ++k)
      for (std::size_t j = 0; j < s.x.size(); ++j) {
        const Slice slice = slice_of(x, noise, weight, s.x[j], a.x[k]);
        const double common = slice.constant + axes[1].log_prior(s.x[j]) + std::log(s.weight[j]) +
                              axes[2].log_prior(a.x[k]) + std::log(a.weight[k]);
        const Nodes m = nodes_of_m(axes[0], slice, unit);
        for (std::size_t i = 0; i < m.x.size(); ++i) {
          const double d = m.x[i] - slice.centre;
          points.push_back(
              {m.x[i], s.x[j], a.x[k],
               common - 0.5 * slice.precision * d * d + axes[0].log_prior(m.x[i]) + std::log(m.weight[i])});
          largest = std::max(largest, points.back().log_mass);
        }
      }
    for (Point& p : points) p.log_mass -= largest;
    const Axis next_s = shrunk(axes[1], s.x, points, &Point::s),
               next_a = shrunk(axes[2], a.x, points, &Point::a);
    const auto much = [](const Axis& from, const Axis& to) {
      return to.upper - to.lower < 0.8 * (from.upper - from.lower);
    };
    if (!(much(axes[1], next_s) || much(axes[2], next_a)) || round == 60) return points;
    axes[1] = next_s;
    axes[2] = next_a;
  }
}

/// Two axes (a = 1) or three. `objects`: whose latents are wanted. The naive fit is that with noise 0.
inline Posterior posterior(std::span<const double> x, std::span<const double> noise, std::vector<Axis> axes,
                           const std::vector<std::size_t>& objects = {},
                           std::span<const double> weight = {}) {
  const std::size_t parameters = axes.size();
  if (parameters == 2) axes.push_back({1, 1});
  const auto points = points_of(x, noise, weight, axes);
  double total = 0;
  for (const Point& p : points) total += std::exp(p.log_mass);
  const auto expectation = [&](auto&& f) {
    double sum = 0;
    for (const Point& p : points) sum += std::exp(p.log_mass) * f(p);
    return sum / total;
  };
  Posterior out;
  double Point::*const coordinates[] = {&Point::m, &Point::s, &Point::a};
  for (std::size_t j = 0; j < parameters; ++j) {
    const auto c = coordinates[j];
    const double origin = points[0].*c, shift = expectation([&](const Point&p) { return p.*c - origin; });
    const double variance = expectation([&](const Point& p) { return std::pow(p.*c - origin - shift, 2); });
    out.theta.push_back({origin + shift, std::sqrt(variance)});
  }
  for (const std::size_t i : objects) {             // mu | x, theta is normal: total variance over theta
    const auto conditional = [&](const Point& p) {  // as a distance from x
      const double q = p.a * p.a * noise[i] * noise[i], v = p.s * p.s;
      return Moments{(p.m - x[i]) * q / (v + q), std::sqrt(v * q / (v + q))};
    };
    const double mean = expectation([&](const Point& p) { return conditional(p).mean; });
    const double variance = expectation([&](const Point& p) {
      const Moments c = conditional(p);
      return c.sd * c.sd + (c.mean - mean) * (c.mean - mean);
    });
    out.latents.push_back({x[i] + mean, std::sqrt(variance)});
  }
  return out;
}

}  // namespace grid
