// The log-probability of one theta.
#include "sampler/log_probability.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/selection.hpp"
#include "sampler/options.hpp"
#include "sampler/start.hpp"
#include "starling/error.hpp"

namespace starling {

std::vector<std::size_t> impossible_objects(Likelihood& likelihood, const Catalog& catalog,
                                            std::span<const double> theta) {
  std::vector<double> l(catalog.size());
  likelihood.pointwise(theta, l);
  std::vector<std::size_t> objects;
  for (std::size_t i = 0; i < l.size(); ++i)
    if (!(l[i] > -std::numeric_limits<double>::infinity()) &&
        (catalog.weight.empty() || catalog.weight[i] > 0))
      objects.push_back(i);
  return objects;
}

LogProbability log_probability(const Model& model, const Catalog& catalog, Method method,
                               const std::vector<double>& theta, const FitOptions& options) {
  check(catalog);
  if (method == Method::joint) method = Method::marginal;
  model.definition().check(catalog, method);
  if (theta.size() != model.parameters().size())
    throw InputError(
        fmt::format("theta has {} values, expected {}", theta.size(), model.parameters().size()));
  constexpr double nothing = -std::numeric_limits<double>::infinity();
  LogProbability result{nothing, model.log_prior(theta), nothing, 0, {}};
  for (std::size_t j = 0; j < theta.size(); ++j) {
    const auto& p = model.parameters()[j];
    if (!(theta[j] > p.lower && theta[j] < p.upper)) return result;  // no density is defined there
  }
  const FitOptions used = with_defaults(options, model, method);
  const auto plan = plan_memory(model, catalog, method, used);
  const Backend backend = choose_backend(used.device, used.threads, plan.device_bytes, used.note);
  // The backend computes the difference to a reference; one near theta keeps its relative precision.
  auto reference = start_center(model, catalog, method, used);
  for (std::size_t j = 0; j < theta.size(); ++j)
    reference[j] =
        theta[j] + 0.1 * std::clamp(reference[j] - theta[j], -std::abs(theta[j]), std::abs(theta[j]));
  const auto likelihood = model.definition().likelihood(catalog, method, reference, used, backend);
  if (method == Method::marginal && used.integral == "quadrature") likelihood->rebase(reference, theta);
  likelihood->evaluate(theta, std::span(&result.log_likelihood, 1));
  likelihood->variance(theta, std::span(&result.variance, 1));
  if (result.log_likelihood == nothing) result.impossible = impossible_objects(*likelihood, catalog, theta);
  if (const auto selection = model.definition().selection(catalog, model.selection(), used, backend)) {
    double factor = 0;
    selection->log_factor(theta, std::span(&factor, 1));
    result.log_likelihood += factor;
    result.variance += selection->error(theta).variance;
  }
  result.log_prob = result.log_likelihood + result.log_prior;
  return result;
}

}  // namespace starling
