/// The host side of the CUDA backend: what is where, in which pieces, and when the host waits (once per call,
/// for the sums that the acceptance needs).
#pragma once

#include <algorithm>

#include "backends/cuda_kernels.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/kernels.cuh"
#include "kernels/row_sums.hpp"

namespace starling::cuda {

/// Tiles whose partial sums are held at a time.
inline constexpr std::uint64_t kTilesPerPass = 16384;

/// Runs `pass(first_tile, tiles, partial)` over all tiles of what is on the device, and adds the tiles' sums
/// on the device.
class TileSums {
 public:
  void reserve(std::uint64_t rows, std::uint64_t tiles) {
    const std::uint64_t passes = (tiles + kTilesPerPass - 1) / kTilesPerPass;
    partial_.resize(rows * std::min(tiles, kTilesPerPass));
    sums_.resize(rows * passes);
    std::size_t bytes = 0;
    check(row_sums_memory(rows, bytes), "asking for the memory of a reduction");
    temporary_.resize(std::max<std::size_t>(bytes, 1));
    host_.resize(rows * passes);
  }

  template <class Pass>
  void run(const Stream& stream, std::uint64_t rows, std::uint64_t tiles, Pass pass) {
    std::uint64_t k = 0;
    for (std::uint64_t first = 0; first < tiles; first += kTilesPerPass, ++k) {
      const std::uint64_t count = std::min(kTilesPerPass, tiles - first);
      pass(first, count, partial_.get());
      check(row_sums(temporary_.get(), temporary_.size(), partial_.get(), rows, count, sums_.get() + k * rows,
                     stream.get()),
            "starting a reduction");
    }
    stream.download(host_.get(), sums_.get(), k * rows);
    stream.wait();
    passes_ = k;
  }

  /// Adds the result of the last run to out, [output][walker].
  void add_to(std::span<FixedSum> out, std::uint64_t walkers) const {
    const std::uint64_t outputs = out.size() / walkers, rows = outputs * padded(walkers);
    for (std::uint64_t k = 0; k < passes_; ++k)
      for (std::uint64_t j = 0; j < outputs; ++j)
        for (std::uint64_t w = 0; w < walkers; ++w)
          out[j * walkers + w] += host_[k * rows + j * padded(walkers) + w];
  }

 private:
  DeviceBuffer<FixedSum> partial_, sums_;
  DeviceBuffer<char> temporary_;
  PinnedBuffer<FixedSum> host_;
  std::uint64_t passes_ = 0;
};

/// A run of tiles.
struct Chunk {
  std::uint64_t first_object, objects;
};

/// The catalog on the device: whole and for good if it fits, else a chunk at a time.
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
    loaded_ = false;
    column_ = {};
    weight_ = {};
    offset_ = {};
    sample_ = {};
    return true;
  }

  void reserve() {
    const std::uint64_t n = chunk_objects();
    for (std::size_t j = 0; j < column_.size(); ++j)
      if (!host_.column[j].empty()) column_[j].resize(n);
    if (!host_.weight.empty()) weight_.resize(n);
    if (host_.offset.empty()) return;
    std::uint64_t most = 0;
    for (std::uint64_t begin = 0; begin < host_.size; begin += n)
      most = std::max(most, host_.offset[std::min(host_.size, begin + n)] - host_.offset[begin]);
    offset_.resize(n + 1);
    for (std::size_t j = 0; j < sample_.size(); ++j)
      if (!host_.sample[j].empty()) sample_[j].resize(most);
  }

  /// Brings a chunk to the device, unless it is there.
  ObjectView<float> load(const Chunk& chunk, const Stream& stream) {
    const std::uint64_t begin = chunk.first_object, n = chunk.objects;
    ObjectView<float> view;
    view.size = n;
    view.first = begin;
    view.measurement = host_.measurement;
    const bool copy = !(whole() && loaded_);
    const auto bring = [&](const auto& host, const auto& device, std::uint64_t from, std::uint64_t count) {
      if (host.empty()) return static_cast<decltype(device.get())>(nullptr);
      if (copy) stream.upload(device.get(), host.data() + from, count);
      return device.get();
    };
    for (std::size_t j = 0; j < column_.size(); ++j)
      view.column[j] = bring(host_.column[j], column_[j], begin, n);
    view.weight = bring(host_.weight, weight_, begin, n);
    if (!host_.offset.empty()) {
      const std::uint64_t first = host_.offset[begin], count = host_.offset[begin + n] - first;
      if (copy) {
        chunk_offset_.resize(n + 1);
        for (std::uint64_t i = 0; i <= n; ++i) chunk_offset_[i] = host_.offset[begin + i] - first;
        stream.upload(offset_.get(), chunk_offset_.data(), n + 1);
      }
      view.offset = offset_.get();
      for (std::size_t j = 0; j < sample_.size(); ++j)
        view.sample[j] = bring(host_.sample[j], sample_[j], first, count);
    }
    loaded_ = true;
    return view;
  }

  template <class Body>
  void for_chunks(Body body) const {
    for (std::uint64_t begin = 0; begin < host_.size; begin += chunk_objects())
      body(Chunk{begin, std::min(chunk_objects(), host_.size - begin)});
  }

 private:
  ObjectTable<float> host_;
  std::uint64_t chunk_tiles_ = 0;
  bool loaded_ = false;
  std::array<DeviceBuffer<float>, kObjectColumns> column_;
  DeviceBuffer<float> weight_;
  DeviceBuffer<std::uint64_t> offset_;
  std::array<DeviceBuffer<float>, kSampleColumns> sample_;
  std::vector<std::uint64_t> chunk_offset_;  // kept until its copy is done
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

