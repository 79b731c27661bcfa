#include "models/quadrature_rules.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace starling {

/// t = 1 / (1 + exp(-pi sinh u)), and ln dt/du.
std::pair<double, double> double_exponential_at(double u) {
  const double pi = 3.14159265358979323846, s = pi * std::sinh(u);
  // dt/du = pi cosh(u) t (1 - t)
  return {1 / (1 + std::exp(-s)),
          std::log(pi * std::cosh(u)) - std::log1p(std::exp(-s)) - std::log1p(std::exp(s))};
}

namespace {

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

/// The trapezoidal rule in u.
QuadratureRule double_exponential(int n) {
  QuadratureRule rule;
  const double h = 2 * kReach / (n - 1);
  for (int k = 0; k < n; ++k) {
    const auto [t, log_slope] = double_exponential_at(-kReach + h * k);
    rule.t.push_back(t);
    rule.log_weight.push_back(log_slope + std::log(h));
  }
  return rule;
}

}  // namespace

Rule rule(RuleKind kind, int n) {
  static const auto all = [] {
    std::map<std::pair<RuleKind, int>, Rule> rules{
        {{RuleKind::smooth, 4}, std::make_shared<QuadratureRule>(gauss_legendre(4))}};
    for (const int k : kRuleSizes)
      for (const int many : {k, 2 * k, 4 * k}) {
        rules[{RuleKind::smooth, many}] = std::make_shared<QuadratureRule>(gauss_legendre(many));
        rules[{RuleKind::singular, many}] = std::make_shared<QuadratureRule>(double_exponential(many));
      }
    return rules;
  }();
  return all.at({kind, n});
}

void add_nodes(QuadratureRule& to, const QuadratureRule& plain, double from, double width) {
  const double log_width = std::log(width);
  for (const double t : plain.t) to.t.push_back(from + width * t);
  for (const double w : plain.log_weight) to.log_weight.push_back(w + log_width);
}

Rule split(const Rule& plain, double at) {
  if (!(at > 0 && at < 1)) return plain;
  auto made = std::make_shared<QuadratureRule>();
  add_nodes(*made, *plain, 0, at);
  add_nodes(*made, *plain, at, 1 - at);
  return made;
}

}  // namespace starling
