/// The catalog as kernels see it: columns of numbers per object, and per posterior sample.
#pragma once

#include <array>
#include <cstdint>
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

/// Owns what an ObjectView shows.
template <class S>
struct ObjectTable {
  std::array<std::vector<S>, kObjectColumns> column;
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

/// The same objects in another real type.
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
  return out;
}

}  // namespace starling