/// The walkers' coefficients on the device.
class DeviceWalkers {
 public:
  void reserve(std::uint64_t walkers, int coefficients) {
    device_.resize(padded(walkers) * static_cast<std::uint64_t>(coefficients));
  }
  WalkerView load(const WalkerTable& walkers, const Stream& stream) {
    walkers.pad(host_);
    stream.upload(device_.get(), host_.data(), host_.size());
    return {device_.get(), padded(walkers.walkers)};
  }

 private:
  std::vector<float> host_;
  DeviceBuffer<float> device_;
};

inline void use_device(int device) {
  check(cudaSetDevice(device), "choosing the device");
}

template <class Term>
class Likelihood final : public LikelihoodKernel {
 public:
  Likelihood(const ObjectTable<double>& objects, int device)
      : device_((use_device(device), device)), objects_(objects) {}

  void sum(const WalkerTable& walkers, std::span<FixedSum> out) override {
    use_device(device_);
    std::fill(out.begin(), out.end(), FixedSum{});
    const std::uint64_t rows = padded(walkers.walkers) * Term::outputs;
    reserve_or_halve(objects_, [&] {
      objects_.reserve();
      walkers_.reserve(walkers.walkers, walkers.coefficients);
      sums_.reserve(rows, objects_.chunk_tiles());
    });
    const WalkerView view = walkers_.load(walkers, stream_);
    const auto groups = static_cast<unsigned>(groups_of(walkers.walkers));
    const std::size_t shared = kStripsPerTile * Term::outputs * kGroup * sizeof(double);
    objects_.for_chunks([&](const Chunk& chunk) {
      const ObjectView<float> objects = objects_.load(chunk, stream_);
      sums_.run(stream_, rows, tiles_of(chunk.objects),
                [&](std::uint64_t first_tile, std::uint64_t tiles, FixedSum* partial) {
                  check(launch(likelihood_kernel<Term>, dim3(static_cast<unsigned>(tiles), groups),
                               dim3(kGroup, kStripsPerTile), shared, stream_.get(), objects, view, first_tile,
                               partial),
                        "starting a likelihood kernel");
                });
      sums_.add_to(out, walkers.walkers);
    });
  }

 private:
  int device_;
  Stream stream_;
  DeviceObjects objects_;
  DeviceWalkers walkers_;
  TileSums sums_;
};

