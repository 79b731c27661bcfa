/// The catalog as kernels see it: columns of numbers per object, and per posterior sample.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "starling/math.hpp"

namespace starling {

/// A view; which column means what is said by the formula that reads it. S is float, or double in the oracle.
template <class S>
struct ObjectView {
  const S* column[2] = {nullptr, nullptr};           ///< [size] each
  const S* weight = nullptr;                         ///< [size], or null: all one
  const std::uint64_t* offset = nullptr;             ///< [size + 1] into the sample columns
  const S* sample[3] = {nullptr, nullptr, nullptr};  ///< [offset[size]] each
  std::uint64_t size = 0;
  std::uint64_t first = 0;  ///< number in the catalog of this view's object 0, a multiple of kTile
};

/// Owns what an ObjectView shows.
template <class S>
struct ObjectTable {
  std::array<std::vector<S>, 2> column;
  std::vector<S> weight;
  std::vector<std::uint64_t> offset;
  std::array<std::vector<S>, 3> sample;
  std::uint64_t size = 0;

  [[nodiscard]] ObjectView<S> view() const {
    auto pointer = [](const auto& v) { return v.empty() ? nullptr : v.data(); };
    return {{pointer(column[0]), pointer(column[1])},
            pointer(weight),
            pointer(offset),
            {pointer(sample[0]), pointer(sample[1]), pointer(sample[2])},
            size,
            0};
  }
};

}  // namespace starling
