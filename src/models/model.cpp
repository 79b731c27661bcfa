// Model: names and priors, checked.
#include "starling/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/definition.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

void check_name(const char* what, std::string_view name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw InputError(fmt::format("unknown {} '{}'{}; known: {}", what, name, did_you_mean(name, known),
                                 fmt::join(known, ", ")));
}

}  // namespace

Model::Model(std::string_view population, std::string_view measurement, const Priors& priors,
             Selection selection)
    : definition_(find_definition(population, measurement, selection.rate)),
      selection_(std::move(selection)) {
  const auto& parameters = definition_->parameters();
  std::vector<std::string> names;
  for (const auto& p : parameters) names.push_back(p.name);
  std::vector<bool> given(parameters.size());
  priors_.resize(parameters.size());
  for (const auto& [name, prior] : priors) {
    check_name("parameter", name, names);
    const auto j = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (given[j]) throw InputError(fmt::format("parameter '{}' has two priors", name));
    given[j] = true;
    if (prior.lower() < parameters[j].lower || prior.upper() > parameters[j].upper)
      throw InputError(
          fmt::format("prior {} of '{}' reaches outside of ({}, {}), where the parameter must lie",
                      prior.text(), name, parameters[j].lower, parameters[j].upper));
    if (prior.is_fixed() && !(prior.a > parameters[j].lower && prior.a < parameters[j].upper))
      throw InputError(fmt::format("'{}' is fixed at {}, expected a value in ({}, {})", name, prior.a,
                                   parameters[j].lower, parameters[j].upper));
    priors_[j] = prior;
  }
  for (std::size_t j = 0; j < names.size(); ++j)
    if (!given[j]) {
      if (parameters[j].prior.empty()) throw InputError(fmt::format("parameter '{}' has no prior", names[j]));
      priors_[j] = parse_prior(parameters[j].prior);
    }
  for (const Prior& prior : priors_) log_normalization_ += prior.log_normalization();
}

std::string Model::population() const {
  return std::string(definition_->population());
}
std::string Model::measurement() const {
  return std::string(definition_->measurement());
}
const std::vector<Parameter>& Model::parameters() const {
  return definition_->parameters();
}

double Model::log_prior(std::span<const double> theta) const {
  const Parameter* parameter = definition_->parameters().data();
  const double* value = theta.data();
  double sum = 0;
  for (const Prior& prior : priors_) {
    if (!(*value > parameter->lower && *value < parameter->upper))
      return -std::numeric_limits<double>::infinity();
    sum += prior.log_shape(*value);
    ++parameter, ++value;
  }
  sum += definition_->log_constraint(theta) - log_normalization_;
  return std::isnan(sum) ? -std::numeric_limits<double>::infinity() : sum;
}

std::vector<Parameter> parameters_of(std::string_view population, std::string_view measurement, bool rate) {
  return find_definition(population, measurement, rate)->parameters();
}

}  // namespace starling
