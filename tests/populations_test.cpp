// Every population: its density against its definition and quadrature, its draws, and what it offers to be
// faster.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/quadrature/exp_sinh.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <functional>
#include <string>

#include "populations_support.hpp"
#include "starling/prior.hpp"

namespace {

using namespace starling;
using test::Case;
using test::infinity;
using test::Random;
using test::Sample;

template <class R, std::size_t N>
Coefficients<R, static_cast<int>(N)> rounded(const std::array<double, N>& c) {
  Coefficients<R, static_cast<int>(N)> out;
  for (std::size_t j = 0; j < N; ++j) out[static_cast<int>(j)] = static_cast<R>(c[j]);
  return out;
}

template <class P, class R>
double log_density(const P& p, const std::vector<double>& theta, R mu) {
  return P::log_density(rounded<R>(p.prepare(theta)), mu);
}

template <class P>
double integral(const Sample<P>& s, double from, double to) {
  using Function = std::function<double(double)>;
  const auto finite = [](const Function& f, double a, double b) {
    return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(f, a, b, 15, 1e-10);
  };
  static boost::math::quadrature::exp_sinh<double> infinite;
  const auto c = rounded<double>(s.p.prepare(s.theta));
  if (s.logarithmic) {
    const Function f = [&](double t) {
      return std::exp(std::min(P::log_density(c, std::exp(t)) + t, 700.0));
    };
    // 1e-200 and 1e200 stand for 0 and infinity
    return finite(f, std::log(std::max(from, 1e-200)), std::log(std::min(to, 1e200)));
  }
  const Function f = [&](double mu) { return std::exp(P::log_density(c, mu)); };
  return std::isinf(from) || std::isinf(to) ? infinite.integrate(f, from, to) : finite(f, from, to);
}

template <class P>
std::vector<double> draws(const Sample<P>& s, std::size_t n, std::uint32_t step) {
  HostStream stream(17, step, 0, purpose_word(Purpose::simulation));
  std::vector<double> mu(n);
  for (double& x : mu) x = s.p.draw(s.theta, stream);
  return mu;
}

template <class P>
class PopulationOf : public testing::Test {};
using All = testing::Types<SmoothDensity, NormalPopulation, StudentT, LogNormalPopulation, SkewNormal,
                           TruncatedNormal, PowerLaw, BrokenPowerLaw, PowerLawPeak, Schechter,
                           DoubleSchechter, Bb1, GammaPopulation, BetaPopulation, NormalMixture2,
                           NormalMixture3, NormalMixture4, LogNormalMixture2, GammaMixture2, BetaMixture2>;
struct Names {
  template <class P>
  static std::string GetName(int) {
    return std::string(P::name);
  }
};
TYPED_TEST_SUITE(PopulationOf, All, Names);

constexpr int kThetas = 200;

TYPED_TEST(PopulationOf, IntegratesToOneAndToTheCdf) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    double sum = 0;
    for (std::size_t j = 0; j + 1 < s.pieces.size(); ++j) {
      sum += integral(s, s.pieces[j], s.pieces[j + 1]);
      if (std::isfinite(s.pieces[j + 1])) {
        EXPECT_NEAR(s.p.cdf(s.theta, s.pieces[j + 1]), sum, 1e-8) << testing::PrintToString(s.theta);
      }
    }
    ASSERT_NEAR(sum, 1, 1e-8) << testing::PrintToString(s.theta);
  }
}

// With the integral, this is all of the density.
TYPED_TEST(PopulationOf, IsProportionalToItsDefinition) {
  Random random(2);
  for (int i = 0; i < kThetas; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    double first = 0;
    for (const double mu : draws(s, 20, static_cast<std::uint32_t>(i))) {
      const double l = log_density(s.p, s.theta, mu);
      ASSERT_TRUE(std::isfinite(l)) << mu << testing::PrintToString(s.theta);
      const double ratio = l - std::log(Case<TypeParam>::shape(s.p, s.theta, mu));
      if (first == 0) first = ratio;
      ASSERT_NEAR(ratio, first, 1e-8 * std::max(1.0, std::abs(l))) << mu << testing::PrintToString(s.theta);
    }
  }
}

