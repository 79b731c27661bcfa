/// What every sink of a chain keeps and checks.
#include "chain/kept.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace starling {

Catalog kept_part(const Catalog& catalog, std::size_t limit) {
  Catalog kept;
  kept.source = catalog.source;
  kept.hash = catalog.hash;
  if (catalog.size() > limit) return kept;
  kept.x = catalog.x;
  kept.sigma = catalog.sigma;
  kept.weight = catalog.weight;
  kept.id = catalog.id;
  kept.columns = catalog.columns;
  return kept;
}

void check(const ChainHeader& header) {
  if (header.parameters.empty() || header.parameters.size() != header.priors.size()) {
    throw std::logic_error(fmt::format("chain header: {} parameters with {} priors", header.parameters.size(),
                                       header.priors.size()));
  }
  if (header.chains() == 0 || header.thin == 0) {
    throw std::logic_error(fmt::format("chain header: {} ensembles of {} walkers, thin {}", header.ensembles,
                                       header.walkers, header.thin));
  }
}

void check(const ChainBlock& block, const ChainHeader& header, std::size_t next) {
  if (block.first_sweep != next) {
    throw std::logic_error(
        fmt::format("chain block begins at sweep {}, expected {}", block.first_sweep, next));
  }
  const std::size_t rows = block.sweeps * header.chains();
  const std::size_t values = rows * header.parameters.size();
  const bool centred_fits = block.theta_centred.size() == (header.method == "joint" ? values : 0);
  if (block.theta.size() != values || block.lp.size() != rows || block.acceptance.size() != rows ||
      !centred_fits) {
    throw std::logic_error(fmt::format(
        "chain block of {} sweeps holds theta {}, theta_centred {}, lp {}, acceptance {}; expected {}, {}, "
        "{}, {}",
        block.sweeps, block.theta.size(), block.theta_centred.size(), block.lp.size(),
        block.acceptance.size(), values, header.method == "joint" ? values : 0, rows, rows));
  }
}

}  // namespace starling
