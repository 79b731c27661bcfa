/// The catalog as kernels see it: columns of numbers per object, and per posterior sample.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "starling/math.hpp"

namespace starling {

inline constexpr std::size_t kObjectColumns = 7, kSampleColumns = 4;

/// A view; which column means what is said by the formula that reads it. S is float, or double in the oracle.
template <class S>
struct ObjectView {
  const S* column[kObjectColumns] = {};   ///< [size] each, or null
  const S* weight = nullptr;              ///< [size], or null: all one
  const std::uint64_t* offset = nullptr;  ///< [size + 1] into the sample columns
  const S* sample[kSampleColumns] = {};   ///< [offset[size]] each, or null
  std::uint64_t size = 0;
  std::uint64_t first = 0;        ///< number in the catalog of this view's object 0, a multiple of kTile
  std::uint32_t measurement = 0;  ///< which measurement's formulas the objects follow
  std::uint32_t latents = 1;      ///< per object
};

template <class S>
using ObjectColumns = std::array<std::vector<S>, kObjectColumns>;

/// Owns what an ObjectView shows.
template <class S>
struct ObjectTable {
  ObjectColumns<S> column;
  /// Where the columns of a large catalog are not to be in memory in double: makes those of objects [begin,
  /// end), for `converted`.
  std::function<ObjectColumns<double>(std::uint64_t begin, std::uint64_t end)> make_columns = nullptr;
  std::vector<S> weight;
  std::vector<std::uint64_t> offset;
  std::array<std::vector<S>, kSampleColumns> sample;
  std::uint64_t size = 0;
  std::uint64_t first = 0;  ///< number of the first object in the catalog
  std::uint32_t measurement = 0;
  std::uint32_t latents = 1;

  [[nodiscard]] ObjectView<S> view() const {
    auto pointer = [](const auto& v) { return v.empty() ? nullptr : v.data(); };
    ObjectView<S> out;
    for (std::size_t j = 0; j < kObjectColumns; ++j) out.column[j] = pointer(column[j]);
    for (std::size_t j = 0; j < kSampleColumns; ++j) out.sample[j] = pointer(sample[j]);
    out.weight = pointer(weight);
    out.offset = pointer(offset);
    out.size = size;
    out.first = first;
    out.measurement = measurement;
    out.latents = latents;
    return out;
  }
};

/// Calls body(begin, end) for pieces of a catalog, one after the other, that need little memory.
template <class Body>
void in_pieces(std::uint64_t objects, Body body) {
  constexpr std::uint64_t piece = 1 << 16;
  for (std::uint64_t begin = 0; begin < objects; begin += piece)
    body(begin, std::min(objects, begin + piece));
}

/// The same objects in another real type, with all their columns.
template <class S>
ObjectTable<S> converted(const ObjectTable<double>& t) {
  ObjectTable<S> out;
  out.size = t.size;
  out.first = t.first;
  out.offset = t.offset;
  out.measurement = t.measurement;
  out.latents = t.latents;
  const auto copy = [](const std::vector<double>& from, std::vector<S>& to) {
    to.assign(from.begin(), from.end());
  };
  for (std::size_t j = 0; j < kObjectColumns; ++j) copy(t.column[j], out.column[j]);
  for (std::size_t j = 0; j < kSampleColumns; ++j) copy(t.sample[j], out.sample[j]);
  copy(t.weight, out.weight);
  if (!t.make_columns) return out;
  in_pieces(t.size, [&](std::uint64_t begin, std::uint64_t end) {
    const auto made = t.make_columns(begin, end);
    for (std::size_t j = 0; j < kObjectColumns; ++j) {
      if (begin == 0 && !made[j].empty()) out.column[j].reserve(t.size);
      out.column[j].insert(out.column[j].end(), made[j].begin(), made[j].end());
    }
  });
  return out;
}

}  // namespace starling
