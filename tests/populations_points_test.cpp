// Populations where their formulas are awkward: poles that cancel, far tails, published values, wrong
// arguments.
#include <gtest/gtest.h>

#include <boost/math/special_functions/expint.hpp>
#include <string>

#include "populations_support.hpp"
#include "starling/error.hpp"

namespace {

using namespace starling;
using test::infinity;

template <class P, class R>
double log_density(const P& p, const std::vector<double>& theta, R mu) {
  Coefficients<R, P::prepared_size> c;
  const auto prepared = p.prepare(theta);
  for (int j = 0; j < P::prepared_size; ++j) c[j] = static_cast<R>(prepared[static_cast<std::size_t>(j)]);
  return P::log_density(c, mu);
}

TEST(PowerLaw, IsSmoothThroughSlopeMinusOne) {
  const double want = -std::log(3.0) - std::log(std::log(50.0));  // 1 / (mu ln(upper / lower))
  for (const double d : {0.0, 1e-300, 1e-16, -1e-16, 1e-12, -1e-12, 1e-9, -1e-9}) {
    EXPECT_NEAR(log_density(PowerLaw{}, {-1 + d, 1, 50}, 3.0), want, 1e-14 + 4 * std::abs(d)) << d;
    EXPECT_NEAR(PowerLaw::cdf(std::vector{-1 + d, 1.0, 50.0}, 3.0), std::log(3.0) / std::log(50.0), 1e-9)
        << d;
  }
  // steep ones, where upper^(slope + 1) overflows
  EXPECT_NEAR(log_density(PowerLaw{}, {400, 1, 1e3}, 1e3), std::log(401.0) - std::log(1e3), 1e-9);
  EXPECT_NEAR(log_density(PowerLaw{}, {-400, 1, 1e3}, 1.0), std::log(399.0), 1e-9);
}

TEST(BrokenPowerLaw, IsContinuousAndSmoothThroughSlopesMinusOne) {
  for (const double d : {0.0, 1e-12, -1e-9}) {
    const std::vector<double> theta{-1 + d, -1 - d, 4, 1, 50};
    EXPECT_NEAR(log_density(BrokenPowerLaw{}, theta, 3.0), -std::log(3 * std::log(50.0)), 1e-8) << d;
  }
  const std::vector<double> theta{1.3, -2.7, 4, 1, 50};
  EXPECT_NEAR(log_density(BrokenPowerLaw{}, theta, std::nextafter(4.0, 0.0)),
              log_density(BrokenPowerLaw{}, theta, 4.0), 1e-14);
  EXPECT_EQ(log_density(BrokenPowerLaw{}, {1, -2, 60, 1, 50}, 3.0), -infinity);
  EXPECT_EQ(BrokenPowerLaw::log_constraint(std::vector<double>{1, -2, 60, 1, 50}), -infinity);
}

// (1 - lam) powerlaw + lam truncnorm by gwpopulation 1.4.0's functions of these names, put together as its
// two_component_single does.
TEST(PowerLawPeak, IsGwpopulationsTwoComponentSingle) {
  const PowerLawPeak p(std::vector{100.0});
  const std::vector<std::array<double, 3>> known{
      {5.0, 0.4612860177099852, 0.0007031301102067145},
      {20.0, 0.004141980593308651, 0.005900294915085386},
      {34.0, 0.005114151405926503, 0.018756953246125016},
      {80.0, 3.7150302093338065e-05, 6.91469502606001e-06},
      {95.0, 1.9980747174453e-65, 2.6406728959516977e-09},
  };
  for (const auto& [m, first, second] : known) {
    EXPECT_NEAR(std::exp(log_density(p, {3.4, 5, 87, 0.04, 34, 3.6}, m)), first, 1e-13 + 1e-12 * first) << m;
    EXPECT_NEAR(std::exp(log_density(p, {-1.5, 4, 60, 0.3, 45, 9}, m)), second, 1e-13 + 1e-12 * second) << m;
  }
}

// Values by mpmath 1.3, 30 digits.
TEST(Schechter, UpperIncompleteGammaForAnyOrder) {
  const std::vector<std::array<double, 3>> known{
      {0, 0.01, 1.3957320795548378},        {-1e-09, 0.01, 1.3957320819497941},
      {1e-09, 0.01, 1.3957320771598816},    {-1, 0.5, -0.42573762707301216},
      {-1.0001, 0.5, -0.42571346974632866}, {-0.9999, 0.001, 6.8998043629786943},
      {-0.5, 1e-06, 7.5991294348112021},    {-2, 0.02, 7.0920920777216629},
      {-3.7, 0.3, 2.745531667789342},       {-4, 2, -6.6205858284146142},
      {-4.2, 40, -59.301937208534865},      {0.3, 0.0001, 1.0229021662538396},
      {2.5, 0.1, 0.28379633883103149},      {3.5, 60, -49.722308842326209},
      {0, 1.2, -1.8425785380690797},        {-9, 1e-12, 246.48196546601959},
  };
  for (const auto& [s, y, want] : known)
    EXPECT_NEAR(log_upper_gamma(s, y), want, 1e-12 * std::max(1.0, std::abs(want))) << s << " " << y;
  for (double y = 1e-6; y < 100; y *= 1.7)  // E1
    EXPECT_NEAR(log_upper_gamma(0, y), std::log(boost::math::expint(1, y)), 1e-12 * std::max(1.0, y)) << y;
  for (double s = -6.05; s < 4; s += 0.1)  // Gamma(s + 1, y) = s Gamma(s, y) + y^s e^-y, across all branches
    for (double y = 1e-3; y < 50; y *= 1.3) {
      const double power = s * std::log(y) - y;
      EXPECT_NEAR(std::exp(log_upper_gamma(s + 1, y) - power),
                  s * std::exp(log_upper_gamma(s, y) - power) + 1,
                  1e-10 * (1 + std::exp(log_upper_gamma(s + 1, y) - power)))
          << s << " " << y;
    }
}

TEST(Schechter, IsSmoothThroughAlphaMinusOneAndMinusTwo) {
  const Schechter p(std::vector{9.0});
  for (const double alpha : {-1.0, -2.0, -3.0}) {
    const double at = log_density(p, {alpha, 11}, 10.0);
    for (const double d : {1e-12, 1e-9, 1e-7, -1e-12, -1e-9, -1e-7})
      EXPECT_NEAR(log_density(p, {alpha + d, 11}, 10.0), at, 10 * std::abs(d) + 1e-13) << alpha << " " << d;
  }
  // E1(0.01) = 4.0379295765381135 (Abramowitz & Stegun, table 5.1)
  EXPECT_NEAR(log_density(p, {-1, 11}, 10.0), std::log(std::log(10.0) / 4.0379295765381135) - 0.1, 1e-14);
  EXPECT_EQ(log_density(p, {-1, 11}, 8.999f), -infinity);
  EXPECT_EQ(log_density(p, {1.5, 11}, 3e38f), -infinity);
  EXPECT_FALSE(std::isnan(log_density(p, {-1, -500}, 10.0)));
  EXPECT_FALSE(std::isnan(log_density(p, {-1, 900}, 10.0)));
}

TEST(DoubleSchechter, ComponentsDoNotSwitch) {
  EXPECT_EQ(DoubleSchechter::log_constraint(std::vector{-0.3, -1.5, 10.6, 0.4}), 0);
  EXPECT_EQ(DoubleSchechter::log_constraint(std::vector{-1.5, -0.3, 10.6, 0.4}), -infinity);
  const DoubleSchechter p(std::vector{9.0});  // with equal slopes it is a single one
  EXPECT_NEAR(log_density(p, {-1.2, -1.2, 10.6, 0.4}, 10.0),
              log_density(Schechter(std::vector{9.0}), {-1.2, 10.6}, 10.0), 1e-13);
}

TEST(Bb1, IsItsEquationAndSmoothThroughBetaMinusOne) {
  const double l = 1e8, u = 1e10, x = 3e9;
  const auto f = [&](double beta, double c) {
    return std::log(c / u * (1 - std::exp(-x / l)) * std::pow(x / u, beta) * std::exp(-x / u));
  };
  // Gamma(-1/2) = -2 sqrt(pi); 1 - 101^(1/2) < 0 as well
  const double c = 1 / (-2 * std::sqrt(M_PI) * (1 - std::sqrt(101.0)));
  EXPECT_NEAR(log_density(Bb1{}, {-1.5, l, u}, x), f(-1.5, c), 1e-12);
  EXPECT_NEAR(log_density(Bb1{}, {0, l, u}, x), f(0, 1 / (1 - 1 / 101.0)), 1e-12);
  for (const double d : {0.0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-4, -1e-4})
    EXPECT_NEAR(log_density(Bb1{}, {-1 + d, l, u}, x), f(-1, 1 / std::log(101.0)), 5 * std::abs(d) + 1e-12)
        << d;
  for (const float y : {1e-3f, 1e2f, 1e6f, 1e9f, 1e12f})  // large units, in float
    for (const double beta : {-1.9, -1.5, -1.0, 0.5}) {
      const double want = log_density(Bb1{}, {beta, l, u}, static_cast<double>(y));
      EXPECT_NEAR(log_density(Bb1{}, {beta, l, u}, y), want, 1e-6 * std::abs(want)) << y;
    }
}

// A&S 26.2.12: Q(x) = phi(x) / x (1 - 1 / x^2 + 3 / x^4 - 15 / x^6 ...).
TEST(TruncatedNormal, FarTailsAndNarrowIntervals) {
  for (const double a : {20.0, 100.0, 1e4}) {
    const double q = 1 / (a * a);
    const double want =
        -a * a / 2 - std::log(a) - 0.5 * std::log(2 * M_PI) + std::log1p(q * (-1 + q * (3 - 15 * q)));
    EXPECT_NEAR(log_normal_interval(a, infinity), want, 1e-14 * a * a + 2e-8) << a;
    EXPECT_NEAR(log_normal_interval(-infinity, -a), want, 1e-14 * a * a + 2e-8) << a;
    // a mean far below `lower` gives almost an exponential: ln p = ln(a) + ... at the edge
    const TruncatedNormal p(std::vector{0.0, infinity});
    EXPECT_NEAR(log_density(p, {-a, 1}, 0.5 / a),
                -0.5 - 0.125 / (a * a) - a * a / 2 - 0.5 * std::log(2 * M_PI) - want, 1e-6);
    EXPECT_NEAR(log_density(p, {-a, 1}, static_cast<float>(0.5 / a)), log_density(p, {-a, 1}, 0.5 / a), 2e-6);
  }
  EXPECT_NEAR(log_normal_interval(1, 1 + 1e-9), -0.5 - 0.5 * std::log(2 * M_PI) + std::log(1e-9), 1e-6);
  EXPECT_NEAR(std::exp(log_normal_interval(-1, 2)), (std::erf(1 / std::sqrt(2)) + std::erf(std::sqrt(2))) / 2,
              1e-15);
  EXPECT_EQ(log_normal_interval(2, 1), -infinity);
  HostStream stream(5, 0, 0, 0);
  const TruncatedNormal p(std::vector{0.0, infinity});
  double sum = 0;
  for (int i = 0; i < 10000; ++i) sum += p.draw(std::vector{-1000.0, 1.0}, stream);
  EXPECT_NEAR(sum / 10000, 1e-3, 6e-5);  // exponential with mean 1 / 1000: six standard errors
}

TEST(StudentT, LimitsAreCauchyAndNormal) {
  for (const double z : {0.0, 0.7, 5.0, 1e3})
    EXPECT_NEAR(log_density(StudentT{}, {0, 1, 1}, z), -std::log(M_PI) - std::log1p(z * z), 1e-13);
  EXPECT_NEAR(log_density(StudentT{}, {0, 1, 1e12}, 2.0), -2 - 0.5 * std::log(2 * M_PI), 1e-9);
  EXPECT_NEAR(log_density(StudentT{}, {0, 1, 1e12}, 2.0f), -2 - 0.5 * std::log(2 * M_PI), 1e-6);
}

TEST(SkewNormal, TailsAgainstItsShapeStayFinite) {
  EXPECT_NEAR(log_density(SkewNormal{}, {0, 1, 0}, 1.5), -1.125 - 0.5 * std::log(2 * M_PI), 1e-14);
  const double want = log_density(SkewNormal{}, {0, 1, 20}, -4.0);  // ln Phi(-80) = -3205.3
  EXPECT_NEAR(want, std::log(2) - 8 - 0.5 * std::log(2 * M_PI) - 3200 - std::log(80 * std::sqrt(2 * M_PI)),
              1e-3);
  EXPECT_NEAR(log_density(SkewNormal{}, {0, 1, 20}, -4.0f), want, 1e-6 * std::abs(want));
}

TEST(Gamma, LargeAndSmallShapes) {
  // of a large shape: nearly a normal; its ln p at the mean is -ln(2 pi k) / 2 - ln(scale) - 1 / (12 k)
  const double k = 1e4;
  EXPECT_NEAR(log_density(GammaPopulation{}, {k, 1 / k}, 1.0),
              -0.5 * std::log(2 * M_PI * k) + std::log(k) - 1 / (12 * k), 1e-9);
  for (const float mu : {0.97f, 1.0f, 1.03f})
    EXPECT_NEAR(log_density(GammaPopulation{}, {k, 1 / k}, mu),
                log_density(GammaPopulation{}, {k, 1 / k}, static_cast<double>(mu)), 5e-5);
  EXPECT_NEAR(log_density(GammaPopulation{}, {1, 2}, 3.0), -std::log(2) - 1.5, 1e-14);
}

TEST(Beta, SimpleCases) {
  EXPECT_NEAR(log_density(BetaPopulation{}, {1, 1}, 0.3), 0, 1e-14);
  EXPECT_NEAR(log_density(BetaPopulation{}, {2, 3}, 0.3), std::log(12 * 0.3 * 0.49), 1e-14);
  EXPECT_EQ(log_density(BetaPopulation{}, {2, 3}, 1.0f), -infinity);
  EXPECT_EQ(log_density(BetaPopulation{}, {0.5, 0.5}, 0.0f), -infinity);
}

TEST(Mixture, WeightsAndOrder) {
  const NormalMixture3 p;
  EXPECT_EQ(NormalMixture3::name, "normal_mixture_3");
  std::vector<std::string> names;
  for (const Parameter& parameter : p.parameters()) names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"theta_mu_1", "theta_sigma_1", "theta_mu_2", "theta_sigma_2",
                                             "theta_mu_3", "theta_sigma_3", "weight_1", "weight_2"}));
  EXPECT_EQ(p.log_constraint(std::vector<double>{0, 1, 1, 1, 2, 1, 0.5, 0.4}), 0);
  EXPECT_EQ(p.log_constraint(std::vector<double>{0, 1, 1, 1, 2, 1, 0.5, 0.5}), -infinity);
  EXPECT_EQ(p.log_constraint(std::vector<double>{1, 1, 0, 1, 2, 1, 0.5, 0.4}), -infinity);
}

