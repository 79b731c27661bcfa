/// Populations of several latents per object: a theta of each, and catalogs drawn from it.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "starling/starling.hpp"

namespace vector_test {

struct Case {
  std::string text;
  std::vector<double> theta;
  std::map<std::string, std::vector<double>> columns;  ///< beside x; one number for all
};

inline const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"multivariate_normal(dimension=3)",
       {0.3, 5, -2, 1, 2, 0.5, 0.5, -0.4, 0.1},
       {{"sigma", {0.6}}, {"sigma_2", {1}}, {"sigma_3", {0.4}}, {"rho_12", {0.5}}, {"rho_23", {-0.3}}}},
      {"linear", {1, 2, 0.5, 3, 1}, {{"sigma", {0.5}}, {"sigma_2", {0.8}}, {"rho_12", {0.4}}}},
      {"linear_mixture_2",
       {1, -0.7, 0.3, -1, 0.5, 2, 0.8, 0.4},
       {{"sigma", {0.5}}, {"sigma_2", {0.4}}, {"rho_12", {-0.6}}}},
      {"linear_mixture_3",
       {0.5, 1.2, 0.4, -2, 0.5, 0.5, 0.4, 3, 0.8, 0.3, 0.3},
       {{"sigma", {0.4}}, {"sigma_2", {0.4}}}},
      {"schechter_in_redshift(x_min=9, z_max=1)", {-1.2, 10.6, 0.3, -0.5}, {{"sigma", {0.15}}}}};
  return all;
}
inline const Case& case_of(const std::string& name) {
  for (const auto& c : cases())
    if (c.text.substr(0, c.text.find('(')) == name) return c;
  throw std::logic_error(name);
}

/// Noise that differs from object to object, and redshifts where the population depends on them.
inline starling::Simulation simulated(const Case& c, std::size_t objects, std::size_t samples = 0,
                                      std::uint64_t seed = 1) {
  auto columns = c.columns;
  for (auto& [role, values] : columns) {
    if (role.starts_with("rho")) continue;
    std::vector<double> all;
    for (std::size_t i = 0; i < objects; ++i)
      all.push_back(values[0] * (0.6 + 0.8 * std::fmod(0.618 * static_cast<double>(i), 1.0)));
    values = all;
  }
  if (c.text.starts_with("schechter_in"))
    for (std::size_t i = 0; i < objects; ++i)
      columns["z"].push_back(0.05 + 0.9 * std::fmod(0.7548 * static_cast<double>(i), 1.0));
  return starling::simulate({c.text, "normal", c.theta, columns, objects, samples, seed});
}

}  // namespace vector_test
