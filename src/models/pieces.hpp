/// Going through a catalog that need not be in memory.
#pragma once

#include "formulas/objects.hpp"
#include "starling/catalog.hpp"

namespace starling {

/// Calls body(begin, end) for pieces of the objects, one after the other; what a large catalog has of a piece
/// leaves memory after it.
template <class Body>
void in_pieces(const Catalog& catalog, Body body) {
  in_pieces(catalog.size(), [&](std::uint64_t begin, std::uint64_t end) {
    body(begin, end);
    catalog.let_go(begin, end);
  });
}

}  // namespace starling
