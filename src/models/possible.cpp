// Which populations make sense behind which measurements.
#include "models/possible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/definition.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"
#include "starling/pairs.hpp"

namespace starling {
namespace {

/// The measurement of the same numbers that takes another mu.
std::string other_way(const std::string& measurement) {
  if (measurement == "poisson") return "poisson_log, whose mu is the logarithm of the rate";
  if (measurement == "binomial") return "binomial_logit, whose mu is the logarithm of the odds";
  return "another measurement";
}

std::string fitting_population(const std::string& measurement) {
  if (measurement == "binomial") return "beta or truncated_normal(lower=0, upper=1)";
  return "gamma, log_normal or truncated_normal(lower=0)";
}

/// mu is log10 of a mass or luminosity: which measurements know nothing of that.
std::string about_logarithms(const std::string& population, const std::string& measurement) {
  const std::string what = fmt::format("population '{}' is one of log10 masses or luminosities", population);
  if (measurement == "flux") return what + ", and measurement 'flux' takes a luminosity itself: use log_flux";
  if (measurement == "poisson" || measurement == "poisson_log")
    return what + fmt::format(", not of {}: use another population",
                              measurement == "poisson" ? "rates" : "natural logarithms of rates");
  if (measurement == "binomial" || measurement == "binomial_logit")
    return what + ", not of probabilities or odds: use another population";
  return "";
}

/// The widest support over theta: a support that moves may lie anywhere above 0.
std::pair<double, double> widest_support(const PopulationModel& population) {
  if (population.support_moves()) return {0, 1};
  return population.support(population.some_theta());
}

}  // namespace

std::string why_impossible(const Named<PopulationModel>& population,
                           const Named<MeasurementModel>& measurement) {
  if (!measurement.model) return "";
  const auto name = measurement.text.substr(0, measurement.text.find('('));
  if (population.model->is_log10())
    if (const auto why = about_logarithms(population.text, name); !why.empty()) return why;
  const auto [least, most] = measurement.model->range();
  const auto [lower, upper] = widest_support(*population.model);
  if (lower >= least && upper <= most) return "";
  return fmt::format(
      "population '{}' reaches {}, where mu of measurement '{}' cannot be {}: use {}, or the population {}",
      population.text, lower < least ? fmt::format("below {}", least) : fmt::format("above {}", most),
      measurement.text, measurement.model->latent(), other_way(name), fitting_population(name));
}

std::string default_measurement(std::string_view population) {
  if (!names_vectors(population)) return "normal";
  const auto with = measurements_of_vectors(population);
  return std::find(with.begin(), with.end(), "normal") != with.end() ? "normal" : with.front();
}

PairFacts pair_facts(std::string_view population, std::string_view measurement) {
  PairFacts facts;
  if (names_vectors(population)) {
    try {
      find_definition(population, measurement);
    } catch (const InputError& error) {
      facts.why_not = error.what();
    }
  } else {
    facts.why_not = find_pair(population, measurement).why_not;
  }
  if (!facts.why_not.empty()) return facts;
  const auto definition = find_definition(population, measurement);
  facts.integrals = definition->integrals();
  facts.latent_updates = definition->latent_updates();
  facts.latents = definition->latents();
  facts.columns = definition->columns();
  for (const auto& array : definition->arrays()) facts.arrays.push_back(array.role);
  return facts;
}

}  // namespace starling
