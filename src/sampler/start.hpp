/// Where walkers start.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/definition.hpp"

namespace starling {

/// First theta of every walker, [chain][parameter]: N(center, spread) redrawn until inside the prior, with
/// the user's center and spread, or three times the estimated posterior width around a quick estimate, and no
/// scale parameter below a third of its estimate (walkers that start at a tiny width freeze). Where the prior
/// excludes the estimate, draws from the middle 90 % of the prior. A pure function of its arguments. Throws
/// InputError for a center outside the prior.
std::vector<double> start_walkers(const Model& model, const Catalog& catalog, Method method,
                                  const FitOptions& options);

/// The reference theta that likelihoods start with: the center of the start, or the prior's nearest likely
/// value where that is outside.
std::vector<double> start_center(const Model& model, const Catalog& catalog, Method method,
                                 const FitOptions& options);

/// Walkers whose log-probability is -infinity (a support that moves with theta may leave out a point) go half
/// of the way to the center, again and again while it is, and at last between two that are inside. evaluate:
/// fills lp from theta.
void pull_inside(std::span<double> theta, std::span<double> lp, std::span<const double> center,
                 const std::function<void()>& evaluate);

}  // namespace starling
