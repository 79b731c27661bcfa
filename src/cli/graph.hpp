/// The plate diagram of a model.
#pragma once

#include <string>

#include "settings.hpp"

namespace starling::cli {

/// The model in Graphviz DOT: priors and hyperparameters outside; the plate of objects with its latent and
/// what is known of it (grey); for posterior samples the inner plate of the samples.
std::string plate_diagram(const Request& request, const std::string& measurement);

}  // namespace starling::cli
