/// The sink that keeps a chain in memory.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "chain/kept.hpp"
#include "starling/chain.hpp"

namespace starling {
namespace {

/// Copies the draws of a block into the chain, from draw `draw` on; returns the next draw.
std::size_t store_draws(const ChainBlock& block, std::size_t draw, Chain& chain) {
  const std::size_t chains = chain.header.chains(), parameters = chain.header.parameters.size();
  for (std::size_t s = 0; s < block.sweeps; ++s) {
    if (!chain.header.keeps(block.first_sweep + s)) continue;
    for (std::size_t c = 0; c < chains; ++c) {
      const std::size_t from = s * chains + c, to = c * chain.draws + draw;
      for (std::size_t p = 0; p < parameters; ++p) {
        chain.theta[p * chains * chain.draws + to] = block.theta[from * parameters + p];
      }
      chain.lp[to] = block.lp[from];
      chain.acceptance[to] = block.acceptance[from];
    }
    ++draw;
  }
  return draw;
}

}  // namespace

void ChainSink::checkpoint(const std::function<void(const SaveBytes&)>&) {}

void MemorySink::begin(const ChainHeader& header, const Catalog& catalog) {
  check(header);
  chain_ = Chain{};
  blocks_.clear();
  chain_.header = header;
  chain_.observed = kept_part(catalog, ChainFileOptions{}.observed_limit);
}

void MemorySink::append(const ChainBlock& block) {
  check(block, chain_.header, blocks_.empty() ? 0 : blocks_.back().first_sweep + blocks_.back().sweeps);
  blocks_.push_back(block);
}

void MemorySink::finish(const ChainResults& results) {
  chain_.results = results;
  if (results.steps > 0) chain_.header.steps = results.steps;
}

Chain MemorySink::take() {
  const ChainHeader& header = chain_.header;
  chain_.draws = 0;
  for (const ChainBlock& block : blocks_) {
    for (std::size_t s = 0; s < block.sweeps; ++s)
      chain_.draws += header.keeps(block.first_sweep + s) ? 1 : 0;
  }
  const std::size_t values = header.chains() * chain_.draws;
  chain_.theta.resize(header.parameters.size() * values);
  chain_.lp.resize(values);
  chain_.acceptance.resize(values);
  std::size_t draw = 0;
  std::vector<float> likelihoods;  // [draw][chain][object]
  for (ChainBlock& block : blocks_) {
    draw = store_draws(block, draw, chain_);
    likelihoods.insert(likelihoods.end(), block.log_likelihood.begin(), block.log_likelihood.end());
    if (header.method == "joint") {
      chain_.sweep_theta.insert(chain_.sweep_theta.end(), block.theta.begin(), block.theta.end());
      chain_.sweep_theta_centred.insert(chain_.sweep_theta_centred.end(), block.theta_centred.begin(),
                                        block.theta_centred.end());
    }
    block = ChainBlock{};  // its memory is not needed twice
  }
  blocks_.clear();
  if (!likelihoods.empty()) {
    const std::size_t chains = header.chains(), kept = chain_.draws / header.log_likelihood_every(),
                      objects = likelihoods.size() / (kept * chains);
    chain_.log_likelihood.resize(likelihoods.size());
    for (std::size_t k = 0; k < kept; ++k)
      for (std::size_t c = 0; c < chains; ++c)
        std::copy_n(likelihoods.data() + (k * chains + c) * objects, objects,
                    chain_.log_likelihood.data() + (c * kept + k) * objects);
  }
  return std::exchange(chain_, Chain{});
}

}  // namespace starling
