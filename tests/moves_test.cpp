// Every move leaves known targets as they are: thousands of independent ensembles are drawn exactly from a
// target, moved a few times, and must still be draws from it.
//
// A target gives the Rosenblatt transform of theta, which makes independent uniform numbers of its draws;
// their moments are compared with exact ones, with errors from the scatter between ensembles (walkers of one
// ensemble are not independent). A figure may be 6 standard errors off: 2e-9 each, below 1e-6 for the few
// hundred here; the seeds are fixed.
#include "sampler/moves.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "known_targets.hpp"
#include "kolmogorov.hpp"
#include "sampler/ensemble.hpp"

namespace starling {
namespace {

/// theta_j = 3 + 10^(j - 1) (0.95 previous z + 0.31 z_j): strongly correlated, of very different scales.
KnownTarget correlated_normal(std::size_t d) {
  constexpr double r = 0.95;
  const double q = std::sqrt(1 - r * r);
  const auto whiten = [q](std::span<const double> t) {
    Vector z(t.size());
    double before = 0;
    for (std::size_t j = 0; j < t.size(); ++j) {
      const double y = (t[j] - 3) / std::pow(10.0, static_cast<double>(j) - 1);
      z[j] = j == 0 ? y : (y - r * before) / q;
      before = y;
    }
    return z;
  };
  return {"correlated normal in " + std::to_string(d), d,
          [whiten](std::span<const double> t) {
            double sum = 0;
            for (const double z : whiten(t)) sum -= z * z / 2;
            return sum;
          },
          [d, q](HostStream& s) {
            Vector t(d);
            double y = 0;
            for (std::size_t j = 0; j < d; ++j) {
              const double z = s.normal();
              y = j == 0 ? z : r * y + q * z;
              t[j] = 3 + y * std::pow(10.0, static_cast<double>(j) - 1);
            }
            return t;
          },
          [whiten](std::span<const double> t) {
            Vector u;
            for (const double z : whiten(t)) u.push_back(phi(z));
            return u;
          }};
}

/// x > 0 with density e^-x, 0 < y < x + 1 uniformly.
KnownTarget bounded() {
  return {"bounded support", 2,
          [](std::span<const double> t) {
            return t[0] > 0 && t[1] > 0 && t[1] < t[0] + 1 ? -t[0] - std::log(t[0] + 1) : kMinusInfinity;
          },
          [](HostStream& s) {
            const double x = -std::log(s.uniform());
            return Vector{x, (x + 1) * s.uniform()};
          },
          [](std::span<const double> t) {
            return Vector{1 - std::exp(-t[0]), t[1] / (t[0] + 1)};
          }};
}

/// 0.7 N(-1.5, 1) + 0.3 N(1.5, 0.5), times a normal of width 1 + x^2 / 4.
KnownTarget two_modes() {
  const auto width = [](double x) { return 1 + x * x / 4; };
  return {"two modes", 2,
          [width](std::span<const double> t) {
            const double a = t[0] + 1.5, b = (t[0] - 1.5) / 0.5, y = t[1] / width(t[0]);
            return std::log(0.7 * std::exp(-a * a / 2) + 0.6 * std::exp(-b * b / 2)) - y * y / 2 -
                   std::log(width(t[0]));
          },
          [width](HostStream& s) {
            const bool first = s.uniform() < 0.7;
            const double x = first ? -1.5 + s.normal() : 1.5 + 0.5 * s.normal();
            return Vector{x, width(x) * s.normal()};
          },
          [width](std::span<const double> t) {
            return Vector{0.7 * phi(t[0] + 1.5) + 0.3 * phi((t[0] - 1.5) / 0.5), phi(t[1] / width(t[0]))};
          }};
}

std::vector<KnownTarget> known_targets() {
  return {standard_normal(1),   standard_normal(2),   standard_normal(3), standard_normal(5),
          correlated_normal(2), correlated_normal(3), bounded(),          two_modes()};
}

struct NamedMix {
  std::string name;
  MoveMix mix;
};
const std::vector<NamedMix> kMixes{
    {"stretch", {1, 0, 0}},     {"de", {0, 1, 0}},
    {"snooker", {0, 0, 1}},     {"normal", {.normal = 1}},
    {"joint", {0.2, 0.7, 0.1}}, {"marginal", {.de = 0.32, .snooker = 0.08, .normal = 0.6}}};

/// Ensembles of exact draws. Columns that are not free hold `kFixedValue`.
constexpr double kFixedValue = 7.25;
Ensembles exact_draws(const KnownTarget& target, std::size_t ensembles, std::size_t walkers,
                      std::vector<std::size_t> free, std::size_t columns) {
  Ensembles e;
  e.ensembles = ensembles;
  e.walkers = walkers;
  e.dimension = columns;
  e.free = std::move(free);
  e.theta.assign(e.chains() * columns, kFixedValue);
  e.lp.resize(e.chains());
  e.clear_counts();
  for (std::size_t c = 0; c < e.chains(); ++c) {
    HostStream stream(2024, 0, static_cast<std::uint32_t>(c), 1000);
    const Vector t = target.draw(stream);
    for (std::size_t j = 0; j < t.size(); ++j) e.at(c)[e.free[j]] = t[j];
    e.lp[c] = target.log_density(t);
  }
  return e;
}

Vector free_values(const Ensembles& e, std::span<const double> row) {
  Vector t;
  for (const std::size_t j : e.free) t.push_back(row[j]);
  return t;
}

Target target_of(const KnownTarget& known, const Ensembles& e) {
  return
      [&known, &e](std::span<const std::size_t> chains, std::span<const double> theta, std::span<double> lp) {
        for (std::size_t i = 0; i < chains.size(); ++i)
          lp[i] = known.log_density(free_values(e, theta.subspan(i * e.dimension, e.dimension)));
      };
}

/// Numbers with expectation 0 where u are independent and uniform.
Vector figures(const Vector& u) {
  Vector f;
  for (std::size_t j = 0; j < u.size(); ++j) {
    const double v = u[j] - 0.5;
    f.insert(f.end(),
             {v, v * v - 1.0 / 12, v * v * v, (u[j] < 0.02 ? 1 : 0) - 0.02, (u[j] > 0.98 ? 1 : 0) - 0.02});
    for (std::size_t k = 0; k < j; ++k) f.push_back(v * (u[k] - 0.5));
  }
  return f;
}

/// The mean of every figure over the ensembles, in its standard error; and none may be beyond `limit`.
void expect_draws_of(const KnownTarget& target, const Ensembles& e, double limit = 6) {
  Vector sum, squares;
  for (std::size_t k = 0; k < e.ensembles; ++k) {
    Vector mean;
    for (std::size_t w = 0; w < e.walkers; ++w) {
      const Vector f = figures(target.uniforms(free_values(e, e.at(k * e.walkers + w))));
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
  for (std::size_t j = 0; j < sum.size(); ++j) {
    const double mean = sum[j] / n, error = std::sqrt((squares[j] / n - mean * mean) / (n - 1));
    EXPECT_LT(std::abs(mean), limit * error) << target.name << ", figure " << j << " of " << sum.size();
  }
}

class Moves : public testing::TestWithParam<NamedMix> {};
INSTANTIATE_TEST_SUITE_P(All, Moves, testing::ValuesIn(kMixes),
                         [](const auto& mix) { return mix.param.name; });

TEST_P(Moves, LeaveTheTargetAsItIs) {
  for (const auto& target : known_targets()) {
    std::vector<std::size_t> free(target.dimension);
    for (std::size_t j = 0; j < free.size(); ++j) free[j] = j;
    Ensembles e = exact_draws(target, 2500, 12, free, target.dimension);
    const Target f = target_of(target, e);
    for (std::uint32_t step = 0; step < 6; ++step)
      move_once(e, 0, e.ensembles, {GetParam().mix, 2, 17}, step, Purpose::move_marginal, 0, f);
    expect_draws_of(target, e);
    double accepted = 0;
    for (const auto a : e.accepted) accepted += a;
    std::uint64_t of_kinds[starling::kMoveKinds][2] = {}, counted = 0;
    for (std::size_t k = 0; k < e.kinds.size(); ++k)
      of_kinds[k / 2 % starling::kMoveKinds][k % 2] += e.kinds[k];
    const double shares[] = {GetParam().mix.de, GetParam().mix.stretch, GetParam().mix.snooker,
                             GetParam().mix.normal};
    const double proposals = 6.0 * static_cast<double>(e.chains());
    for (std::size_t kind = 0; kind < starling::kMoveKinds; ++kind) {
      const double share = kind < 4 ? shares[kind] : 0;
      EXPECT_NEAR(static_cast<double>(of_kinds[kind][0]), share * proposals,
                  6 * std::sqrt(share * (1 - share) * proposals))
          << starling::name_of_kind(kind);
      counted += of_kinds[kind][1];
    }
    EXPECT_EQ(static_cast<double>(counted), accepted);
    accepted /= proposals;
    const double least = GetParam().name == "normal" ? 0.02 : 0.1;  // 6 walkers say little about 5 dimensions
    EXPECT_TRUE(accepted > least && accepted < 0.95) << target.name << ": acceptance " << accepted;
  }
}

TEST_P(Moves, CountOnlyFreeColumnsAndLeaveTheOthersAlone) {
  const KnownTarget target = correlated_normal(2);
  Ensembles e = exact_draws(target, 2500, 12, {1, 3}, 5);
  const Target f = target_of(target, e);
  for (std::uint32_t step = 0; step < 6; ++step)
    move_once(e, 0, e.ensembles, {GetParam().mix, 2, 18}, step, Purpose::move_marginal, 0, f);
  expect_draws_of(target, e);
  for (std::size_t c = 0; c < e.chains(); ++c)
    for (const std::size_t j : {0u, 2u, 4u}) ASSERT_EQ(e.at(c)[j], kFixedValue);
}

TEST_P(Moves, FindTheTargetFromAWrongStart) {
  const KnownTarget target = standard_normal(2);
  Ensembles e = exact_draws(target, 400, 16, {0, 1}, 2);
  const Target f = target_of(target, e);
  for (std::size_t c = 0; c < e.chains(); ++c) {
    for (double& t : e.at(c)) t = 3 * t + 1;
    e.lp[c] = target.log_density(e.at(c));
  }
  for (std::uint32_t step = 0; step < 600; ++step)
    move_once(e, 0, e.ensembles, {GetParam().mix, 2, 19}, step, Purpose::move_marginal, 0, f);
  expect_draws_of(target, e);
}

TEST_P(Moves, NeverAcceptNotANumberAndCountIt) {
  // the normal with its right half missing; there the density is NaN instead of 0
  KnownTarget target = standard_normal(1);
  const auto whole = target;
  target.draw = [whole](HostStream& s) { return Vector{-std::abs(whole.draw(s)[0])}; };
  target.log_density = [whole](std::span<const double> t) {
    return t[0] > 0 ? std::nan("") : whole.log_density(t);
  };
  target.uniforms = [](std::span<const double> t) { return Vector{2 * phi(t[0])}; };
  Ensembles e = exact_draws(target, 2500, 12, {0}, 1);
  std::uint64_t returned = 0;
  const Target f = target_of(target, e);
  const Target counting = [&](std::span<const std::size_t> chains, std::span<const double> theta,
                              std::span<double> lp) {
    f(chains, theta, lp);
    for (const double l : lp) returned += std::isnan(l) ? 1 : 0;
  };
  for (std::uint32_t step = 0; step < 6; ++step)
    move_once(e, 0, e.ensembles, {GetParam().mix, 2, 20}, step, Purpose::move_marginal, 0, counting);
  std::uint64_t counted = 0;
  for (const auto n : e.nan_count) counted += n;
  EXPECT_GT(returned, 1000u);
  EXPECT_EQ(counted, returned);
  for (std::size_t c = 0; c < e.chains(); ++c) {
    ASSERT_LE(e.at(c)[0], 0);
    ASSERT_TRUE(std::isfinite(e.lp[c]));
  }
  expect_draws_of(target, e);
}

TEST_P(Moves, OfAnEnsembleDoNotDependOnTheOthers) {
  const KnownTarget target = two_modes();
  Ensembles together = exact_draws(target, 5, 8, {0, 1}, 2), apart = together;
  const Target f = target_of(target, together), g = target_of(target, apart);
  for (std::uint32_t step = 0; step < 20; ++step) {
    const MoveSettings settings{GetParam().mix, 2, 21};
    move_once(together, 0, 5, settings, step, Purpose::move_centred, 3, f);
    for (const std::size_t k : {4u, 0u, 2u, 1u, 3u})
      move_once(apart, k, k + 1, settings, step, Purpose::move_centred, 3, g);
  }
  EXPECT_EQ(together.theta, apart.theta);
  EXPECT_EQ(together.lp, apart.lp);
  EXPECT_EQ(together.accepted, apart.accepted);
}

TEST_P(Moves, HaveOtherRandomNumbersForAnotherSeedSweepPurposeOrNumber) {
  const KnownTarget target = standard_normal(2);
  const auto moved = [&](std::uint64_t seed, std::uint32_t sweep, Purpose purpose, std::uint32_t number) {
    Ensembles e = exact_draws(target, 1, 12, {0, 1}, 2);
    std::vector<Vector> proposals;
    move_once(e, 0, 1, {GetParam().mix, 2, seed}, sweep, purpose, number,
              [&](std::span<const std::size_t>, std::span<const double> theta, std::span<double> lp) {
                proposals.emplace_back(theta.begin(), theta.end());
                std::fill(lp.begin(), lp.end(), kMinusInfinity);
              });
    return proposals;
  };
  const auto first = moved(1, 0, Purpose::move_centred, 0);
  EXPECT_EQ(moved(1, 0, Purpose::move_centred, 0), first);
  EXPECT_NE(moved(2, 0, Purpose::move_centred, 0), first);
  EXPECT_NE(moved(1 + (std::uint64_t{1} << 32), 0, Purpose::move_centred, 0), first);
  EXPECT_NE(moved(1, 1, Purpose::move_centred, 0), first);
  EXPECT_NE(moved(1, 0, Purpose::move_noncentred, 0), first);
  EXPECT_NE(moved(1, 0, Purpose::move_centred, 1), first);
}

TEST_P(Moves, OfAHalfUseOnlyTheOtherHalf) {
  // the first half moves first; where its own other walkers stand must make no difference to a proposal
  const KnownTarget target = standard_normal(2);
  Ensembles a = exact_draws(target, 1, 12, {0, 1}, 2), b = a;
  for (std::size_t c = 1; c < 6; ++c) b.at(c)[0] += 100;
  const auto first_proposal = [&](Ensembles& e) {
    Vector proposal;
    move_once(e, 0, 1, {GetParam().mix, 2, 22}, 0, Purpose::move_centred, 0,
              [&](std::span<const std::size_t> chains, std::span<const double> theta, std::span<double> lp) {
                if (chains[0] == 0) proposal.assign(theta.begin(), theta.begin() + 2);
                std::fill(lp.begin(), lp.end(), kMinusInfinity);
              });
    return proposal;
  };
  EXPECT_EQ(first_proposal(a), first_proposal(b));
}

TEST(Acceptance, TakesEveryUphillMoveAndNoneOfZeroDensity) {
  const KnownTarget target = standard_normal(1);  // in one dimension every factor is 0
  for (const double change : {1e9, kMinusInfinity}) {
    Ensembles e = exact_draws(target, 10, 8, {0}, 1);
    const auto before = e;
    for (const auto& [name, mix] : kMixes) {
      std::fill(e.accepted.begin(), e.accepted.end(), 0u);
      move_once(e, 0, 10, {mix, 2, 23}, 0, Purpose::move_marginal, 0,
                [&](std::span<const std::size_t> chains, std::span<const double>, std::span<double> lp) {
                  for (std::size_t i = 0; i < chains.size(); ++i) lp[i] = e.lp[chains[i]] + change;
                });
      for (const auto a : e.accepted) ASSERT_EQ(a, change > 0 ? 1u : 0u) << name;
    }
    if (change < 0) {
      EXPECT_EQ(e.theta, before.theta);
    }
  }
}

TEST(Stretch, DrawsZWithDensityOneOverItsRoot) {
  for (const double a : {2.0, 5.0}) {
    std::size_t n = 20'000;
    std::vector<double> z(n);
    const double anchor[] = {-3, 4};
    const std::size_t free[] = {0, 1};
    for (std::size_t i = 0; i < n; ++i) {
      HostStream stream(31, 0, static_cast<std::uint32_t>(i), 1);
      const double theta[] = {1, 2};
      double proposed[] = {1, 2};
      const double factor = propose_stretch(theta, {anchor, 1, 2, free}, a, stream, proposed);
      z[i] = (proposed[0] + 3) / 4;
      ASSERT_NEAR((proposed[1] - 4) / -2, z[i], 1e-12);
      ASSERT_NEAR(factor, std::log(z[i]), 1e-9);  // (d - 1) ln z
    }
    const auto cdf = [a](double value) {
      return (std::sqrt(value) - std::sqrt(1 / a)) / (std::sqrt(a) - std::sqrt(1 / a));
    };
    for (const double value : z) ASSERT_TRUE(cdf(value) > -1e-9 && cdf(value) < 1 + 1e-9);
    EXPECT_LT(kolmogorov(z, cdf), 3);
  }
}

TEST(DifferentialEvolution, TakesTheWholeDifferenceOneTimeInTen) {
  const double others[] = {0, 1};
  const std::size_t free[] = {0};
  int whole = 0, standard = 0;
  constexpr int n = 20'000;
  for (int i = 0; i < n; ++i) {
    HostStream stream(32, 0, static_cast<std::uint32_t>(i), 1);
    const double theta[] = {5};
    double proposed[] = {5};
    EXPECT_EQ(propose_de(theta, {others, 2, 1, free}, stream, proposed), 0);
    const double gamma = std::abs(proposed[0] - 5);
    whole += std::abs(gamma - 1) < 0.07 ? 1 : 0;
    standard += std::abs(gamma / (2.38 / std::sqrt(2.0)) - 1) < 0.07 ? 1 : 0;
  }
  EXPECT_EQ(whole + standard, n);  // a jitter of 7 sd: 3e-12 each
  EXPECT_NEAR(whole, 0.1 * n, 6 * std::sqrt(0.09 * n));
}

TEST(NormalMove, DrawsFromThePredictiveDistributionOfTheOtherHalf) {
  // one dimension: mean 4, squared deviations 9 + 1 + 0 + 1 + 9 = 20, so scale^2 = 20 (1 + 1/5) / 4 = 6
  const double others[] = {1, 3, 4, 5, 7};
  const std::size_t free[] = {0};
  const NormalMove move({others, 5, 1, free});
  const boost::math::students_t t(4);
  constexpr std::size_t n = 20'000;
  std::vector<double> u(n);
  for (std::size_t i = 0; i < n; ++i) {
    HostStream stream(34, 0, static_cast<std::uint32_t>(i), 1);
    const double theta[] = {6.5};
    double proposed[] = {6.5};
    const double factor = move.propose(theta, stream, proposed);
    const double before = (6.5 - 4) / std::sqrt(6.0), after = (proposed[0] - 4) / std::sqrt(6.0);
    ASSERT_NEAR(factor, std::log(pdf(t, before) / pdf(t, after)), 1e-9);
    u[i] = cdf(t, after);
  }
  EXPECT_LT(kolmogorov(u, [](double value) { return value; }), 3);
}

TEST(NormalMove, FollowsTheWalkersThroughAnyLinearMap) {
  // columns 0 and 2 of three; the second set of walkers is the first, mapped
  constexpr double a = 1e-6, b = 3e8, c = -2e7, shift = 1e3;
  const std::size_t free[] = {0, 2};
  std::vector<double> plain, mapped;
  for (std::uint32_t k = 0; k < 7; ++k) {
    HostStream stream(35, 0, k, 1);
    const double x = stream.normal(), y = 0.3 * x + stream.normal();
    plain.insert(plain.end(), {x, 7.25, y});
    mapped.insert(mapped.end(), {a * x + shift, 7.25, b * y + c * x});
  }
  const NormalMove one({plain.data(), 7, 3, free}), other({mapped.data(), 7, 3, free});
  for (std::uint32_t i = 0; i < 100; ++i) {
    HostStream stream(36, 0, i, 1), same(36, 0, i, 1);
    const double theta[] = {1, 7.25, -2}, image[] = {a + shift, 7.25, -2 * b + c};
    double p[] = {1, 7.25, -2}, q[] = {a + shift, 7.25, -2 * b + c};
    const double factor = one.propose(theta, stream, p);
    // shift takes nine digits of a number of 1e-6 in 1e3
    EXPECT_NEAR(other.propose(image, same, q), factor, 1e-5 * (1 + std::abs(factor)));
    EXPECT_NEAR(q[0], a * p[0] + shift, 1e-11);
    EXPECT_NEAR(q[2], b * p[2] + c * p[0], 1e-6 * b);
    EXPECT_EQ(q[1], 7.25);
  }
}

TEST(NormalMove, OfWalkersThatDoNotSpanTheSpaceIsRejected) {
  const double same[] = {1, 2, 1, 2, 1, 2, 1, 2}, few[] = {1, 2, 3, 5};
  const std::size_t free[] = {0, 1};
  for (const OtherHalf& other : {OtherHalf{same, 4, 2, free}, OtherHalf{few, 2, 2, free}}) {
    HostStream stream(37, 0, 0, 1);
    const double theta[] = {1, 2};
    double proposed[] = {1, 2};
    EXPECT_EQ(NormalMove(other).propose(theta, stream, proposed), kMinusInfinity);
    EXPECT_EQ(proposed[0], 1);
    EXPECT_EQ(proposed[1], 2);
  }
}

TEST(Snooker, OnItsAnchorIsRejected) {
  const double others[] = {1, 2, 1, 2, 1, 2};
  const std::size_t free[] = {0, 1};
  const double theta[] = {1, 2};
  double proposed[] = {1, 2};
  HostStream stream(33, 0, 0, 1);
  EXPECT_EQ(propose_snooker(theta, {others, 3, 2, free}, stream, proposed), kMinusInfinity);
}

}  // namespace
}  // namespace starling