/// The latents, on the device for the whole run if they fit; else in host memory, a chunk of objects at a
/// time on the device.
template <class Latent>
class Latents final : public LatentKernel {
 public:
  Latents(const ObjectTable<double>& objects, const LatentSetup& setup, int device)
      : device_((use_device(device), device)),
        objects_(objects),
        chains_(setup.chains),
        stride_(padded(setup.chains)),
        groups_(groups_of(setup.chains)) {
    const std::uint64_t rows = stride_ * latent_sums<Latent>();
    reserve_or_halve(objects_, [&] {
      const std::uint64_t n = objects_.chunk_objects();
      mu_ = {};
      moments_ = {};
      accepted_ = {};
      scale_ = {};
      objects_.reserve();
      walkers_.reserve(chains_, Latent::coefficients);
      sums_.reserve(rows, objects_.chunk_tiles());
      mu_.resize(n * stride_);
      moments_.resize(2 * groups_ * n);
      if (Latent::metropolis) {
        accepted_.resize(groups_ * n);
        scale_.resize(n);
      }
    });
    host_scale_.assign(setup.scale.begin(), setup.scale.end());
    if (objects_.whole()) {
      check(cudaMemsetAsync(moments_.get(), 0, 2 * groups_ * objects_.size() * sizeof(double), stream_.get()),
            "clearing moments");
      if (Latent::metropolis) stream_.upload(scale_.get(), host_scale_.data(), host_scale_.size());
      stream_.wait();
    } else {
      host_mu_.resize(objects_.size() * stride_);
      host_moments_.resize(2 * groups_ * objects_.size());
      if (Latent::metropolis) host_accepted_.resize(groups_ * objects_.size());
    }
  }

