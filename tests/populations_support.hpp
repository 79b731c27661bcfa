// One case per population: random theta, its support cut in pieces for quadrature, and the density up to a
// factor as its definition has it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "starling/populations/bb1.hpp"
#include "starling/populations/beta.hpp"
#include "starling/populations/broken_power_law.hpp"
#include "starling/populations/double_schechter.hpp"
#include "starling/populations/gamma.hpp"
#include "starling/populations/log_normal.hpp"
#include "starling/populations/mixture.hpp"
#include "starling/populations/normal.hpp"
#include "starling/populations/power_law.hpp"
#include "starling/populations/power_law_peak.hpp"
#include "starling/populations/schechter.hpp"
#include "starling/populations/skew_normal.hpp"
#include "starling/populations/smooth_density.hpp"
#include "starling/populations/student_t.hpp"
#include "starling/populations/truncated_normal.hpp"

namespace starling::test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  double uniform(double a, double b) { return std::uniform_real_distribution<double>(a, b)(engine_); }
  double log_uniform(double a, double b) { return std::exp(uniform(std::log(a), std::log(b))); }

 private:
  std::mt19937_64 engine_;
};

template <class P>
struct Sample {
  P p;
  std::vector<double> theta;
  std::vector<double> pieces;  ///< the support, from end to end
  bool logarithmic = false;    ///< whether quadrature is over ln mu
};

/// Its `sample` and, for the shape of the density, `shape(p, theta, mu)`: proportional to p(mu | theta).
template <class P>
struct Case;

inline double gaussian(double mu, double m, double s) {
  return std::exp(-(mu - m) * (mu - m) / (2 * s * s)) / s;
}

template <>
struct Case<NormalPopulation> {
  static Sample<NormalPopulation> sample(Random& r) {
    const double m = r.uniform(-3, 3), s = r.log_uniform(0.1, 10);
    return {{}, {m, s}, {-infinity, m - 3 * s, m, m + 3 * s, infinity}};
  }
  static double shape(const NormalPopulation&, const std::vector<double>& t, double mu) {
    return gaussian(mu, t[0], t[1]);
  }
};

template <>
struct Case<StudentT> {
  static Sample<StudentT> sample(Random& r) {
    const double m = r.uniform(-3, 3), s = r.log_uniform(0.1, 10);
    return {{}, {m, s, r.log_uniform(0.5, 1e6)}, {-infinity, m - 3 * s, m, m + 3 * s, infinity}};
  }
  static double shape(const StudentT&, const std::vector<double>& t, double mu) {
    const double z = (mu - t[0]) / t[1];
    return std::exp(-(t[2] + 1) / 2 * std::log1p(z * z / t[2]));
  }
};

template <>
struct Case<LogNormalPopulation> {
  static Sample<LogNormalPopulation> sample(Random& r) {
    const double m = r.uniform(-3, 3), s = r.log_uniform(0.05, 3);
    return {{}, {m, s}, {0, std::exp(m - 8 * s), std::exp(m), std::exp(m + 8 * s), infinity}, true};
  }
  static double shape(const LogNormalPopulation&, const std::vector<double>& t, double mu) {
    return gaussian(std::log(mu), t[0], t[1]) / mu;
  }
};

template <>
struct Case<SkewNormal> {
  static Sample<SkewNormal> sample(Random& r) {
    const double m = r.uniform(-3, 3), s = r.log_uniform(0.1, 10), alpha = r.uniform(-8, 8);
    return {{}, {m, s, alpha}, {-infinity, m - 4 * s, m - s / 2, m, m + s / 2, m + 4 * s, infinity}};
  }
  static double shape(const SkewNormal&, const std::vector<double>& t, double mu) {
    return gaussian(mu, t[0], t[1]) * std::erfc(-t[2] * (mu - t[0]) / t[1] / std::sqrt(2.0));
  }
};

