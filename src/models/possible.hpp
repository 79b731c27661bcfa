/// Which populations make sense behind which measurements.
#pragma once

#include <string>

#include "models/registry.hpp"

namespace starling {

/// Why this pair cannot be had, as one sentence with advice; "" if it can.
std::string why_impossible(const Named<PopulationModel>& population,
                           const Named<MeasurementModel>& measurement);

}  // namespace starling
