/// What can be done with a population seen through a measurement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace starling {

struct PairFacts {
  std::vector<std::string> integrals;       ///< of the marginal fit, the best first
  std::vector<std::string> latent_updates;  ///< of the joint fit, the best first
  std::string why_not;                      ///< "" where the pair can be had; else the reason, and what to do
};
/// By names, as on the command line. Throws InputError for unknown ones.
PairFacts pair_facts(std::string_view population, std::string_view measurement);

}  // namespace starling