template <>
struct Case<TruncatedNormal> {
  static Sample<TruncatedNormal> sample(Random& r) {
    const double a = r.uniform(-3, 3), width = r.log_uniform(0.1, 5), m = a + r.uniform(-4, 4);
    const double s = r.log_uniform(0.2, 10), which = r.uniform(0, 3);
    const double lower = which < 1 ? -infinity : a, upper = which > 2 ? infinity : a + width;
    const double inside = std::min(std::max(m, lower), upper);
    std::vector<double> pieces{lower, inside - s, inside, inside + s, upper};
    std::erase_if(pieces, [&](double x) { return x < lower || x > upper; });
    pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
    return {TruncatedNormal(std::vector{lower, upper}), {m, s}, pieces};
  }
  static double shape(const TruncatedNormal&, const std::vector<double>& t, double mu) {
    return gaussian(mu, t[0], t[1]);
  }
};

template <>
struct Case<PowerLaw> {
  static Sample<PowerLaw> sample(Random& r) {
    const double lower = r.log_uniform(0.1, 10), upper = lower * r.log_uniform(1.5, 1e4);
    return {{}, {r.uniform(-5, 4), lower, upper}, {lower, std::sqrt(lower * upper), upper}, true};
  }
  static double shape(const PowerLaw&, const std::vector<double>& t, double mu) { return std::pow(mu, t[0]); }
};

template <>
struct Case<BrokenPowerLaw> {
  static Sample<BrokenPowerLaw> sample(Random& r) {
    const double lower = r.log_uniform(0.1, 10), middle = lower * r.log_uniform(1.5, 1e2);
    const double upper = middle * r.log_uniform(1.5, 1e2);
    return {{},
            {r.uniform(-4, 4), r.uniform(-4, 4), middle, lower, upper},
            {lower, std::sqrt(lower * middle), middle, std::sqrt(middle * upper), upper},
            true};
  }
  static double shape(const BrokenPowerLaw&, const std::vector<double>& t, double mu) {
    return std::pow(mu / t[2], mu < t[2] ? t[0] : t[1]);
  }
};

template <>
struct Case<PowerLawPeak> {
  static Sample<PowerLawPeak> sample(Random& r) {
    const double mmin = r.uniform(2, 10), mmax = r.uniform(50, 130), mpp = r.uniform(20, 49);
    std::vector<double> pieces{mmin, mpp, std::min(mmax, 100.0), std::max(mmax, 100.0)};
    return {PowerLawPeak(std::vector{100.0}),
            {r.uniform(-4, 8), mmin, mmax, r.uniform(0.01, 0.99), mpp, r.uniform(1, 10)},
            pieces};
  }
  static double shape(const PowerLawPeak&, const std::vector<double>& t,
                      double mu) {  // as its source writes it
    const double s = 1 - t[0], norm = s / (std::pow(t[2], s) - std::pow(t[1], s)),
                 root = t[5] * std::sqrt(2.0);
    const double cut = std::erf((100 - t[4]) / root) + std::erf((t[4] - t[1]) / root);
    return (mu <= t[2] ? (1 - t[3]) * norm * std::pow(mu, -t[0]) : 0) +
           (mu <= 100 ? t[3] * std::sqrt(2 / M_PI) * gaussian(mu, t[4], t[5]) / cut : 0);
  }
};

template <>
struct Case<Schechter> {
  static Sample<Schechter> sample(Random& r) {
    const double x_min = r.uniform(-3, 0.3), star = r.uniform(-0.3, 0.3);
    return {Schechter(std::vector{x_min}),
            {r.uniform(-5, 2.5), star},
            {x_min, std::max(x_min, star) + 0.1, star + 3}};
  }
  static double shape(const Schechter&, const std::vector<double>& t, double mu) {
    const double y = std::pow(10, mu - t[1]);
    return std::pow(y, t[0] + 1) * std::exp(-y);
  }
};

