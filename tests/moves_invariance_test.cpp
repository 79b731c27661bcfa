// Each move alone, and mixed, leaves its target as it is: ensembles are drawn exactly from a target, moved,
// and must still be draws from it. And the check sees a move that does not: planted errors are rejected by
// it.
//
// A target gives the Rosenblatt transform of theta, so that all figures are moments and tail counts of
// independent uniforms, whose expectations are known. Walkers of an ensemble depend on one another, so an
// ensemble's mean is one observation; there are `ensembles` independent ones, and a figure is their mean in
// its standard error. A Student t of 7999 degrees of freedom beyond 6.5 has probability 1e-10; there are 4
// mixes x 6 targets x at most 12 figures, so that the check would fail by chance, for any seed, with less
// than 3e-8.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "known_targets.hpp"
#include "sampler/ensemble.hpp"
#include "sampler/moves.hpp"

namespace starling {
namespace {

constexpr std::size_t kEnsembles = 8000, kWalkers = 12, kSteps = 8;
constexpr double kLimit = 6.5;

/// x ~ N(0, 1), y = r x + sqrt(1 - r^2) z, stretched by 100: for r = 0.9 a correlated normal, for 0.9999 a
/// ridge.
KnownTarget correlated(const std::string& name, double r) {
  const double q = std::sqrt(1 - r * r);
  const auto rest = [r, q](std::span<const double> t) { return (t[1] / 100 - r * t[0]) / q; };
  return {name, 2,
          [rest](std::span<const double> t) {
            const double z = rest(t);
            return -(t[0] * t[0] + z * z) / 2;
          },
          [r, q](HostStream& s) {
            const double x = s.normal();
            return Vector{x, 100 * (r * x + q * s.normal())};
          },
          [rest](std::span<const double> t) {
            return Vector{phi(t[0]), phi(rest(t))};
          }};
}

/// Neal's funnel: v ~ N(0, 1.5), two others N(0, e^(v / 2)).
KnownTarget funnel() {
  const auto width = [](double v) { return std::exp(v / 2); };
  return {"funnel", 3,
          [width](std::span<const double> t) {
            const double v = t[0] / 1.5, a = t[1] / width(t[0]), b = t[2] / width(t[0]);
            return -(v * v + a * a + b * b) / 2 - t[0];
          },
          [width](HostStream& s) {
            const double v = 1.5 * s.normal();
            const double a = s.normal();
            return Vector{v, width(v) * a, width(v) * s.normal()};
          },
          [width](std::span<const double> t) {
            return Vector{phi(t[0] / 1.5), phi(t[1] / width(t[0])), phi(t[2] / width(t[0]))};
          }};
}

/// 0.6 N(-4, 1) + 0.4 N(4, 0.5) beside a standard normal.
KnownTarget two_modes() {
  return {"two_modes", 2,
          [](std::span<const double> t) {
            const double a = t[0] + 4, b = (t[0] - 4) / 0.5;
            return std::log(0.6 * std::exp(-a * a / 2) + 0.8 * std::exp(-b * b / 2)) - t[1] * t[1] / 2;
          },
          [](HostStream& s) {
            const bool first = s.uniform() < 0.6;
            const double z = s.normal();
            return Vector{first ? -4 + z : 4 + 0.5 * z, s.normal()};
          },
          [](std::span<const double> t) {
            return Vector{0.6 * phi(t[0] + 4) + 0.4 * phi((t[0] - 4) / 0.5), phi(t[1])};
          }};
}

/// A triangle with an exponential: 0 < y < x, x ~ Gamma(2, 1), which makes y | x uniform.
KnownTarget bounded() {
  return {"bounded_support", 2,
          [](std::span<const double> t) { return t[1] > 0 && t[1] < t[0] ? -t[0] : kMinusInfinity; },
          [](HostStream& s) {
            const double x = -std::log(s.uniform()) - std::log(s.uniform());
            return Vector{x, x * s.uniform()};
          },
          [](std::span<const double> t) {
            return Vector{1 - (1 + t[0]) * std::exp(-t[0]), t[1] / t[0]};
          }};
}

std::vector<KnownTarget> targets() {
  std::vector<KnownTarget> all{standard_normal(4),
                               correlated("correlated_normal", 0.9),
                               correlated("ridge", 0.9999),
                               funnel(),
                               two_modes(),
                               bounded()};
  all[0].name = "normal_4";  // names of tests have no blanks
  return all;
}

Ensembles exact_draws(const KnownTarget& target, std::uint64_t seed) {
  Ensembles e;
  e.ensembles = kEnsembles;
  e.walkers = kWalkers;
  e.dimension = target.dimension;
  for (std::size_t j = 0; j < target.dimension; ++j) e.free.push_back(j);
  e.theta.resize(e.chains() * e.dimension);
  e.lp.resize(e.chains());
  e.clear_counts();
  for (std::size_t c = 0; c < e.chains(); ++c) {
    HostStream stream(seed, 0, static_cast<std::uint32_t>(c), 2000);
    const Vector t = target.draw(stream);
    std::copy(t.begin(), t.end(), e.at(c).begin());
    e.lp[c] = target.log_density(t);
  }
  return e;
}

/// Means, squares, products and both tails of uniforms, less their expectations.
Vector figures(const Vector& u) {
  Vector f;
  for (std::size_t j = 0; j < u.size(); ++j) {
    const double v = u[j] - 0.5;
    f.insert(f.end(), {v, v * v - 1.0 / 12, (u[j] < 0.05 ? 1 : 0) - 0.05, (u[j] > 0.95 ? 1 : 0) - 0.05});
  }
  return f;
}

/// The check: the largest figure, in standard errors of the mean over independent ensembles.
double largest_deviation(const KnownTarget& target, const Ensembles& e) {
  Vector sum, squares;
  for (std::size_t k = 0; k < e.ensembles; ++k) {
    Vector mean;
    for (std::size_t w = 0; w < e.walkers; ++w) {
      const Vector f = figures(target.uniforms(e.at(k * e.walkers + w)));
      mean.resize(f.size());
      for (std::size_t j = 0; j < f.size(); ++j) mean[j] += f[j] / static_cast<double>(e.walkers);
    }
    sum.resize(mean.size());
    squares.resize(mean.size());
    for (std::size_t j = 0; j < mean.size(); ++j) {
      sum[j] += mean[j];
      squares[j] += mean[j] * mean[j];
    }
  }
  const double n = static_cast<double>(e.ensembles);
  double largest = 0;
  for (std::size_t j = 0; j < sum.size(); ++j) {
    const double mean = sum[j] / n;
    largest = std::max(largest, std::abs(mean) / std::sqrt((squares[j] / n - mean * mean) / (n - 1)));
  }
  return largest;
}

Target target_of(const KnownTarget& known) {
  return [&known](std::span<const std::size_t> chains, std::span<const double> theta, std::span<double> lp) {
    for (std::size_t i = 0; i < chains.size(); ++i)
      lp[i] = known.log_density(theta.subspan(i * known.dimension, known.dimension));
  };
}

struct Named {
  std::string name;
  MoveMix mix;
};

class Invariance : public testing::TestWithParam<std::tuple<Named, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(All, Invariance,
                         testing::Combine(testing::Values(Named{"stretch", {1, 0, 0}}, Named{"de", {0, 1, 0}},
                                                          Named{"snooker", {0, 0, 1}},
                                                          Named{"normal", {.normal = 1}},
                                                          Named{"mixed", {0.2, 0.6, 0.1, 0.1}}),
                                          testing::Range(std::size_t{0}, targets().size())),
                         [](const auto& one) {
                           return std::get<0>(one.param).name + "_" + targets()[std::get<1>(one.param)].name;
                         });

TEST_P(Invariance, ExactDrawsStayExactDraws) {
  const auto& [named, index] = GetParam();
  const KnownTarget known = targets()[index];
  Ensembles e = exact_draws(known, 1);
  ASSERT_LT(largest_deviation(known, e), kLimit) << "before the first move";
  for (std::uint32_t step = 0; step < kSteps; ++step)
    move_once(e, 0, e.ensembles, {named.mix, 2, 7}, step, Purpose::move_marginal, 0, target_of(known));
  EXPECT_LT(largest_deviation(known, e), kLimit);
  double accepted = 0;
  for (const auto a : e.accepted) accepted += a;
  EXPECT_GT(accepted / static_cast<double>(kSteps * e.chains()), 0.03);  // it did move
}

/// A normal target as the product of what is drawn from, N(0, 2), and a prior, exp(-x^2 / 4).
double deviation_after_draws(double power_of_prior, double& accepted) {
  const KnownTarget known = standard_normal(2);
  Ensembles e = exact_draws(known, 3);
  const auto draw = [](std::size_t, HostStream& stream, std::span<double> theta) {
    for (double& x : theta) x = std::sqrt(2.0) * stream.normal();
    return true;
  };
  const auto prior = [&](std::span<const double> theta, std::span<double> lp) {
    for (std::size_t i = 0; i < lp.size(); ++i)
      lp[i] = -power_of_prior * (theta[2 * i] * theta[2 * i] + theta[2 * i + 1] * theta[2 * i + 1]) / 4;
  };
  for (std::uint32_t step = 0; step < kSteps; ++step)
    draw_once(e, 0, e.ensembles, 7, step, Purpose::move_centred, 0, draw, prior, target_of(known));
  for (std::size_t c = 0; c < e.chains(); ++c) EXPECT_EQ(e.lp[c], known.log_density(std::as_const(e).at(c)));
  accepted = 0;
  for (const auto a : e.accepted) accepted += a / static_cast<double>(kSteps * e.chains());
  return largest_deviation(known, e);
}

TEST(Draws, LeaveTheirTargetAsItIs) {
  double accepted = 0;
  EXPECT_LT(deviation_after_draws(1, accepted), kLimit);
  EXPECT_GT(accepted, 0.5);
  EXPECT_GT(deviation_after_draws(0, accepted), 2 * kLimit) << "without the prior in the acceptance";
  EXPECT_NEAR(accepted, 1, 1e-9);
}

TEST(Draws, AreOnlyTakenWhereThereIsOne) {
  const KnownTarget known = standard_normal(2);
  Ensembles e = exact_draws(known, 3);
  const auto before = e.theta;
  const auto none = [](std::size_t, HostStream&, std::span<double> theta) {
    theta[0] = 1e9;
    return false;
  };
  const auto flat = [](std::span<const double>, std::span<double> lp) {
    std::fill(lp.begin(), lp.end(), 0.0);
  };
  draw_once(e, 0, e.ensembles, 7, 0, Purpose::move_centred, 0, none, flat, target_of(known));
  EXPECT_EQ(e.theta, before);
  const auto not_a_number = [](std::span<const std::size_t>, std::span<const double>, std::span<double> lp) {
    std::fill(lp.begin(), lp.end(), std::nan(""));
  };
  const auto same = [](std::size_t, HostStream&, std::span<double>) { return true; };
  draw_once(e, 0, e.ensembles, 7, 0, Purpose::move_centred, 0, same, flat, not_a_number);
  EXPECT_EQ(e.theta, before);
  EXPECT_EQ(e.nan_count[0], 1u);
}

// ---- the check sees what is wrong

/// A proposal and its log factor, as those of moves.hpp.
using Propose =
    std::function<double(std::span<const double>, const OtherHalf&, HostStream&, std::span<double>)>;

/// move_once with any proposal in it: one half of the walkers, then the other.
void move_with(Ensembles& e, const Propose& propose, std::uint32_t step, const KnownTarget& known) {
  const std::size_t d = e.dimension, half = e.walkers / 2;
  for (std::size_t side = 0; side < 2; ++side)
    for (std::size_t k = 0; k < e.ensembles; ++k)
      for (std::size_t w = 0; w < half; ++w) {
        const std::size_t chain = k * e.walkers + side * half + w;
        HostStream stream(11, step, static_cast<std::uint32_t>(chain), 3000);
        Vector proposed(e.at(chain).begin(), e.at(chain).end());
        const OtherHalf other{e.theta.data() + (k * e.walkers + (1 - side) * half) * d, half, d, e.free};
        const double factor = propose(std::as_const(e).at(chain), other, stream, proposed);
        const double lp = known.log_density(proposed);
        if (!(std::log(stream.uniform()) < factor + lp - e.lp[chain])) continue;
        std::copy(proposed.begin(), proposed.end(), e.at(chain).begin());
        e.lp[chain] = lp;
      }
}

double deviation_after(const KnownTarget& known, const Propose& propose) {
  Ensembles e = exact_draws(known, 2);
  for (std::uint32_t step = 0; step < kSteps; ++step) move_with(e, propose, step, known);
  return largest_deviation(known, e);
}

double right_stretch(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                     std::span<double> proposed) {
  return propose_stretch(theta, other, 2, stream, proposed);
}
/// The z of a stretch move, read off its proposal.
double factor_of(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                 std::span<double> proposed, double power) {
  const double d = static_cast<double>(other.free.size());
  return propose_stretch(theta, other, 2, stream, proposed) / (d - 1) * power;
}
double normal_move(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                   std::span<double> proposed) {
  return NormalMove(other).propose(theta, stream, proposed);
}
/// z drawn uniformly on [1/2, 2], not with density z^(-1/2), which is what the factor is for.
double uniform_z(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                 std::span<double> proposed) {
  const double z = 0.5 + 1.5 * stream.uniform();
  const double* t = other.walker(stream.below(other.count));
  for (const std::size_t j : other.free) proposed[j] = t[j] + z * (theta[j] - t[j]);
  return (static_cast<double>(other.free.size()) - 1) * std::log(z);
}

TEST(PlantedErrors, AreRejectedByTheCheck) {
  const struct {
    std::string name;
    Propose propose;
  } wrong[] = {
      {"stretch without its Jacobian",
       [](auto theta, const auto& other, auto& stream, auto proposed) {
         return factor_of(theta, other, stream, proposed, 0);
       }},
      {"stretch with z^d", [](auto theta, const auto& other, auto& stream,
                              auto proposed) { return factor_of(theta, other, stream, proposed, 4); }},
      {"stretch with z^(d - 2)", [](auto theta, const auto& other, auto& stream,
                                    auto proposed) { return factor_of(theta, other, stream, proposed, 2); }},
      {"stretch with a uniform z", uniform_z},
      {"snooker without its Jacobian",
       [](auto theta, const auto& other, auto& stream, auto proposed) {
         const double factor = propose_snooker(theta, other, stream, proposed);
         return std::isfinite(factor) ? 0 : factor;
       }},
      {"normal move without the densities",
       [](auto theta, const auto& other, auto& stream, auto proposed) {
         normal_move(theta, other, stream, proposed);
         return 0;
       }},
      {"normal move with the densities the other way round",
       [](auto theta, const auto& other, auto& stream, auto proposed) {
         return -normal_move(theta, other, stream, proposed);
       }},
      {"differential evolution that drifts",
       [](auto theta, const auto& other, auto& stream, auto proposed) {
         const double factor = propose_de(theta, other, stream, proposed);
         proposed[0] += 0.2;
         return factor;
       }},
  };
  const KnownTarget known = standard_normal(4);
  EXPECT_LT(deviation_after(known, right_stretch), kLimit);
  EXPECT_LT(deviation_after(known, propose_snooker), kLimit);
  EXPECT_LT(deviation_after(known, propose_de), kLimit);
  EXPECT_LT(deviation_after(known, normal_move), kLimit);
  for (const auto& [name, propose] : wrong) EXPECT_GT(deviation_after(known, propose), 2 * kLimit) << name;
}

TEST(PlantedErrors, OfATargetAreRejectedByTheCheck) {
  // one twentieth wider than what it is compared with
  const KnownTarget known = correlated("correlated normal", 0.9);
  KnownTarget wrong = known;
  wrong.log_density = [known](std::span<const double> t) { return known.log_density(t) / 1.1; };
  Ensembles e = exact_draws(known, 3);
  for (double& lp : e.lp) lp /= 1.1;
  for (std::uint32_t step = 0; step < kSteps; ++step)
    move_once(e, 0, e.ensembles, {{0.2, 0.7, 0.1}, 2, 7}, step, Purpose::move_marginal, 0, target_of(wrong));
  EXPECT_GT(largest_deviation(known, e), kLimit);
}

}  // namespace
}  // namespace starling