TEST(Mixture, OfPopulationsWithABoundedSupport) {
  using P = Mixture<TruncatedNormal, 2>;
  static_assert(Population<P> && HasArguments<P> && HasFrame<P> && HasCdf<P>);
  const P p(std::vector{0.0, infinity});
  const std::vector<double> theta{1, 0.5, 3, 1, 0.25};
  const TruncatedNormal one(std::vector{0.0, infinity});
  const double want = std::log(0.25 * std::exp(log_density(one, {1, 0.5}, 2.0)) +
                               0.75 * std::exp(log_density(one, {3, 1}, 2.0)));
  EXPECT_NEAR(log_density(p, theta, 2.0), want, 1e-14);
  EXPECT_EQ(log_density(p, theta, -0.1f), -infinity);
  EXPECT_EQ(log_density(p, theta, -0.1), -infinity);
  const Mixture<PowerLaw, 2> laws;  // at 4 only the second component reaches
  EXPECT_NEAR(log_density(laws, {-2, 1, 3, -1, 2, 9, 0.25}, 4.0f),
              std::log(0.75) - std::log(4 * std::log(4.5)), 1e-6);
}

TEST(Arguments, AreChecked) {
  EXPECT_THROW(TruncatedNormal(std::vector{2.0, 1.0}), InputError);
  EXPECT_THROW(TruncatedNormal(std::vector{-infinity, infinity}), InputError);
  EXPECT_THROW(Schechter(std::vector{std::nan("")}), InputError);
  EXPECT_THROW(DoubleSchechter(std::vector{infinity}), InputError);
  EXPECT_THROW(PowerLawPeak(std::vector{0.0}), InputError);
}

