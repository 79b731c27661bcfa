/// Checks a fit's options and fills in what the user left to the default.
#pragma once

#include <string>

#include "models/definition.hpp"

namespace starling {

/// The shares of the moves where none are asked for, by the scheme.
MoveMix default_moves(const std::string& scheme);

/// The options with every "auto" and zero default replaced, as they are used. Throws InputError.
FitOptions with_defaults(const FitOptions& options, const Model& model, Method method);

/// How a joint fit moves theta in a sweep (with options from with_defaults); "" for the other fits:
/// "interweaved": latents | theta; theta | latents; theta | eta, the latents following.
/// "centred":     latents | theta; theta | latents.
/// "collapsed":   theta on the marginal likelihood; latents | theta.
std::string scheme_of(const FitOptions& options, const Model& model, Method method);

}  // namespace starling
