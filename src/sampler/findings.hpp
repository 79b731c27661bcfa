/// What a run finds out beside theta, as attributes of its results.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/selection.hpp"
#include "sampler/ensemble.hpp"
#include "sampler/sandwich.hpp"
#include "starling/chain.hpp"

namespace starling {

/// The accepted share of each kind of move of theta, and of the updates of single objects' latents (empty:
/// they are drawn exactly, or there was no burn-in to tell): the lowest and the highest, and the objects that
/// differ much from what is aimed at.
void add_acceptance(const Ensembles& state, const std::vector<double>& of_objects, const Catalog& catalog,
                    ChainResults& results);
/// Why the fit may be wrong, in sentences.
void add_caveats(const std::vector<std::string>& caveats, ChainResults& results);
/// P_det at the posterior mean, and how well injections know it, for so many objects.
void add_selection(SelectionFactor& selection, std::span<const double> mean, std::size_t objects,
                   ChainResults& results);
/// Widths that allow for the weights.
void add_widths(const Sandwich& sandwich, ChainResults& results);

}  // namespace starling
