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
            size};
  }
};

/// Coefficients of many walkers: [coefficient][walker], each row padded to whole groups (the padding repeats
/// the last walker, so that it does ordinary work).
template <class S>
struct WalkerView {
  const S* table = nullptr;
  std::uint64_t stride = 0;   ///< padded number of walkers
  std::uint64_t walkers = 0;  ///< true number
};

}  // namespace starling