  void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) override {
    use_device(device_);
    const std::uint64_t rows = stride_ * latent_sums<Latent>();
    if (step.updates > 0) std::fill(out.begin(), out.end(), FixedSum{});
    const WalkerView view = walkers_.load(walkers, stream_);
    objects_.for_chunks([&](const Chunk& chunk) {
      const ObjectView<float> objects = objects_.load(chunk, stream_);
      if (!objects_.whole()) move_chunk(chunk, Direction::to_device);
      const LatentView latents{mu_.get(), scale_.get(), moments_.get(), accepted_.get(), chains_};
      const auto pass = [&](std::uint64_t first_tile, std::uint64_t tiles, FixedSum* partial) {
        check(
            launch(latent_kernel<Latent>, dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(groups_)),
                   dim3(kGroup, kStripsPerTile), latent_shared_bytes<Latent>(), stream_.get(), objects, view,
                   latents, step, first_tile, partial),
            "starting a latent kernel");
      };
      if (step.updates > 0) {
        sums_.run(stream_, rows, tiles_of(chunk.objects), pass);
        sums_.add_to(out, chains_);
      } else {
        pass(0, tiles_of(chunk.objects), nullptr);
      }
      if (!objects_.whole()) move_chunk(chunk, Direction::to_host);
      stream_.wait();
    });
  }

  void sum(LatentSum what, const WalkerTable& walkers, std::span<const std::uint8_t> wanted,
           std::span<FixedSum> out) override {
    use_device(device_);
    std::vector<FixedSum> sums(chains_);
    const WalkerView view = walkers_.load(walkers, stream_);
    objects_.for_chunks([&](const Chunk& chunk) {
      const ObjectView<float> objects = objects_.load(chunk, stream_);
      if (!objects_.whole()) move_chunk(chunk, Direction::to_device);
      const LatentView latents{mu_.get(), scale_.get(), moments_.get(), accepted_.get(), chains_};
      const std::size_t shared = kStripsPerTile * kGroup * sizeof(double);
      sums_.run(stream_, stride_, tiles_of(chunk.objects),
                [&](std::uint64_t first_tile, std::uint64_t tiles, FixedSum* partial) {
                  check(launch(latent_sum_kernel<Latent>,
                               dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(groups_)),
                               dim3(kGroup, kStripsPerTile), shared, stream_.get(), objects, view, latents,
                               what, first_tile, partial),
                        "starting a sum over latents");
                });
      sums_.add_to(sums, chains_);
    });
    for (std::uint64_t w = 0; w < chains_; ++w)
      if (wanted.empty() || wanted[w / kGroup] != 0) out[w] = sums[w];
  }

  void adapt(double gain, double trials) override {
    use_device(device_);
    objects_.for_chunks([&](const Chunk& chunk) {
      if (!objects_.whole()) move_chunk(chunk, Direction::to_device);
      const unsigned threads = 256;
      check(launch(adapt_kernel<float>, dim3(static_cast<unsigned>((chunk.objects + threads - 1) / threads)),
                   dim3(threads), 0, stream_.get(), scale_.get(), accepted_.get(), chunk.objects, groups_,
                   static_cast<float>(gain), static_cast<float>(trials)),
            "starting the adaptation kernel");
      if (!objects_.whole()) move_chunk(chunk, Direction::to_host);
      stream_.wait();
    });
  }

  void moments(std::span<double> sum, std::span<double> squares) override {
    use_device(device_);
    const std::uint64_t n = objects_.size();
    if (objects_.whole()) {
      host_moments_.resize(2 * groups_ * n);
      stream_.download(host_moments_.data(), moments_.get(), host_moments_.size());
      stream_.wait();
    }
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(squares.begin(), squares.end(), 0.0);
    for (std::uint64_t g = 0; g < groups_; ++g)
      for (std::uint64_t i = 0; i < n; ++i) {
        sum[i] += host_moments_[2 * g * n + i];
        squares[i] += host_moments_[(2 * g + 1) * n + i];
      }
  }

  void scales(std::span<double> out) override {
    use_device(device_);
    if (objects_.whole() && Latent::metropolis) {
      stream_.download(host_scale_.data(), scale_.get(), host_scale_.size());
      stream_.wait();
    }
    std::copy(host_scale_.begin(), host_scale_.end(), out.begin());
  }

  void state(State& state) override {
    use_device(device_);
    const std::uint64_t n = objects_.size();
    carry(state, mu_, host_mu_, n * stride_);
    carry(state, moments_, host_moments_, 2 * groups_ * n);
    carry(state, scale_, host_scale_, host_scale_.size());
  }

 private:
  enum class Direction { to_device, to_host };

  /// Saves or restores one array, on the device if the catalog is there as a whole, else in host memory. The
  /// copies go through a buffer of their own, so that the host's memory does not grow with the catalog.
  template <class T>
  void carry(State& state, DeviceBuffer<T>& device, std::vector<T>& host, std::uint64_t size) {
    if (!objects_.whole()) {
      state.array(host.data(), size);
      return;
    }
    state.length(size);
    std::vector<T> piece(std::min(size, std::uint64_t{1} << 22));
    for (std::uint64_t first = 0; first < size; first += piece.size()) {
      const std::uint64_t count = std::min<std::uint64_t>(piece.size(), size - first);
      if (!state.restores()) {
        stream_.download(piece.data(), device.get() + first, count);
        stream_.wait();
      }
      state.raw(piece.data(), count);
      if (state.restores()) {
        stream_.upload(device.get() + first, piece.data(), count);
        stream_.wait();
      }
    }
  }

  /// Copies a chunk's latents, moments, counts and scales. Rows [group] of the host arrays are as long as the
  /// catalog, those of the device as long as the chunk.
  void move_chunk(const Chunk& chunk, Direction direction) {
    const std::uint64_t n = objects_.size(), first = chunk.first_object, m = chunk.objects;
    const auto move = [&](auto* device, auto* host, std::uint64_t count) {
      if (direction == Direction::to_device)
        stream_.upload(device, host, count);
      else
        stream_.download(host, device, count);
    };
    move(mu_.get(), host_mu_.data() + first * stride_, m * stride_);
    for (std::uint64_t row = 0; row < 2 * groups_; ++row)
      move(moments_.get() + row * m, host_moments_.data() + row * n + first, m);
    if constexpr (Latent::metropolis) {
      for (std::uint64_t g = 0; g < groups_; ++g)
        move(accepted_.get() + g * m, host_accepted_.data() + g * n + first, m);
      move(scale_.get(), host_scale_.data() + first, m);
    }
  }

  int device_;
  Stream stream_;
  DeviceObjects objects_;
  DeviceWalkers walkers_;
  TileSums sums_;
  std::uint64_t chains_, stride_, groups_;
  DeviceBuffer<float> mu_, scale_, accepted_;
  DeviceBuffer<double> moments_;
  std::vector<float> host_mu_, host_scale_, host_accepted_;
  std::vector<double> host_moments_;
};

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects, int device) {
  return std::make_unique<Likelihood<Term>>(objects, device);
}
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup,
                                           int device) {
  return std::make_unique<Latents<Latent>>(objects, setup, device);
}

}  // namespace starling::cuda
