/// The joint fit: binds a catalog, a model and a backend to a JointTarget, and replays single latents by the
/// same formulas.
#pragma once

#include <memory>
#include <vector>

#include "models/likelihoods.hpp"

namespace starling {

LatentUpdate parse_latent_update(const std::string& name);

std::unique_ptr<JointTarget> joint_target(const Parts& parts, const FitOptions& options);

/// One object's latent at the end of every sweep, [sweep][chain], in the catalog's units: bit for bit as the
/// kernels computed them.
std::vector<double> replay_latents(const Parts& parts, std::size_t object, const ReplaySetup& setup);

}  // namespace starling
