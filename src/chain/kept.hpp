/// What every sink of a chain keeps and checks, in memory or in a file.
#pragma once

#include <cstddef>

#include "starling/chain.hpp"

namespace starling {

/// The part of a catalog that is kept beside its chain: all but its posterior samples; or only source and
/// hash if it has more than `limit` objects. A samples catalog keeps its medians.
Catalog kept_part(const Catalog& catalog, std::size_t limit);

/// Throws std::logic_error unless the header makes sense: names and priors of one length, at least one chain,
/// thin > 0.
void check(const ChainHeader& header);

/// Throws std::logic_error unless the block is of the header's shape and begins at sweep `next`.
void check(const ChainBlock& block, const ChainHeader& header, std::size_t next);

}  // namespace starling
