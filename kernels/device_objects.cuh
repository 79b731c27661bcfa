/// The catalog and the walkers' coefficients on the device.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "backends/kernels.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/kernels.cuh"

namespace starling::cuda {

/// A run of tiles.
struct Chunk {
  std::uint64_t first_object, objects;
};

/// The catalog on the device: whole and for good if it fits, else a chunk at a time, in one of two places, so
/// that one can be filled while the other is worked on.
class DeviceObjects {
 public:
  explicit DeviceObjects(const ObjectTable<double>& objects)
      : host_(converted<float>(objects)), chunk_tiles_(tiles_of(objects.size)) {}

  [[nodiscard]] std::uint64_t size() const { return host_.size; }
  [[nodiscard]] std::uint64_t chunk_tiles() const { return chunk_tiles_; }
  [[nodiscard]] std::uint64_t chunk_objects() const { return std::min(host_.size, chunk_tiles_ * kTile); }
  [[nodiscard]] bool whole() const { return chunk_objects() == host_.size; }

  /// Halves the chunks; false if they are as small as they get.
  bool halve() {
    if (chunk_tiles_ <= 1) return false;
    chunk_tiles_ = (chunk_tiles_ + 1) / 2;
    place_ = {};
    return true;
  }

  /// Memory for chunks in so many places.
  void reserve(std::size_t places) {
    const std::uint64_t n = chunk_objects();
    std::uint64_t most = 0;  // samples of a chunk
    if (!host_.offset.empty())
      for (std::uint64_t begin = 0; begin < host_.size; begin += n)
        most = std::max(most, host_.offset[std::min(host_.size, begin + n)] - host_.offset[begin]);
    for (std::size_t p = 0; p < places; ++p) {
      Place& to = place_[p];
      for (std::size_t j = 0; j < kObjectColumns; ++j)
        if (!host_.column[j].empty()) to.column[j].resize(n);
      if (!host_.weight.empty()) to.weight.resize(n);
      if (host_.offset.empty()) continue;
      to.offset.resize(n + 1);
      for (std::size_t j = 0; j < kSampleColumns; ++j)
        if (!host_.sample[j].empty()) to.sample[j].resize(most);
    }
  }

  /// Brings a chunk to one of the places, unless it is there.
  ObjectView<float> load(const Chunk& chunk, const Stream& stream, std::size_t place = 0) {
    Place& to = place_[place];
    const std::uint64_t begin = chunk.first_object, n = chunk.objects;
    ObjectView<float> view;
    view.size = n;
    view.first = host_.first + begin;
    view.measurement = host_.measurement;
    view.latents = host_.latents;
    const bool copy = !(whole() && to.loaded);
    const auto bring = [&](const auto& host, const auto& device, std::uint64_t from, std::uint64_t count) {
      if (host.empty()) return static_cast<decltype(device.get())>(nullptr);
      if (copy) stream.upload(device.get(), host.data() + from, count);
      return device.get();
    };
    for (std::size_t j = 0; j < kObjectColumns; ++j)
      view.column[j] = bring(host_.column[j], to.column[j], begin, n);
    view.weight = bring(host_.weight, to.weight, begin, n);
    if (!host_.offset.empty()) {
      const std::uint64_t first = host_.offset[begin], count = host_.offset[begin + n] - first;
      if (copy) {
        to.host_offset.resize(n + 1);
        for (std::uint64_t i = 0; i <= n; ++i) to.host_offset[i] = host_.offset[begin + i] - first;
        stream.upload(to.offset.get(), to.host_offset.data(), n + 1);
      }
      view.offset = to.offset.get();
      for (std::size_t j = 0; j < kSampleColumns; ++j)
        view.sample[j] = bring(host_.sample[j], to.sample[j], first, count);
    }
    to.loaded = true;
    return view;
  }

  template <class Body>
  void for_chunks(Body body) const {
    for (std::uint64_t begin = 0; begin < host_.size; begin += chunk_objects())
      body(Chunk{begin, std::min(chunk_objects(), host_.size - begin)});
  }

 private:
  struct Place {
    std::array<DeviceBuffer<float>, kObjectColumns> column;
    DeviceBuffer<float> weight;
    DeviceBuffer<std::uint64_t> offset;
    std::array<DeviceBuffer<float>, kSampleColumns> sample;
    std::vector<std::uint64_t> host_offset;  // kept until its copy is done
    bool loaded = false;
  };
  ObjectTable<float> host_;
  std::uint64_t chunk_tiles_ = 0;
  std::array<Place, 2> place_;
};

/// Calls `reserve` until it fits, with smaller and smaller chunks.
template <class Reserve>
void reserve_or_halve(DeviceObjects& objects, Reserve reserve) {
  for (;;) {
    try {
      reserve();
      return;
    } catch (const OutOfDeviceMemory& error) {
      if (!objects.halve())
        throw RunError(
            std::string("the device has too little memory even for the smallest piece of the catalog; use "
                        "fewer walkers or the device cpu. ") +
            error.what());
    }
  }
}

/// The walkers' coefficients on the device, padded to whole blocks of walkers.
class DeviceWalkers {
 public:
  explicit DeviceWalkers(std::uint64_t block_walkers) : block_(block_walkers) {}

  [[nodiscard]] std::uint64_t groups(std::uint64_t walkers) const { return (walkers + block_ - 1) / block_; }
  [[nodiscard]] std::uint64_t padded(std::uint64_t walkers) const { return groups(walkers) * block_; }

  void reserve(std::uint64_t walkers, int coefficients) {
    const std::uint64_t size = padded(walkers) * static_cast<std::uint64_t>(coefficients);
    host_.resize(size);
    device_.resize(size);
  }
  /// They are in use until the sums of the kernel that they are for have come back.
  WalkerView load(const WalkerTable& walkers, const Stream& stream) {
    fill(walkers);
    return upload(walkers.walkers, walkers.coefficients, stream);
  }
  /// The two steps of load.
  void fill(const WalkerTable& walkers) { walkers.pad(padded(walkers.walkers), host_.get()); }
  WalkerView upload(std::uint64_t walkers, int coefficients, const Stream& stream) const {
    const std::uint64_t stride = padded(walkers);
    stream.upload(device_.get(), host_.get(), stride * static_cast<std::uint64_t>(coefficients));
    return {device_.get(), stride};
  }
  /// Where they lie; other places after they were reserved for more walkers.
  [[nodiscard]] std::array<const void*, 2> memory() const { return {host_.get(), device_.get()}; }

 private:
  std::uint64_t block_;
  PinnedBuffer<float> host_;
  DeviceBuffer<float> device_;
};

}  // namespace starling::cuda
