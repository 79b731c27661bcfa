/// Objects that a theta makes impossible.
#pragma once

#include <span>
#include <vector>

#include "models/definition.hpp"

namespace starling {

/// The objects that count and whose ln L is -infinity.
std::vector<std::size_t> impossible_objects(Likelihood& likelihood, const Catalog& catalog,
                                            std::span<const double> theta);

}  // namespace starling
