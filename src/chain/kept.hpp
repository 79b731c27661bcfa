/// What every sink of a chain keeps and checks, in memory or in a file.
#pragma once

#include <cstddef>
#include <string>

#include "starling/chain.hpp"

namespace starling {

/// The part of a catalog that is kept beside its chain: all but its posterior samples; or only source and
/// hash if it has more than `limit` objects. A samples catalog keeps its medians.
Catalog kept_part(const Catalog& catalog, std::size_t limit);

/// What is wrong with a header, or "": names and priors are of one length, there is at least one chain, and
/// not more than a run can have, thin > 0.
std::string complaint(const ChainHeader& header);
/// What is wrong with a block, or "": it is of the header's shape and begins at sweep `next`.
std::string complaint(const ChainBlock& block, const ChainHeader& header, std::size_t next);

// The same as std::logic_error, where the program itself made them.
void check(const ChainHeader& header);
void check(const ChainBlock& block, const ChainHeader& header, std::size_t next);

}  // namespace starling
