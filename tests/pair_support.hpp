// What the tests of pairs (population, measurement) share: catalogs, models, and integrals over one
// latent by brute force.
#pragma once

// The rule asserts that no point rounds to an end of the range. Some do, and the integrands are finite there.
#define BOOST_DISABLE_ASSERTS
#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/registry.hpp"
#include "pair_cases.hpp"
#include "starling/starling.hpp"

namespace pair_test {

using starling::Catalog;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline Object object_of(const Catalog& catalog, std::size_t i) {
  return [&catalog, i](const std::string& role) {
    return role == "x" ? catalog.x[i] : role == "sigma" ? catalog.sigma_of(i) : catalog.columns.at(role)[i];
  };
}

/// Wide priors: default ones, where there are any.
inline starling::Model model_of(const std::string& population, const std::string& measurement) {
  starling::Priors priors;
  for (const auto& p : starling::parameters_of(population, measurement))
    if (p.prior.empty())
      priors.emplace_back(p.name, p.lower == 0 ? starling::half_normal(10) : starling::normal(0, 10));
  return {population, measurement, priors};
}

/// ln int p(x | mu) p(mu | theta) dmu of one object, and the first two moments of mu given x.
struct LatentIntegral {
  double log, mean, sd;
};
class BruteForce {
 public:
  BruteForce(const std::string& population, const MeasurementCase& measurement)
      : population_(starling::find_population(population).model),
        measurement_(measurement),
        dimension_(population_->parameters().size()) {}

  void at(const std::vector<double>& theta) {
    const std::vector<double> of_population(theta.begin(), theta.begin() + static_cast<long>(dimension_));
    noise_.assign(theta.begin() + static_cast<long>(dimension_), theta.end());
    prepared_.resize(static_cast<std::size_t>(population_->prepared_size()));
    population_->prepare(of_population, prepared_.data());
    support_ = population_->support(of_population);
    break_ = population_->break_in_support(of_population);
    starling::HostStream stream(99, 0, 0, 0);
    std::vector<double> draws;
    for (int k = 0; k < 101; ++k) draws.push_back(population_->draw(of_population, stream));
    std::sort(draws.begin(), draws.end());
    typical_.clear();
    for (std::size_t k = 0; k <= 100; k += 10) typical_.push_back(draws[k]);
    const double range = draws.back() - draws.front();
    for (double reach = 0.5; reach < 1e5; reach *= 4)
      typical_.insert(typical_.end(), {draws.front() - reach * range, draws.back() + reach * range});
  }

  /// A large value of mu.
  [[nodiscard]] double largest() const { return *std::max_element(typical_.begin(), typical_.begin() + 11); }

  [[nodiscard]] double log_density(double mu) const {
    double l = 0;
    population_->log_density(prepared_, std::span(&mu, 1), std::span(&l, 1));
    return l;
  }

