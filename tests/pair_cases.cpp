// Populations and measurements for the tests of pairs.
#include "pair_cases.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace pair_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double log_gaussian(double r, double s) {
  return -0.5 * r * r / (s * s) - std::log(s * std::sqrt(2 * M_PI));
}
double log_phi(double z) {
  if (z > -30) return std::log(0.5 * std::erfc(-z / std::sqrt(2.0)));
  return -0.5 * z * z - std::log(-z * std::sqrt(2 * M_PI)) + std::log1p(-1 / (z * z) + 3 / std::pow(z, 4));
}
double log_poisson(double x, double mean) {
  return mean > 0 ? (x > 0 ? x * std::log(mean) : 0) - mean - std::lgamma(x + 1) : -kInfinity;
}
/// q = 1 - p
double log_binomial(double x, double n, double p, double q) {
  if (!(p >= 0 && q >= 0)) return -kInfinity;
  return std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) + (x > 0 ? x * std::log(p) : 0) +
         (n > x ? (n - x) * std::log(q) : 0);
}

std::pair<double, double> normal_place(const Object& o) {
  return {o("x"), o("sigma")};
}
double area(const Object& o) {
  return 4 * M_PI * o("distance") * o("distance");
}

}  // namespace

const std::vector<PopulationCase>& populations() {
  static const std::vector<PopulationCase> all{
      {"normal", {0.6, 0.8}},
      {"student_t", {0.5, 0.7, 4}},
      {"skew_normal", {0.1, 1, 2}},
      {"truncated_normal(lower=0,upper=1)", {0.4, 0.5}},
      {"truncated_normal(lower=0,upper=inf)", {0.5, 0.8}},
      {"log_normal", {-0.2, 0.5}},
      {"gamma", {1.7, 0.6}},
      {"beta", {1.5, 2.5}},
      {"power_law", {-1.5, 0.4, 6}},
      {"broken_power_law", {1, -2, 1.2, 0.3, 7}},
      {"power_law_peak(gaussian_mass_maximum=10)", {2, 0.5, 8, 0.3, 3, 0.6}},
      {"schechter(x_min=-1)", {-0.7, 0.5}},
      {"double_schechter(x_min=-1)", {-0.3, -1.4, 0.5, 0.6}},
      {"bb1", {-0.3, 0.3, 1}},
      {"smooth(lower=0,upper=1,pieces=4)", {2, 1, -0.5, -1.5, -2, 1}},
      {"normal_mixture_2", {-0.5, 0.4, 1.2, 0.5, 0.4}},
      {"normal_mixture_3", {-0.7, 0.4, 0.5, 0.3, 1.6, 0.5, 0.3, 0.3}},
      {"normal_mixture_4", {-1, 0.4, 0, 0.3, 1, 0.5, 2, 0.3, 0.2, 0.3, 0.3}},
      {"log_normal_mixture_2", {-0.8, 0.3, 0.4, 0.4, 0.4}},
      {"gamma_mixture_2", {1.7, 0.3, 4, 0.5, 0.4}},
      {"beta_mixture_2", {1.5, 6, 5, 1.8, 0.4}}};
  return all;
}

const std::vector<MeasurementCase>& measurements() {
  using Theta = std::vector<double>;
  static const std::vector<MeasurementCase> all{
      {"normal",
       {{"sigma", {0.5}}},
       {},
       [](const Object& o, const Theta&, double mu) { return log_gaussian(o("x") - mu, o("sigma")); },
       normal_place},
      {"normal_unknown_noise",
       {{"sigma", {0.4}}},
       {1.3},
       [](const Object& o, const Theta& t, double mu) {
         return log_gaussian(o("x") - mu, t[0] * o("sigma"));
       },
       normal_place},
      {"normal_extra_scatter",
       {{"sigma", {0.4}}},
       {0.3},
       [](const Object& o, const Theta& t, double mu) {
         return log_gaussian(o("x") - mu, std::hypot(t[0], o("sigma")));
       },
       normal_place},
      {"student_t(nu=4)",
       {{"sigma", {0.4}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         const double z = (o("x") - mu) / o("sigma");
         return std::lgamma(2.5) - std::lgamma(2.0) - 0.5 * std::log(4 * M_PI) - std::log(o("sigma")) -
                2.5 * std::log1p(z * z / 4);
       },
       normal_place},
      {"two_sided_normal",
       {{"sigma_minus", {0.3}}, {"sigma_plus", {0.6}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         const double r = o("x") - mu, s = r < 0 ? o("sigma_plus") : o("sigma_minus");
         return -0.5 * r * r / (s * s) +
                std::log(2 / (std::sqrt(2 * M_PI) * (o("sigma_minus") + o("sigma_plus"))));
       },
       [](const Object& o) { return std::pair(o("x"), 0.5 * (o("sigma_minus") + o("sigma_plus"))); }},
      {"censored_normal",
       {{"sigma", {0.5}}, {"limit", {0}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         if (o("limit") == 0) return log_gaussian(o("x") - mu, o("sigma"));
         return log_phi(o("limit") * (o("x") - mu) / o("sigma"));
       },
       normal_place},
      {"flux",
       {{"sigma", {0.5}}, {"distance", {0.3}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         return log_gaussian(o("x") - mu / area(o), o("sigma"));
       },
       [](const Object& o) { return std::pair(o("x") * area(o), o("sigma") * area(o)); }},
      {"log_flux",
       {{"sigma", {0.3}}, {"distance", {0.4}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         return log_gaussian(o("x") - std::pow(10, mu) / area(o), o("sigma"));
       },
       [](const Object& o) {
         const double f = std::max(o("x"), o("sigma"));
         return std::pair(std::log10(f * area(o)), 0.4 * o("sigma") / f);
       }},
      {"poisson",
       {{"exposure", {8}}},
       {},
       [](const Object& o, const Theta&, double mu) { return log_poisson(o("x"), o("exposure") * mu); },
       [](const Object& o) {
         return std::pair(o("x") / o("exposure"), std::sqrt(o("x") + 1) / o("exposure"));
       }},
      {"poisson_log",
       {{"exposure", {5}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         return log_poisson(o("x"), o("exposure") * std::exp(mu));
       },
       [](const Object& o) {
         return std::pair(std::log((o("x") + 0.5) / o("exposure")), 1 / std::sqrt(o("x") + 0.5));
       }},
      {"binomial",
       {{"trials", {12}}},
       {},
       [](const Object& o, const Theta&, double mu) { return log_binomial(o("x"), o("trials"), mu, 1 - mu); },
       [](const Object& o) {
         const double p = (o("x") + 0.5) / (o("trials") + 1);
         return std::pair(p, std::sqrt(p * (1 - p) / (o("trials") + 1)));
       }},
      {"binomial_logit",
       {{"trials", {12}}},
       {},
       [](const Object& o, const Theta&, double mu) {
         return log_binomial(o("x"), o("trials"), 1 / (1 + std::exp(-mu)), 1 / (1 + std::exp(mu)));
       },
       [](const Object& o) {
         const double p = (o("x") + 0.5) / (o("trials") + 1);
         return std::pair(std::log(p / (1 - p)), 1 / std::sqrt(p * (1 - p) * (o("trials") + 1)));
       }}};
  return all;
}

const MeasurementCase& measurement(const std::string& text) {
  for (const auto& m : measurements())
    if (m.text == text) return m;
  throw std::logic_error(text);
}
const PopulationCase& population(const std::string& text) {
  for (const auto& p : populations())
    if (p.text == text) return p;
  throw std::logic_error(text);
}

}  // namespace pair_test
