/// A model: a population p(mu | theta), a measurement p(x | mu), and a prior for every hyperparameter.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "starling/parameter.hpp"
#include "starling/prior.hpp"
#include "starling/selection.hpp"

namespace starling {

class ModelDefinition;  // what is compiled for a pair (population, measurement): src/models/definition.hpp

/// (name of a hyperparameter, its prior), in any order.
using Priors = std::vector<std::pair<std::string, Prior>>;

class Model {
 public:
  /// By names, as on the command line. A parameter without a prior gets its default, if it has one.
  /// Throws InputError for unknown names (with the nearest known one), missing or unknown parameters, and
  /// priors whose support leaves the parameter's range.
  /// `selection`: how the catalog's objects were selected; with a rate it adds the parameter `rate`.
  Model(std::string_view population, std::string_view measurement, const Priors& priors,
        Selection selection = {});

  /// By types: Model{NormalPopulation{}, NormalNoise{}, {{"theta_mu", uniform(-5, 5)}, ...}}.
  template <class Population, class Measurement>
  requires requires {
    Population::name;
    Measurement::name;
  }
  Model(Population, Measurement, const Priors& priors, Selection selection = {})
      : Model(Population::name, Measurement::name, priors, std::move(selection)) {}

  [[nodiscard]] std::string population() const;
  [[nodiscard]] std::string measurement() const;
  [[nodiscard]] const std::vector<Parameter>& parameters()
      const;  ///< the population's, then the measurement's
  [[nodiscard]] const std::vector<Prior>& priors() const {
    return priors_;
  }  ///< in the order of parameters()
  [[nodiscard]] const Selection& selection() const { return selection_; }
  /// Sum of the priors' log densities; -infinity outside of any support or range.
  [[nodiscard]] double log_prior(std::span<const double> theta) const;
  [[nodiscard]] const ModelDefinition& definition() const { return *definition_; }

 private:
  std::shared_ptr<const ModelDefinition> definition_;
  std::vector<Prior> priors_;
  double log_normalization_ = 0;  // of all of them
  Selection selection_;
};

/// Hyperparameters of a pair, before any prior is chosen. Throws InputError as Model does.
std::vector<Parameter> parameters_of(std::string_view population, std::string_view measurement,
                                     bool rate = false);

/// A population or a measurement, for lists.
struct NamedThing {
  std::string name, meaning;
  std::vector<Parameter> parameters;
  std::vector<Argument> arguments;
  std::vector<Column> columns;  ///< of measurements; of populations what they depend on
  /// Of populations of several latents, or with covariates: the only ones they go with, samples apart.
  std::vector<std::string> measurements = {};
};
std::vector<NamedThing> known_populations();
std::vector<NamedThing> known_measurements();

/// The nearest of `known` to `word` as " (did you mean 'x'?)", or "" if none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace starling
