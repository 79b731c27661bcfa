#include "sampler/start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "starling/error.hpp"

namespace starling {
namespace {

Start user_start(const Model& model, const FitOptions& options) {
  const std::size_t d = model.parameters().size();
  if (options.start_center.size() != d || options.start_spread.size() != d)
    throw InputError(
        fmt::format("the start has {} centers and {} spreads, expected {} of each (one per parameter)",
                    options.start_center.size(), options.start_spread.size(), d));
  for (std::size_t j = 0; j < d; ++j) {
    const double c = options.start_center[j], s = options.start_spread[j];
    const auto& p = model.parameters()[j];
    if (!std::isfinite(c) || !(s >= 0) || !std::isfinite(s))
      throw InputError(fmt::format(
          "start of '{}' is {} with spread {}, expected finite numbers and a spread >= 0", p.name, c, s));
    if (!(c > p.lower && c < p.upper) || !std::isfinite(model.priors()[j].log_density(c)))
      throw InputError(
          fmt::format("start of '{}' is {}, outside of its prior {}", p.name, c, model.priors()[j].text()));
  }
  return {options.start_center, options.start_spread};
}

/// The population's parameters from the data, the measurement's from the middle of their priors.
Start estimated_start(const Model& model, const Catalog& catalog, Method method) {
  const std::size_t d = model.parameters().size();
  const std::size_t population = model.definition().population_dimension();
  Start start;
  std::vector<double> noise;
  for (std::size_t j = population; j < d; ++j) noise.push_back(model.priors()[j].quantile(0.5));
  start = model.definition().estimate(catalog, method, noise);
  for (std::size_t j = population; j < d; ++j) {
    if (model.selection().rate && j + 1 == d) {  // objects that were not seen come on top: walkers find them
      start.center.push_back(static_cast<double>(catalog.size()));
      start.spread.push_back(0.1 * static_cast<double>(catalog.size()));
      continue;
    }
    start.center.push_back(noise[j - population]);
    start.spread.push_back((model.priors()[j].quantile(0.84) - model.priors()[j].quantile(0.16)) / 6);
  }
  return start;
}

bool has_user_start(const FitOptions& options) {
  return !options.start_center.empty() || !options.start_spread.empty();
}

}  // namespace

std::vector<double> start_center(const Model& model, const Catalog& catalog, Method method,
                                 const FitOptions& options) {
  auto center = has_user_start(options) ? user_start(model, options).center
                                        : estimated_start(model, catalog, method).center;
  for (std::size_t j = 0; j < center.size(); ++j) {
    const Prior& prior = model.priors()[j];
    if (prior.is_fixed()) center[j] = prior.a;
    // what the data say lies outside of the prior: its nearest value, with which they are possible most
    // likely
    if (!std::isfinite(prior.log_density(center[j])))
      center[j] = std::clamp(center[j], prior.quantile(0.001), prior.quantile(0.999));
  }
  return center;
}

std::vector<double> start_walkers(const Model& model, const Catalog& catalog, Method method,
                                  const FitOptions& options) {
  const std::size_t d = model.parameters().size(), chains = options.ensembles * options.walkers;
  const bool user = has_user_start(options);
  const Start start = user ? user_start(model, options) : estimated_start(model, catalog, method);
  const double width = user ? 1 : 3;
  std::vector<double> theta(chains * d);
  for (std::size_t c = 0; c < chains; ++c) {
    HostStream stream(options.seed, 0, static_cast<std::uint32_t>(c), purpose_word(Purpose::walker_start));
    const std::span<double> t(theta.data() + c * d, d);
    bool found = false;
    for (int attempt = 0; attempt < 200 && !found; ++attempt) {
      found = true;
      for (std::size_t j = 0; j < d; ++j) {
        const Prior& prior = model.priors()[j];
        t[j] = prior.is_fixed() ? prior.a : start.center[j] + width * start.spread[j] * stream.normal();
        const bool scale = model.parameters()[j].lower == 0 && !prior.is_fixed();
        if (!user && scale && t[j] < start.center[j] / 3) found = false;
      }
      found = found && std::isfinite(model.log_prior(t));
    }
    for (int attempt = 0; attempt < 200 && !found && !user; ++attempt) {
      for (std::size_t j = 0; j < d; ++j) t[j] = model.priors()[j].quantile(0.05 + 0.9 * stream.uniform());
      found = std::isfinite(model.log_prior(t));
    }
    if (!found)
      throw InputError(
          "no start inside the prior was found: give one (center and spread of every parameter)");
  }
  return theta;
}

void pull_inside(std::span<double> theta, std::span<double> lp, std::span<const double> center,
                 const std::function<void()>& evaluate) {
  evaluate();
  const std::size_t d = center.size();
  const auto outside = [](double l) { return !(l > -std::numeric_limits<double>::infinity()); };
  for (int round = 0; round < 40 && std::any_of(lp.begin(), lp.end(), outside); ++round) {
    for (std::size_t c = 0; c < lp.size(); ++c)
      for (std::size_t j = 0; outside(lp[c]) && j < d; ++j)
        theta[c * d + j] = center[j] + 0.5 * (theta[c * d + j] - center[j]);
    evaluate();
  }
  // between two that are inside
  std::vector<std::size_t> inside;
  for (std::size_t c = 0; c < lp.size(); ++c)
    if (!outside(lp[c])) inside.push_back(c);
  if (inside.size() < 2 || inside.size() == lp.size()) return;
  for (std::size_t c = 0; c < lp.size(); ++c) {
    if (!outside(lp[c])) continue;
    const std::size_t a = inside[c % inside.size()], b = inside[(c + 1) % inside.size()];
    const double share = static_cast<double>(c + 1) / static_cast<double>(lp.size() + 1);
    for (std::size_t j = 0; j < d; ++j)
      theta[c * d + j] = theta[a * d + j] + share * (theta[b * d + j] - theta[a * d + j]);
  }
  evaluate();
}

}  // namespace starling