// Against erfc in extended precision; below -50, the asymptotic series.
TEST(LogNormalCdf, IsWithinItsStatedErrors) {
  double worst = 0, worst_double = 0;
  for (double x = -100; x <= 40; x += 0.00097) {
    const float z = static_cast<float>(x);
    const long double e = z, q = 1 / (e * e);
    double want = 0;
    if (z < -50)
      want = static_cast<double>(-e * e / 2 - std::log(-e * std::sqrt(2 * M_PIl)) +
                                 std::log1p(q * (-1 + q * (3 - 15 * q))));
    else if (z < 0)
      want = static_cast<double>(std::log(std::erfc(-e / std::sqrt(2.0L)) / 2));
    else
      want = static_cast<double>(std::log1p(-std::erfc(e / std::sqrt(2.0L)) / 2));
    const double size = std::max(1.0, std::abs(want));
    worst = std::max(worst, std::abs(math::log_normal_cdf(z) - want) / size);
    worst_double =
        std::max(worst_double, std::abs(math::log_normal_cdf(static_cast<double>(z)) - want) / size);
  }
  EXPECT_LT(worst, 3e-7);
  EXPECT_LT(worst_double, 1e-13);
  EXPECT_EQ(math::log_normal_cdf(-HUGE_VALF), -infinity);
  EXPECT_EQ(math::log_normal_cdf(HUGE_VALF), 0);
}

}  // namespace