TYPED_TEST(PopulationOf, FloatAgreesWithDouble) {
  Random random(3);
  double worst = 0;
  for (int i = 0; i < kThetas; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    for (const double draw : draws(s, 100, static_cast<std::uint32_t>(i))) {
      const float mu = static_cast<float>(draw);
      const double want = log_density(s.p, s.theta, static_cast<double>(mu));
      if (std::isinf(want)) continue;  // rounded over the edge
      const double error = std::abs(log_density(s.p, s.theta, mu) - want) / std::max(1.0, std::abs(want));
      worst = std::max(worst, error);
      ASSERT_LT(error, 1e-5) << mu << testing::PrintToString(s.theta);
    }
  }
  this->RecordProperty("worst", std::to_string(worst));
}

// Kolmogorov-Smirnov: P(sqrt(n) D > 3.2) < 2 exp(-2 * 3.2^2) = 2.6e-9 each (Massart), 5e-7 for all of them.
TYPED_TEST(PopulationOf, DrawsFollowTheDistribution) {
  Random random(4);
  for (std::uint32_t i = 0; i < 12; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    std::vector<double> mu = draws(s, 30000, i);
    std::sort(mu.begin(), mu.end());
    const double n = static_cast<double>(mu.size());
    double distance = 0;
    for (std::size_t j = 0; j < mu.size(); ++j) {
      const double p = s.p.cdf(s.theta, mu[j]), rank = static_cast<double>(j);
      distance = std::max({distance, p - rank / n, (rank + 1) / n - p});
    }
    EXPECT_LT(std::sqrt(n) * distance, 3.2) << testing::PrintToString(s.theta);
  }
}

TYPED_TEST(PopulationOf, NeverNaNAndNothingOutsideTheSupport) {
  Random random(5);
  const float largest = std::numeric_limits<float>::max();
  for (int i = 0; i < kThetas; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    const double lower = s.pieces.front();
    const double upper = TypeParam::name.ends_with("schechter") ? infinity : s.pieces.back();
    for (const float m :
         {0.0f, 1e-45f, 1e-39f, 1e-30f, 1e-6f, 0.3f, 1.0f, 7.0f, 40.0f, 1e3f, 1e6f, 1e12f, 1e30f, largest})
      for (const float mu : {m, -m}) {
        const double a = log_density(s.p, s.theta, mu),
                     b = log_density(s.p, s.theta, static_cast<double>(mu));
        ASSERT_FALSE(std::isnan(a) || std::isnan(b)) << mu << testing::PrintToString(s.theta);
        ASSERT_FALSE(a == infinity || b == infinity) << mu << testing::PrintToString(s.theta);
        if (mu < lower || mu > upper) {
          ASSERT_TRUE(a == -infinity && b == -infinity) << mu;
        }
      }
  }
}

TYPED_TEST(PopulationOf, SumsOfStatisticsGiveTheLogDensity) {
  if constexpr (HasStatistics<TypeParam>) {
    Random random(6);
    for (int i = 0; i < kThetas; ++i) {
      const auto s = Case<TypeParam>::sample(random);
      std::vector<double> proposal = s.theta;
      for (double& value : proposal) value *= random.uniform(0.9, 1.1);
      const auto current = rounded<double>(s.p.prepare(s.theta));
      auto as_float = current;
      for (int j = 0; j < TypeParam::prepared_size; ++j) as_float[j] = static_cast<float>(current[j]);
      std::array<double, TypeParam::statistics_size> sums{};
      double want = 0, size = 0;
      const std::vector<double> mu = draws(s, 100, static_cast<std::uint32_t>(i));
      for (const double x : mu) {
        const auto one = TypeParam::statistics(as_float, x);
        for (int j = 0; j < TypeParam::statistics_size; ++j) sums[static_cast<std::size_t>(j)] += one[j];
        const double l = log_density(s.p, proposal, x);
        want += l;
        size += std::max(1.0, std::abs(l));
      }
      // 1e-6: current was rounded to float
      ASSERT_NEAR(s.p.log_density_sum(proposal, as_float, sums, 100), want,
                  1e-6 * size * (1 + std::abs(proposal[0])))
          << testing::PrintToString(s.theta);
    }
  }
}