template <>
struct Case<DoubleSchechter> {
  static Sample<DoubleSchechter> sample(Random& r) {
    const double x_min = r.uniform(-2, 0.2), star = r.uniform(-0.3, 0.3), alpha = r.uniform(-1.5, 1);
    return {DoubleSchechter(std::vector{x_min}),
            {alpha, alpha - r.uniform(0.1, 2), star, r.uniform(0.01, 0.99)},
            {x_min, std::max(x_min, star) + 0.1, star + 3}};
  }
  static double shape(const DoubleSchechter& p, const std::vector<double>& t, double mu) {
    // a component's norm by quadrature: the trapezoidal rule over ln y with its error of order step^2 removed
    const auto integral = [&](double alpha) {
      const double from = (p.x_min - t[2]) * std::log(10.0), step = 1e-4;
      const auto f = [&](double u) { return std::exp((alpha + 1) * u - std::exp(u)); };
      const auto derivative = (alpha + 1 - std::exp(from)) * f(from);
      double sum = f(from) / 2;
      for (double u = from + step; u < 5; u += step) sum += f(u);
      return sum * step + derivative * step * step / 12;
    };
    static std::vector<double> last;
    static double norms[2];
    if (last != t) {
      last = t;
      for (int j = 0; j < 2; ++j) norms[j] = integral(t[static_cast<std::size_t>(j)]);
    }
    const double y = std::pow(10, mu - t[2]);
    return (t[3] * std::pow(y, t[0] + 1) / norms[0] + (1 - t[3]) * std::pow(y, t[1] + 1) / norms[1]) *
           std::exp(-y);
  }
};

template <>
struct Case<Bb1> {
  static Sample<Bb1> sample(Random& r) {
    const double u = r.log_uniform(0.1, 10), l = u * r.log_uniform(1e-4, 3);
    return {
        {}, {r.uniform(-1.9, 2), l, u}, {0, 1e-3 * l, l, std::max(u, 2 * l), 50 * (u + l), infinity}, true};
  }
  static double shape(const Bb1&, const std::vector<double>& t, double mu) {
    return -std::expm1(-mu / t[1]) * std::pow(mu / t[2], t[0]) * std::exp(-mu / t[2]);
  }
};

template <>
struct Case<GammaPopulation> {
  static Sample<GammaPopulation> sample(Random& r) {
    const double k = r.log_uniform(0.25, 1e3), scale = r.log_uniform(0.3, 3) / k, m = k * scale;
    const double wide = 10 / std::sqrt(k);
    return {{}, {k, scale}, {0, m * std::exp(-wide), m, m * std::exp(wide), infinity}, true};
  }
  static double shape(const GammaPopulation&, const std::vector<double>& t, double mu) {
    const double m = t[0] * t[1];
    return std::exp((t[0] - 1) * std::log(mu / m) - (mu - m) / t[1]);
  }
};

template <>
struct Case<BetaPopulation> {
  static Sample<BetaPopulation> sample(Random& r) {
    const double a = r.log_uniform(0.3, 300), b = r.log_uniform(1, 300);
    return {{}, {a, b}, {0, a / (a + b), 1}, true};
  }
  static double shape(const BetaPopulation&, const std::vector<double>& t, double mu) {
    const double m = t[0] / (t[0] + t[1]);
    return std::pow(mu / m, t[0] - 1) * std::pow((1 - mu) / (1 - m), t[1] - 1);
  }
};

