// Priors against Boost.Math's distributions, quadrature and each other; their text; their errors.
#include "starling/prior.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <boost/math/distributions/cauchy.hpp>
#include <boost/math/distributions/exponential.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/inverse_gamma.hpp>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/exp_sinh.hpp>
#include <boost/math/quadrature/sinh_sinh.hpp>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "starling/error.hpp"

namespace {

using starling::Prior;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Case {
  Prior prior;
  std::function<double(double)> cdf, density;  // by Boost or a closed form
};

template <class Distribution>
Case boost_case(const Prior& prior, const Distribution& distribution) {
  return {prior, [=](double x) { return boost::math::cdf(distribution, x); },
          [=](double x) { return boost::math::pdf(distribution, x); }};
}

template <class Distribution>
Case folded_case(const Prior& prior, const Distribution& distribution) {  // symmetric about 0
  return {prior, [=](double x) { return 2 * boost::math::cdf(distribution, x) - 1; },
          [=](double x) { return 2 * boost::math::pdf(distribution, x); }};
}

std::vector<Case> cases() {
  namespace bm = boost::math;
  return {
      {starling::uniform(-5, 3), [](double x) { return (x + 5) / 8; }, [](double) { return 1 / 8.0; }},
      boost_case(starling::normal(2, 3), bm::normal(2, 3)),
      folded_case(starling::half_normal(2.5), bm::normal(0, 2.5)),
      folded_case(starling::half_cauchy(5), bm::cauchy(0, 5)),
      {starling::log_uniform(0.01, 100), [](double x) { return std::log(x / 0.01) / std::log(1e4); },
       [](double x) { return 1 / (x * std::log(1e4)); }},
      boost_case(starling::log_normal(0.5, 0.8), bm::lognormal(0.5, 0.8)),
      boost_case(starling::exponential(3), bm::exponential(1 / 3.0)),
      boost_case(starling::gamma(2.5, 1.5), bm::gamma_distribution<>(2.5, 1.5)),
      boost_case(starling::gamma(0.6, 2), bm::gamma_distribution<>(0.6, 2)),
      boost_case(starling::inverse_gamma(3, 2), bm::inverse_gamma_distribution<>(3, 2)),
  };
}

class PriorFamily : public testing::TestWithParam<std::size_t> {
 protected:
  Case test = cases()[GetParam()];
};
INSTANTIATE_TEST_SUITE_P(All, PriorFamily, testing::Range<std::size_t>(0, cases().size()),
                         [](const auto& which) {
                           std::string name = cases()[which.param].prior.text();
                           for (char& c : name)
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           return name;
                         });

TEST_P(PriorFamily, DensityIsTheDistributions) {
  for (const double u : {1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6}) {
    const double theta = test.prior.quantile(u);
    const double expected = std::log(test.density(theta));
    EXPECT_NEAR(test.prior.log_density(theta), expected, 1e-12 * std::max(1.0, std::abs(expected))) << theta;
  }
}

TEST_P(PriorFamily, DensityIntegratesToOne) {
  const double lower = test.prior.lower(), upper = test.prior.upper();
  const auto density = [this](double theta) { return std::exp(test.prior.log_density(theta)); };
  double integral = 0;
  if (std::isinf(lower)) {
    integral = boost::math::quadrature::sinh_sinh<double>().integrate(density);
  } else if (std::isinf(upper)) {
    integral = boost::math::quadrature::exp_sinh<double>().integrate(density, lower, upper);
  } else {
    integral = boost::math::quadrature::tanh_sinh<double>().integrate(density, lower, upper);
  }
  EXPECT_NEAR(integral, 1, 1e-8);
}

TEST_P(PriorFamily, QuantileInvertsTheDistribution) {
  for (const double u : {1e-9, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-9})
    EXPECT_NEAR(test.cdf(test.prior.quantile(u)), u, 1e-12) << u;
}

TEST_P(PriorFamily, NothingOutsideTheSupport) {
  const double lower = test.prior.lower(), upper = test.prior.upper();
  if (std::isfinite(lower)) {
    EXPECT_EQ(test.prior.log_density(std::nextafter(lower, -infinity)), -infinity);
    EXPECT_EQ(test.prior.log_density(lower - 1), -infinity);
  }
  if (std::isfinite(upper)) {
    EXPECT_EQ(test.prior.log_density(std::nextafter(upper, infinity)), -infinity);
  }
  EXPECT_EQ(test.prior.log_density(infinity), -infinity);
  EXPECT_EQ(test.prior.log_density(-infinity), -infinity);
  EXPECT_EQ(test.prior.log_density(std::nan("")), -infinity);
  EXPECT_FALSE(std::isnan(test.prior.log_density(lower)));
  for (const double u : {std::numeric_limits<double>::min(), 1 - 0x1p-53}) {
    const double theta = test.prior.quantile(u);
    EXPECT_GE(theta, lower);
    EXPECT_LE(theta, upper);
    EXPECT_TRUE(std::isfinite(test.prior.log_density(theta))) << theta;
  }
}

// Kolmogorov-Smirnov, seed 1: P(sqrt(n) D > 2.8) < 2 exp(-2 * 2.8^2) = 3.1e-7 per family by Massart's
// inequality.
TEST_P(PriorFamily, DrawsFollowTheDistribution) {
  std::mt19937_64 engine(1);
  std::vector<double> draws(20000);
  for (double& draw : draws)
    draw = test.prior.quantile((static_cast<double>(engine() >> 12) + 0.5) * 0x1p-52);
  std::sort(draws.begin(), draws.end());
  const double n = static_cast<double>(draws.size());
  double distance = 0;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const double p = test.cdf(draws[i]);
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  EXPECT_LT(std::sqrt(n) * distance, 2.8);
}

TEST(Prior, FixedIsOnePoint) {
  const Prior prior = starling::fixed(0.3);
  EXPECT_TRUE(prior.is_fixed());
  EXPECT_FALSE(starling::uniform(0, 1).is_fixed());
  EXPECT_EQ(prior.log_density(0.3), 0);
  EXPECT_EQ(prior.log_density(std::nextafter(0.3, 1)), -infinity);
  EXPECT_EQ(prior.quantile(0.1), 0.3);
  EXPECT_EQ(prior.lower(), 0.3);
  EXPECT_EQ(prior.upper(), 0.3);
}

TEST(Prior, FarTailsAndExtremeArgumentsStayAccurate) {
  EXPECT_DOUBLE_EQ(starling::half_cauchy(2).log_density(1e200),
                   std::log(2 * 2 / std::numbers::pi) - 2 * std::log(1e200));
  // P(theta > x) = (2 / pi) atan(scale / x): the upper tail of the quantile.
  EXPECT_NEAR(starling::half_cauchy(1).quantile(1 - 0x1p-50) * 0x1p-50 * std::numbers::pi / 2, 1, 1e-12);
  EXPECT_NEAR(starling::log_uniform(1e-200, 1e200).quantile(0.75) / 1e100, 1, 1e-13);
  const Prior narrow = starling::log_uniform(1, 1 + 1e-9);
  EXPECT_NEAR(narrow.log_density(1) / -std::log(1e-9), 1, 1e-8);
  EXPECT_GT(starling::inverse_gamma(0.001, 1).quantile(0.9), 0);
  EXPECT_TRUE(std::isfinite(starling::inverse_gamma(0.001, 1).quantile(0.9)));
  EXPECT_EQ(starling::gamma(1, 2).log_density(0), -std::log(2));
}

TEST(Prior, QuantileRefusesProbabilitiesOutsideOfZeroToOne) {
  for (const double u : {0.0, 1.0, -0.1, 1.1, std::nan("")})
    EXPECT_THROW((void)starling::uniform(0, 1).quantile(u), starling::InputError) << u;
}

TEST(Prior, TextReadsBackBitForBit) {
  std::mt19937_64 engine(2);
  const auto number = [&engine](bool positive) {
    while (true) {
      const double value = std::bit_cast<double>(engine());
      if (std::isfinite(value) && std::abs(value) < 1e150 && value != 0)
        return positive ? std::abs(value) : value;
    }
  };
  const auto expect_same = [](const Prior& prior) {
    const Prior read = starling::parse_prior(prior.text());
    EXPECT_EQ(read.family, prior.family) << prior.text();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read.a), std::bit_cast<std::uint64_t>(prior.a)) << prior.text();
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read.b), std::bit_cast<std::uint64_t>(prior.b)) << prior.text();
  };
  for (int i = 0; i < 1000; ++i) {
    const double a = number(false), b = number(false), p = number(true), q = number(true);
    expect_same(starling::normal(a, p));
    expect_same(starling::log_normal(a, p));
    expect_same(starling::half_normal(p));
    expect_same(starling::half_cauchy(p));
    expect_same(starling::exponential(p));
    const double shape = std::clamp(p, 1e-300, 1e10);
    expect_same(starling::gamma(shape, q));
    expect_same(starling::inverse_gamma(shape, q));
    expect_same(starling::fixed(a));
    if (a != b) expect_same(starling::uniform(std::min(a, b), std::max(a, b)));
    if (p != q) expect_same(starling::log_uniform(std::min(p, q), std::max(p, q)));
  }
  expect_same(starling::fixed(-0.0));
  EXPECT_EQ(starling::uniform(-5, 5).text(), "uniform(-5, 5)");
  EXPECT_EQ(starling::half_cauchy(5).text(), "half_cauchy(5)");
}