  [[nodiscard]] LatentIntegral operator()(const Object& object, bool moments = false) const {
    const auto cuts = cuts_of(object);
    const auto log_integrand = [&](double mu) {
      const double l = log_density(mu) + measurement_.log_density(object, noise_, mu);
      return std::isnan(l) ? -kInfinity : l;
    };
    double top = -kInfinity;
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k)
      for (const double t : {0.02, 0.5, 0.98})
        top = std::max(top, log_integrand(cuts[k] + t * (cuts[k + 1] - cuts[k])));
    if (!(top > -kInfinity)) return {-kInfinity, std::nan(""), std::nan("")};
    const double origin = std::clamp(measurement_.place(object).first, cuts.front(), cuts.back());
    double sum[3] = {};
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k)
      for (int power = 0; power < (moments ? 3 : 1); ++power)
        sum[power] += piece(cuts[k], cuts[k + 1], [&](double mu) {
          return std::exp(std::min(log_integrand(mu) - top, 600.0)) * std::pow(mu - origin, power);
        });
    const double mean = sum[1] / sum[0];
    return {top + std::log(sum[0]), origin + mean, std::sqrt(std::max(0.0, sum[2] / sum[0] - mean * mean))};
  }

  [[nodiscard]] double sum(const Catalog& catalog) const {
    double all = 0;
    for (std::size_t i = 0; i < catalog.size(); ++i)
      all += (catalog.weight.empty() ? 1 : catalog.weight[i]) * (*this)(object_of(catalog, i)).log;
    return all;
  }

  /// The same by a dense midpoint rule, quick and good to about 1e-6; where the interval ends at an end of
  /// the support, at which the density may be infinite, in s of mu = a + (b - a) s^5 / (s^5 + (1 - s)^5).
  [[nodiscard]] double sum_by_midpoints(const Catalog& catalog) const {
    using Places = std::vector<std::pair<double, double>>;  // t in [0, 1], and ln dt/ds
    static const Places straight = [] {
      Places all;
      for (int k = 0; k < 120; ++k) all.emplace_back((k + 0.5) / 120, 0);
      return all;
    }();
    static const Places bent = [] {
      Places all;
      for (int k = 0; k < 200; ++k) {
        const double s = (k + 0.5) / 200, below = std::pow(s, 5), above = std::pow(1 - s, 5),
                     both = below + above;
        all.emplace_back(below / both, std::log(5 * below * above / (s * (1 - s) * both * both)));
      }
      return all;
    }();
    double all = 0;
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      const auto object = object_of(catalog, i);
      const auto [center, width] = measurement_.place(object);
      const double a = std::max(support_.first, center - 9 * width),
                   b = std::min(support_.second, center + 9 * width);
      const bool at_an_end = a == support_.first || b == support_.second;
      const auto& places = at_an_end ? bent : straight;
      const std::size_t cells = places.size();
      double sum = 0, top = -kInfinity;
      std::vector<double> l(cells);
      for (std::size_t k = 0; k < cells; ++k) {
        const auto& [t, log_slope] = places[k];
        const double mu = a + (b - a) * t;
        l[k] = log_slope + log_density(mu) + measurement_.log_density(object, noise_, mu);
        if (!(l[k] < kInfinity)) l[k] = -kInfinity;  // mu is the end itself
        top = std::max(top, l[k]);
      }
      for (const double v : l) sum += std::exp(v - top);
      all += top + std::log(sum * (b - a) / static_cast<double>(cells));
    }
    return all;
  }

 private:
  template <class F>
  static double piece(double a, double b, F f) {
    static boost::math::quadrature::tanh_sinh<double> rule;
    return rule.integrate(f, a, b, 1e-9);
  }
  [[nodiscard]] std::vector<double> cuts_of(const Object& object) const {
    auto cuts = typical_;
    const auto [center, width] = measurement_.place(object);
    for (double reach = 0.5; reach < 100; reach *= 2)
      cuts.insert(cuts.end(), {center - reach * width, center + reach * width});
    cuts.push_back(center);
    if (!std::isnan(break_)) cuts.push_back(break_);
    if (measurement_.text == "binomial") cuts.insert(cuts.end(), {0, 1});
    double lower = support_.first, upper = support_.second;
    if (measurement_.text == "binomial") lower = std::max(lower, 0.0), upper = std::min(upper, 1.0);
    for (double& c : cuts) c = std::clamp(c, lower, upper);
    if (std::isfinite(lower)) cuts.push_back(lower);
    if (std::isfinite(upper)) cuts.push_back(upper);
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end(),
                           [](double a, double b) { return !(b - a > 1e-13 * (1 + std::abs(a))); }),
               cuts.end());
    return cuts;
  }

  std::shared_ptr<const starling::PopulationModel> population_;
  const MeasurementCase& measurement_;
  std::size_t dimension_;
  std::vector<double> noise_, prepared_, typical_;
  std::pair<double, double> support_;
  double break_ = 0;
};

}  // namespace pair_test