/// ln p as a sum of quadratic B-splines, the steps the differences of their coefficients.
template <>
struct Case<SmoothDensity> {
  static Sample<SmoothDensity> sample(Random& r) {
    const double width = r.log_uniform(0.1, 100), lower = r.uniform(-1, 1) * width, upper = lower + width;
    const int pieces = 2 + static_cast<int>(r.uniform(0, 22.99));
    const double scale = r.log_uniform(0.1, 0.4);
    std::vector<double> theta, knots;
    for (int k = 0; k <= pieces; ++k) {
      theta.push_back(scale * r.uniform(-1.7, 1.7));
      knots.push_back(lower + (upper - lower) * k / pieces);
    }
    knots.back() = upper;
    theta.push_back(scale);
    return {SmoothDensity(std::vector{lower, upper, static_cast<double>(pieces)}), theta, knots};
  }
  static double shape(const SmoothDensity& p, const std::vector<double>& t, double mu) {
    std::vector<double> coefficient{0};
    for (int k = 0; k <= p.pieces; ++k)
      coefficient.push_back(coefficient.back() + t[static_cast<std::size_t>(k)]);
    const double at = (mu - p.lower) / (p.upper - p.lower) * p.pieces;
    double sum = 0;
    for (std::size_t j = 0; j < coefficient.size(); ++j) {  // its basis function is centred at j - 1/2
      const double z = std::abs(at - (static_cast<double>(j) - 0.5));
      const double b = z < 0.5 ? 0.75 - z * z : z < 1.5 ? 0.5 * (1.5 - z) * (1.5 - z) : 0;
      sum += coefficient[j] * b;
    }
    return std::exp(sum);
  }
};

/// p(mu | theta) itself, of components of mixtures.
inline double written_out(const LogNormalPopulation&, std::span<const double> t, double mu) {
  return gaussian(std::log(mu), t[0], t[1]) / (mu * std::sqrt(2 * M_PI));
}
inline double written_out(const GammaPopulation&, std::span<const double> t, double mu) {
  return std::exp((t[0] - 1) * std::log(mu) - mu / t[1] - t[0] * std::log(t[1]) - std::lgamma(t[0]));
}
inline double written_out(const BetaPopulation&, std::span<const double> t, double mu) {
  return std::exp((t[0] - 1) * std::log(mu) + (t[1] - 1) * std::log1p(-mu) + std::lgamma(t[0] + t[1]) -
                  std::lgamma(t[0]) - std::lgamma(t[1]));
}

template <class P>
requires(!std::is_same_v<P, NormalPopulation>) struct Case<Mixture<P, 2>> {
  static Sample<Mixture<P, 2>> sample(Random& r) {
    auto first = Case<P>::sample(r), second = Case<P>::sample(r);
    if (second.theta[0] < first.theta[0]) std::swap(first, second);
    Sample<Mixture<P, 2>> s{{}, first.theta, first.pieces, first.logarithmic};
    s.theta.insert(s.theta.end(), second.theta.begin(), second.theta.end());
    s.theta.push_back(r.uniform(0.01, 0.99));
    s.pieces.insert(s.pieces.end(), second.pieces.begin(), second.pieces.end());
    std::sort(s.pieces.begin(), s.pieces.end());
    s.pieces.erase(std::unique(s.pieces.begin(), s.pieces.end()), s.pieces.end());
    return s;
  }
  static double shape(const Mixture<P, 2>&, const std::vector<double>& t, double mu) {
    const std::span<const double> all = t;
    return t[4] * written_out(P{}, all.first(2), mu) + (1 - t[4]) * written_out(P{}, all.subspan(2, 2), mu);
  }
};

template <int K>
struct Case<Mixture<NormalPopulation, K>> {
  using P = Mixture<NormalPopulation, K>;
  static Sample<P> sample(Random& r) {
    Sample<P> s{{}, {}, {-infinity}};
    double m = r.uniform(-5, 0);
    for (int k = 0; k < K; ++k, m += r.uniform(0.1, 5)) {
      s.theta.insert(s.theta.end(), {m, r.log_uniform(0.1, 3)});
      s.pieces.push_back(m);
    }
    for (int k = 1; k < K; ++k) s.theta.push_back(r.uniform(0.01, 0.98 / (K - 1)));
    s.pieces.push_back(infinity);
    return s;
  }
  static double shape(const P&, const std::vector<double>& t, double mu) {
    double sum = 0, rest = 1;
    for (std::size_t k = 0; k < K; ++k) {
      const double weight = k < K - 1 ? t[2 * K + k] : rest;
      rest -= weight;
      sum += weight * gaussian(mu, t[2 * k], t[2 * k + 1]);
    }
    return sum;
  }
};

}  // namespace starling::test
