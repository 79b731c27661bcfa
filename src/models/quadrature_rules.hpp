/// Quadrature rules on [0, 1]: Gauss-Legendre, and double-exponential (Takahasi & Mori 1974) for integrands
/// that are singular at an end.
#pragma once

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace starling {

struct QuadratureRule {
  std::vector<double> t, log_weight;
};
using Rule = std::shared_ptr<const QuadratureRule>;

enum class RuleKind { smooth, singular };

/// How many nodes the rules have that are tried one after the other.
inline constexpr std::array<int, 7> kRuleSizes{12, 16, 24, 32, 48, 64, 96};

/// n: one of kRuleSizes, twice or four times one; or 4, smooth. Made once.
Rule rule(RuleKind kind, int n);

/// The double-exponential map: t on [0, 1] and ln dt/du, at u on [-kReach, kReach].
inline constexpr double kReach = 4;  // the first t is 6e-38, which floats still hold
std::pair<double, double> double_exponential_at(double u);

/// Adds the nodes of a rule, on [from, from + width] in place of [0, 1].
void add_nodes(QuadratureRule& to, const QuadratureRule& plain, double from, double width);

/// A rule on either side of a point of [0, 1].
Rule split(const Rule& plain, double at);

}  // namespace starling
