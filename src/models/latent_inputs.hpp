/// What latent kernels read: objects, first scales of proposals, coefficients of the chains.
#pragma once

#include <span>
#include <utility>

#include "models/likelihoods.hpp"

namespace starling {

/// mu <- a mu + b that carries latents from theta `before` to `after` (both in the frame) at fixed eta.
std::pair<double, double> eta_transform(const PopulationModel& population, std::span<const double> before,
                                        std::span<const double> after);

/// Objects as latent kernels read them.
ObjectTable<double> latent_objects(const Parts& parts, std::size_t begin, std::size_t end);

/// First proposal scale of one object: 2.4 times the width of its latent's conditional distribution, for a
/// population about as wide as the frame.
double first_scale(const Parts& parts, const ObjectTable<double>& objects, std::size_t i,
                   std::span<const double> noise);

/// The coefficients of one chain after the transform: origin, population, measurement.
void latent_column(const Parts& parts, std::span<const double> theta, double* out, bool start = false);

}  // namespace starling
