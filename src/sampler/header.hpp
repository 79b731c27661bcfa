/// The header of a run's chain.
#pragma once

#include "backends/kernels.hpp"
#include "starling/fit.hpp"

namespace starling {

/// What is known of a run before its first step (with options from with_defaults).
/// scheme: from scheme_of.
ChainHeader make_header(const Model& model, Method method, const FitOptions& options,
                        const std::string& scheme, const Backend& backend);

}  // namespace starling
