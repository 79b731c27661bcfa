/// Where the likelihood is expanded, and its integrals by nodes are right.
#pragma once

#include <vector>

#include "models/definition.hpp"
#include "sampler/ensemble.hpp"
#include "starling/model.hpp"

namespace starling {

/// What Likelihood::rebase takes.
struct Reference {
  std::vector<double> theta;   ///< the mean of all walkers; empty: none yet
  std::vector<double> others;  ///< [n][d]
};

/// Others: beyond the walkers that are farthest out, as walkers will go there, about five standard
/// deviations, unless the prior ends before; then `also`, [n][d].
Reference reference_of(const Ensembles& walkers, const Model& model, const std::vector<double>& also = {});

/// Whether a walker went where integrals were not made right.
bool went_beyond(const Ensembles& walkers, const Reference& reference);

/// Theta of the walkers for which nodes are too far apart: populations much narrower than the noise. Looked
/// at are those more than half as far from the reference as integrals were made right, in one of the
/// parameters.
std::vector<double> unresolved(const Ensembles& walkers, const Reference& reference,
                               const Likelihood& likelihood);

/// Whether they were made right for much more than the walkers need now, twice as far or more.
bool reaches_too_far(const Ensembles& walkers, const Reference& reference, const Model& model);

}  // namespace starling
