/// What can be done with a population seen through a measurement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "starling/parameter.hpp"

namespace starling {

struct PairFacts {
  std::vector<std::string> integrals;       ///< of the marginal fit, the best first
  std::vector<std::string> latent_updates;  ///< of the joint fit, the best first
  std::vector<std::string> latents;         ///< names of an object's latents: one, mu, or several
  std::vector<Column> columns;              ///< what it reads of a catalog, posterior samples apart ...
  std::vector<std::string> arrays;          ///< ... and the roles of rows of numbers
  std::string why_not;                      ///< "" where the pair can be had; else the reason, and what to do
};
/// By names, as on the command line. Throws InputError for unknown ones.
PairFacts pair_facts(std::string_view population, std::string_view measurement);

/// The measurement of a population of which none is named: normal, or the one that it was compiled with.
std::string default_measurement(std::string_view population);

}  // namespace starling
