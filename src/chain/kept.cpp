/// What every sink of a chain keeps and checks.
#include "chain/kept.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace starling {

std::size_t ChainHeader::log_likelihood_every() const {
  const auto found = attributes.find("log_likelihood_every");
  std::size_t every = 0;
  if (found != attributes.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), every);
  return every;
}

bool ChainHeader::keeps_log_likelihood(std::size_t sweep) const {
  const std::size_t every = log_likelihood_every();
  return every > 0 && keeps(sweep) && ((sweep - burn_in) / thin + 1) % every == 0;
}

std::vector<std::size_t> log_likelihood_draws(const ChainHeader& header, const ChainBlock& block) {
  std::vector<std::size_t> draws;
  for (std::size_t s = block.first_sweep; s < block.first_sweep + block.sweeps; ++s)
    if (header.keeps_log_likelihood(s)) draws.push_back((s - header.burn_in) / header.thin);
  return draws;
}

Catalog kept_part(const Catalog& catalog, std::size_t limit) {
  Catalog kept;
  kept.source = catalog.source;
  kept.hash = catalog.hash;
  if (catalog.size() > limit || !catalog.arrays.empty()) return kept;
  kept.x = catalog.x;
  kept.sigma = catalog.sigma;
  kept.weight = catalog.weight;
  kept.id = catalog.id;
  kept.columns = catalog.columns;
  return kept;
}

std::string complaint(const ChainHeader& header) {
  constexpr std::size_t most_chains = (std::size_t{1} << 24) - 1;
  if (header.parameters.empty() || header.parameters.size() != header.priors.size()) {
    return fmt::format("chain header: {} parameters with {} priors", header.parameters.size(),
                       header.priors.size());
  }
  if (header.ensembles == 0 || header.walkers == 0 || header.ensembles > most_chains / header.walkers ||
      header.thin == 0) {
    return fmt::format("chain header: {} ensembles of {} walkers, thin {}", header.ensembles, header.walkers,
                       header.thin);
  }
  return "";
}

std::string complaint(const ChainBlock& block, const ChainHeader& header, std::size_t next) {
  if (block.first_sweep != next)
    return fmt::format("chain block begins at sweep {}, expected {}", block.first_sweep, next);
  const bool possible = block.sweeps <= block.lp.size();  // or the products below could be too large
  const std::size_t rows = possible ? block.sweeps * header.chains() : 0;
  const std::size_t values = rows * header.parameters.size();
  const bool centred_fits = block.theta_centred.size() == (header.method == "joint" ? values : 0);
  const std::size_t columns = possible ? log_likelihood_draws(header, block).size() * header.chains() : 0;
  const bool likelihoods_fit =
      columns == 0 ? block.log_likelihood.empty()
                   : !block.log_likelihood.empty() && block.log_likelihood.size() % columns == 0;
  if (!likelihoods_fit)
    return fmt::format("chain block of {} sweeps holds {} log-likelihoods, expected {}", block.sweeps,
                       block.log_likelihood.size(),
                       columns == 0 ? "none" : fmt::format("a multiple of {}", columns));
  if (possible && block.theta.size() == values && block.lp.size() == rows &&
      block.acceptance.size() == rows && centred_fits)
    return "";
  return fmt::format(
      "chain block of {} sweeps holds theta {}, theta_centred {}, lp {}, acceptance {}; expected {}, {}, "
      "{}, {}",
      block.sweeps, block.theta.size(), block.theta_centred.size(), block.lp.size(), block.acceptance.size(),
      values, header.method == "joint" ? values : 0, rows, rows);
}

void check(const ChainHeader& header) {
  if (const auto wrong = complaint(header); !wrong.empty()) throw std::logic_error(wrong);
}

void check(const ChainBlock& block, const ChainHeader& header, std::size_t next) {
  if (const auto wrong = complaint(block, header, next); !wrong.empty()) throw std::logic_error(wrong);
}

}  // namespace starling
