/// The joint fit: binds a catalog, a model and a backend to a JointTarget, and replays single latents by the
/// same formulas.
#pragma once

#include <memory>
#include <vector>

#include "models/likelihoods.hpp"

namespace starling {

LatentUpdate parse_latent_update(const std::string& name);

/// From the sums of mu - center and of its square over `count` draws, in the frame: mean and standard
/// deviation of a latent, in the catalog's units and in their places.
void sums_to_moments(double& sum, double& squares, double count, double center, Frame frame);

/// Collects the latents as they are, after the transform that `table` has; nothing is drawn.
void collect_last(LatentKernel& kernel, const WalkerTable& table, LatentStep::Collect collect);

std::unique_ptr<JointTarget> joint_target(const Parts& parts, const FitOptions& options, bool collapsed);

/// One object's latent at the end of every sweep, [sweep][chain], in the catalog's units: bit for bit as the
/// kernels computed them.
std::vector<double> replay_latents(const Parts& parts, std::size_t object, const ReplaySetup& setup);

}  // namespace starling