TYPED_TEST(PopulationOf, IsTheSameInAFrame) {
  if constexpr (HasFrame<TypeParam>) {
    Random random(7);
    for (int i = 0; i < kThetas; ++i) {
      const auto s = Case<TypeParam>::sample(random);
      Frame frame;
      if (TypeParam::frame_shifts) frame.shift = random.uniform(-10, 10);
      if (TypeParam::frame_scales) frame.scale = random.log_uniform(1e-3, 1e3);
      const TypeParam there = s.p.in_frame(frame);
      std::vector<double> theta(s.theta.size());
      to_frame(s.p, s.theta, frame, theta.data());
      for (const double mu : draws(s, 20, static_cast<std::uint32_t>(i))) {
        const double l = log_density(s.p, s.theta, mu);
        const double again = log_density(there, theta, frame.to(mu));
        if (std::isinf(again)) continue;  // rounded over the edge
        ASSERT_NEAR(again - std::log(frame.scale), l, 1e-8 * std::max(1.0, std::abs(l)))
            << mu << testing::PrintToString(s.theta);
      }
      for (const double mu : {s.pieces[1], s.pieces[s.pieces.size() / 2]})
        if (mu != s.pieces.back() && mu != s.pieces.front()) {
          EXPECT_TRUE(std::isfinite(log_density(there, theta, frame.to(mu)))) << mu;
        }
    }
  }
}

TYPED_TEST(PopulationOf, LocationAndScaleMoveEtaAlone) {
  if constexpr (LocationScale<TypeParam>) {
    Random random(8);
    for (int i = 0; i < kThetas; ++i) {
      const auto s = Case<TypeParam>::sample(random);
      std::vector<double> other = s.theta;
      other[0] += random.uniform(-1, 1);
      other[1] *= random.uniform(0.5, 2);
      const auto [m, a] = s.p.location_scale(s.theta);
      const auto [m2, a2] = s.p.location_scale(other);
      for (const double eta : {-2.0, 0.1, 1.0})
        ASSERT_NEAR(log_density(s.p, s.theta, m + a * eta) + std::log(a),
                    log_density(s.p, other, m2 + a2 * eta) + std::log(a2),
                    1e-9 * (1 + s.theta.back() * s.theta.back()));
    }
  }
}

TYPED_TEST(PopulationOf, EstimateIsAPlaceToStart) {
  Random random(9);
  for (int i = 0; i < kThetas; ++i) {
    const auto s = Case<TypeParam>::sample(random);
    const std::vector<double> mu = draws(s, 50, static_cast<std::uint32_t>(i));
    Points points{
        50, 0, 0, 0, *std::min_element(mu.begin(), mu.end()), *std::max_element(mu.begin(), mu.end())};
    for (const double x : mu) points.mean += x / 50;
    for (const double x : mu) points.variance += (x - points.mean) * (x - points.mean) / 49;
    for (const double share : {0.0, 0.5, 1.5}) {
      points.noise = share * points.variance;
      const Start start = s.p.estimate(points);
      const auto parameters = s.p.parameters();
      ASSERT_EQ(start.center.size(), parameters.size());
      ASSERT_EQ(start.spread.size(), parameters.size());
      for (std::size_t j = 0; j < parameters.size(); ++j) {
        ASSERT_TRUE(start.center[j] > parameters[j].lower && start.center[j] < parameters[j].upper)
            << parameters[j].name << " " << start.center[j];
        ASSERT_TRUE(start.spread[j] > 0 && std::isfinite(start.spread[j]))
            << parameters[j].name << start.spread[j];
      }
      if constexpr (HasConstraint<TypeParam>) {
        ASSERT_TRUE(std::isfinite(s.p.log_constraint(start.center))) << testing::PrintToString(start.center);
      }
      for (const double x : mu)
        ASSERT_TRUE(std::isfinite(log_density(s.p, start.center, x)))
            << x << testing::PrintToString(start.center);
    }
  }
}

TYPED_TEST(PopulationOf, DefaultPriorsLieInsideTheRanges) {
  Random random(10);
  const auto s = Case<TypeParam>::sample(random);
  for (const Parameter& parameter : s.p.parameters()) {
    if (parameter.prior.empty()) continue;
    const Prior prior = parse_prior(parameter.prior);
    EXPECT_TRUE(prior.lower() >= parameter.lower && prior.upper() <= parameter.upper) << parameter.name;
  }
}

}  // namespace