TEST(Prior, ReadsWhatPeopleWrite) {
  EXPECT_EQ(starling::parse_prior("uniform(-5,5)"), starling::uniform(-5, 5));
  EXPECT_EQ(starling::parse_prior("  normal ( 0 ,\t+2.5e-1 ) "), starling::normal(0, 0.25));
  EXPECT_EQ(starling::parse_prior("half_cauchy(5)"), starling::half_cauchy(5));
  EXPECT_EQ(starling::parse_prior("fixed(.5)"), starling::fixed(0.5));
}

std::string message(const std::string& text) {
  try {
    (void)starling::parse_prior(text);
  } catch (const starling::InputError& error) {
    return error.what();
  }
  return "accepted: " + text;
}

TEST(Prior, ErrorsSayWhatIsWrongAndWhatWasExpected) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong{
      {"unifrom(0, 1)", {"unifrom", "did you mean 'uniform'"}},
      {"cauchy_half(1)", {"'cauchy_half'", "half_cauchy(scale)"}},
      {"uniform", {"uniform(lower, upper)"}},
      {"uniform(0, 1", {"uniform(lower, upper)"}},
      {"uniform(0, 1) ,", {"uniform(lower, upper)"}},
      {"uniform(0)", {"1 arguments", "2"}},
      {"uniform(0, 1, 2)", {"3 arguments", "2"}},
      {"half_normal()", {"0 arguments", "1", "half_normal(sd)"}},
      {"uniform(0,)", {"upper is ''", "number"}},
      {"normal(0, x)", {"sd is 'x'", "number"}},
      {"normal(0 1, 2)", {"mean is '0 1'"}},
      {"normal(0, -1)", {"normal(0, -1)", "sd is -1", "greater than 0"}},
      {"normal(0, 0)", {"sd is 0", "greater than 0"}},
      {"normal(nan, 1)", {"mean is nan", "finite"}},
      {"uniform(0, inf)", {"upper is inf", "finite"}},
      {"uniform(1, 1)", {"upper is 1", "greater than lower = 1"}},
      {"uniform(-1.7e308, 1.7e308)", {"finite distance"}},
      {"log_uniform(0, 1)", {"lower is 0", "greater than 0"}},
      {"gamma(-1, 1)", {"shape is -1"}},
      {"inverse_gamma(1, -1)", {"scale is -1"}},
      {"gamma(1e11, 1)", {"shape is 100000000000, expected a number from 1e-300 to 1e10"}},
      {"exponential(0)", {"mean is 0"}},
      {"normal(1e999, 1)", {"mean is '1e999'"}},
      {"", {"unknown family ''"}},
  };
  for (const auto& [text, parts] : wrong)
    for (const std::string& part : parts)
      EXPECT_NE(message(text).find(part), std::string::npos) << text << " -> " << message(text);
}

TEST(Prior, EveryListedFamilyCanBeRead) {
  const std::string list(starling::prior_families());
  for (const char* text :
       {"uniform(1, 2)", "normal(1, 2)", "half_normal(1)", "half_cauchy(1)", "log_uniform(1, 2)",
        "log_normal(1, 2)", "exponential(1)", "gamma(1, 2)", "inverse_gamma(1, 2)", "fixed(1)"}) {
    const std::string family = std::string(text).substr(0, std::string(text).find('('));
    EXPECT_NE(list.find(family + "("), std::string::npos) << family;
    EXPECT_EQ(starling::parse_prior(text).text(), text);
  }
}

}  // namespace
