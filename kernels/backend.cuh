/// The host side of the CUDA backend: which kernels run, on which pieces, and when the host waits (once per
/// call, for the sums that the acceptance needs).
#pragma once

#include <algorithm>
#include <map>

#include "backends/cuda_kernels.hpp"
#include "kernels/device_objects.cuh"
#include "kernels/grid_sums.cuh"
#include "kernels/vectors.cuh"

namespace starling::cuda {

inline void use_device(int device) {
  check(cudaSetDevice(device), "choosing the device");
}

template <class Term>
class Likelihood final : public LikelihoodKernel {
 public:
  Likelihood(const ObjectTable<double>& objects, int device)
      : device_((use_device(device), device)), processors_(processors_of(device)), objects_(objects) {}

  void sum(const WalkerTable& walkers, std::span<FixedSum> out) override {
    use_device(device_);
    std::fill(out.begin(), out.end(), FixedSum{});
    const std::uint64_t groups = lane_[0].walkers.groups(walkers.walkers),
                        rows = lane_[0].walkers.padded(walkers.walkers) * Term::outputs;
    reserve_or_halve(objects_, [&] {
      objects_.reserve(lanes().size());
      const std::uint64_t tiles = objects_.chunk_tiles();
      for (Lane& lane : lanes()) {
        lane.walkers.reserve(walkers.walkers, walkers.coefficients);
        lane.sums.reserve(rows, few_objects(tiles, groups) ? tiles : most_blocks(tiles, groups, processors_));
      }
    });
    const Work work{walkers.walkers, groups, rows, walkers.coefficients};
    for (Lane& lane : lanes()) lane.walkers.fill(walkers);
    if (objects_.whole())
      sum_at_once(work, out);
    else
      sum_in_chunks(work, out);
  }

 private:
  /// What one call has to do.
  struct Work {
    std::uint64_t walkers, groups, rows;
    int coefficients;
  };
  /// One chunk on its way: copied, summed, its sums brought back.
  struct Lane {
    DeviceWalkers walkers{kBlockWalkers<Term>};
    GridSums sums;
    std::uint64_t blocks = 0;  ///< of the kernel whose sums are awaited; 0: none
    Stream stream;
  };
  /// The copies and the kernel of a call, and the memory that they use.
  struct Recorded {
    Graph graph;
    std::array<const void*, 6> memory{};
  };
  [[nodiscard]] std::span<Lane> lanes() { return std::span(lane_).first(objects_.whole() ? 1 : 2); }

  /// One start for all that a call does: at few objects starting things takes longer than they do.
  void sum_at_once(const Work& work, std::span<FixedSum> out) {
    Lane& lane = lane_[0];
    const ObjectView<float> objects = objects_.load(Chunk{0, objects_.size()}, lane.stream);
    std::array<const void*, 6> memory{};
    std::ranges::copy(lane.walkers.memory(), memory.begin());
    std::ranges::copy(lane.sums.memory(), memory.begin() + 2);
    if (recorded_.size() > kMostRecorded) recorded_.clear();
    const auto [entry, first] = recorded_.try_emplace(work.walkers);
    Recorded& recorded = entry->second;
    if (first) {  // it may be the only call for so many, and the first use of a kernel loads it
      start(lane, objects, work);
    } else {
      if (recorded.graph.empty() || recorded.memory != memory) {
        recorded.graph.record(lane.stream, [&] { start(lane, objects, work); });
        recorded.memory = memory;
      }
      recorded.graph.start(lane.stream);
    }
    lane.sums.add_to(out, work.walkers, work.rows, blocks_of(objects.size, work.groups), lane.stream);
  }

  /// While the kernel of one chunk runs, the next one is copied.
  void sum_in_chunks(const Work& work, std::span<FixedSum> out) {
    for (Lane& lane : lanes()) lane.blocks = 0;
    const auto finish = [&](Lane& lane) {
      if (lane.blocks > 0) lane.sums.add_to(out, work.walkers, work.rows, lane.blocks, lane.stream);
      lane.blocks = 0;
    };
    std::size_t next = 0;
    objects_.for_chunks([&](const Chunk& chunk) {
      Lane& lane = lane_[next];
      finish(lane);
      start(lane, objects_.load(chunk, lane.stream, next), work);
      lane.blocks = blocks_of(chunk.objects, work.groups);
      next = (next + 1) % lanes().size();
    });
    for (Lane& lane : lanes()) finish(lane);
  }

  /// Whether blocks of tiles and groups would leave much of the GPU idle. Terms of several objects together
  /// are not taken one by one.
  [[nodiscard]] bool few_objects(std::uint64_t tiles, std::uint64_t groups) const {
    return !EvaluatesTogether<Term> && tiles * groups < 2 * processors_;
  }
  [[nodiscard]] std::uint64_t blocks_of(std::uint64_t objects, std::uint64_t groups) const {
    const std::uint64_t tiles = tiles_of(objects);
    return few_objects(tiles, groups) ? tiles : grid_of(tiles, groups, processors_).blocks;
  }

  /// Puts on the lane's stream: the walkers' way to the device, the kernel that suits the objects, and its
  /// sums' way back.
  void start(Lane& lane, const ObjectView<float>& objects, const Work& work) {
    const WalkerView walkers = lane.walkers.upload(work.walkers, work.coefficients, lane.stream);
    const std::uint64_t tiles = tiles_of(objects.size), blocks = blocks_of(objects.size, work.groups);
    FixedSum* const partial = lane.sums.partial(work.rows, blocks);
    if (few_objects(tiles, work.groups)) {
      if constexpr (!EvaluatesTogether<Term>)
        check(launch(few_objects_kernel<Term>,
                     dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(work.walkers)),
                     dim3(kGroup, kStripsPerTile), 0, lane.stream.get(), objects, walkers, partial),
              "starting a likelihood kernel");
    } else {
      const Grid grid = grid_of(tiles, work.groups, processors_);
      check(launch(likelihood_kernel<Term>, grid.size(), dim3(kGroup, kStripsPerTile),
                   likelihood_shared_bytes<Term>(), lane.stream.get(), objects, walkers, grid.tiles_per_block,
                   partial),
            "starting a likelihood kernel");
    }
    lane.sums.collect(work.rows, blocks, lane.stream);
  }

  static constexpr std::size_t kMostRecorded = 256;  // numbers of walkers inside their priors
  int device_;
  std::uint64_t processors_;
  DeviceObjects objects_;
  std::array<Lane, 2> lane_;
  std::map<std::uint64_t, Recorded> recorded_;  // by the number of walkers
};

/// The latents, on the device for the whole run if they fit; else in host memory, a chunk of objects at a
/// time on the device.
template <class Latent>
class Latents final : public LatentKernel {
 public:
  Latents(const ObjectTable<double>& objects, const LatentSetup& setup, int device)
      : device_((use_device(device), device)),
        processors_(processors_of(device)),
        objects_(objects),
        walkers_(kGroup),
        chains_(setup.chains),
        stride_(padded(setup.chains)),
        groups_(groups_of(setup.chains)),
        each_(latents_per_object<Latent>(objects)),
        scales_each_(Latent::metropolis ? scales_per_object<Latent>(objects) : 0),
        kept_row_(setup.kept ? stride_ : 0) {
    const std::uint64_t rows = stride_ * sums_of_latents<Latent>();
    reserve_or_halve(objects_, [&] {
      const std::uint64_t n = objects_.chunk_objects() * each_,
                          scales = objects_.chunk_objects() * scales_each_;
      mu_ = {};
      moments_ = {};
      added_ = {};
      accepted_ = {};
      scale_ = {};
      objects_.reserve(1);
      walkers_.reserve(chains_, Latent::coefficients);
      sums_.reserve(rows, most_blocks(objects_.chunk_tiles(), groups_, processors_));
      mu_.resize(n * kept_row_);
      moments_.resize(2 * groups_ * n);
      added_.resize(2 * n);
      if (Latent::metropolis) {
        accepted_.resize(groups_ * scales);
        scale_.resize(scales);
      }
    });
    host_scale_.assign(setup.scale.begin(), setup.scale.end());
    if (objects_.whole()) {
      check(
          cudaMemsetAsync(moments_.get(), 0, 2 * groups_ * latents_of_all() * sizeof(double), stream_.get()),
          "clearing moments");
      if (Latent::metropolis) stream_.upload(scale_.get(), host_scale_.data(), host_scale_.size());
      stream_.wait();
    } else {
      host_mu_.resize(latents_of_all() * kept_row_);
      host_moments_.resize(2 * groups_ * latents_of_all());
      host_accepted_.resize(groups_ * objects_.size() * scales_each_);
    }
  }

  void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) override {
    use_device(device_);
    if (step.sums()) std::fill(out.begin(), out.end(), FixedSum{});
    const WalkerView view = walkers_.load(walkers, stream_);
    objects_.for_chunks([&](const Chunk& chunk) {
      const ObjectView<float> objects = objects_.load(chunk, stream_);
      if (!objects_.whole()) move_chunk(chunk, Direction::to_device);
      const Grid grid = grid_of(tiles_of(chunk.objects), groups_, processors_);
      const std::uint64_t rows = stride_ * sums_of_latents<Latent>();
      if (!start_draws(step, grid, objects, view))
        check(launch(sweep_kernel(), grid.size(), dim3(kGroup, kStripsPerTile), sweep_shared_bytes(),
                     stream_.get(), objects, view, latent_view(), step, grid.tiles_per_block,
                     sums_.partial(rows, grid.blocks)),
              "starting a latent kernel");
      if (step.sums()) {
        sums_.collect(rows, grid.blocks, stream_);
        sums_.add_to(out, chains_, rows, grid.blocks, stream_);
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
      const Grid grid = grid_of(tiles_of(chunk.objects), groups_, processors_);
      check(launch(sum_kernel(), grid.size(), dim3(kGroup, kStripsPerTile),
                   2 * BlockSums<kGroup>::kSharedBytes, stream_.get(), objects, view, latent_view(), what,
                   grid.tiles_per_block, sums_.partial(stride_, grid.blocks)),
            "starting a sum over latents");
      sums_.collect(stride_, grid.blocks, stream_);
      sums_.add_to(sums, chains_, stride_, grid.blocks, stream_);
    });
    for (std::uint64_t w = 0; w < chains_; ++w)
      if (wanted.empty() || wanted[w / kGroup] != 0) out[w] = sums[w];
  }

  void adapt(double gain, double trials) override {
    use_device(device_);
    objects_.for_chunks([&](const Chunk& chunk) {
      if (!objects_.whole()) move_chunk(chunk, Direction::to_device);
      const dim3 blocks(blocks_for(chunk.objects)), threads(kThreads);
      const auto g = static_cast<float>(gain), t = static_cast<float>(trials);
      if constexpr (of_vectors<Latent>())
        check(launch(adapt_factors_kernel<float>, blocks, threads, 0, stream_.get(), scale_.get(),
                     accepted_.get(), chunk.objects, static_cast<int>(each_), groups_, g, t),
              "starting the adaptation kernel");
      else
        check(launch(adapt_kernel<float>, blocks, threads, 0, stream_.get(), scale_.get(), accepted_.get(),
                     chunk.objects, groups_, g, t),
              "starting the adaptation kernel");
      if (!objects_.whole()) move_chunk(chunk, Direction::to_host);
      stream_.wait();
    });
  }

  void moments(std::span<double> sum, std::span<double> squares) override {
    use_device(device_);
    const std::uint64_t n = latents_of_all();
    if (objects_.whole()) {  // added up there, so that little has to come here
      check(launch(add_moments_kernel<double>, dim3(blocks_for(2 * n)), dim3(kThreads), 0, stream_.get(),
                   moments_.get(), n, groups_, added_.get()),
            "starting the kernel that adds moments");
      host_moments_.resize(2 * n);
      stream_.download(host_moments_.data(), added_.get(), 2 * n);
      stream_.wait();
      std::copy_n(host_moments_.begin(), n, sum.begin());
      std::copy_n(host_moments_.begin() + static_cast<std::ptrdiff_t>(n), n, squares.begin());
      return;
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

  void latents(std::span<double> out) override {
    use_device(device_);
    const std::uint64_t n = latents_of_all();
    std::vector<float> here(objects_.whole() ? n * stride_ : 0);
    if (objects_.whole()) {
      stream_.download(here.data(), mu_.get(), here.size());
      stream_.wait();
    }
    const float* mu = objects_.whole() ? here.data() : host_mu_.data();
    for (std::uint64_t i = 0; i < n; ++i)
      for (std::uint64_t c = 0; c < chains_; ++c)
        out[i * chains_ + c] = static_cast<double>(mu[i * stride_ + c]);
  }

  void state(State& state) override {
    use_device(device_);
    const std::uint64_t n = latents_of_all();
    carry(state, mu_, host_mu_, n * kept_row_);
    carry(state, moments_, host_moments_, 2 * groups_ * n);
    carry(state, scale_, host_scale_, host_scale_.size());
  }

 private:
  enum class Direction { to_device, to_host };

  /// The kernels of one latent per object, or of several.
  [[nodiscard]] static auto sweep_kernel() {
    if constexpr (of_vectors<Latent>())
      return vector_kernel<Latent>;
    else
      return latent_kernel<Latent>;
  }
  [[nodiscard]] static constexpr std::size_t sweep_shared_bytes() {
    if constexpr (of_vectors<Latent>())
      return vector_shared_bytes<Latent>();
    else
      return latent_shared_bytes<Latent>();
  }
  /// Starts the kernel of draws that are not kept, where they have one of their own.
  bool start_draws(const LatentStep& step, const Grid& grid, const ObjectView<float>& objects,
                   const WalkerView& walkers) {
    if constexpr (!Latent::metropolis && !of_vectors<Latent>())
      if (step.collect == LatentStep::Collect::drawn) {
        check(launch(draw_kernel<Latent>, grid.size(), dim3(kGroup, kStripsPerTile), sweep_shared_bytes(),
                     stream_.get(), objects, walkers, latent_view(), step, grid.tiles_per_block),
              "starting a kernel that draws latents");
        return true;
      }
    return false;
  }
  [[nodiscard]] static auto sum_kernel() {
    if constexpr (of_vectors<Latent>())
      return vector_sum_kernel<Latent>;
    else
      return latent_sum_kernel<Latent>;
  }

  [[nodiscard]] std::uint64_t latents_of_all() const { return objects_.size() * each_; }
  [[nodiscard]] LatentView latent_view() const {
    return {mu_.get(), scale_.get(), moments_.get(), accepted_.get(), chains_};
  }

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
    const std::uint64_t n = latents_of_all(), first = chunk.first_object * each_, m = chunk.objects * each_;
    const auto move = [&](auto* device, auto* host, std::uint64_t count) {
      if (direction == Direction::to_device)
        stream_.upload(device, host, count);
      else
        stream_.download(host, device, count);
    };
    move(mu_.get(), host_mu_.data() + first * kept_row_, m * kept_row_);
    for (std::uint64_t row = 0; row < 2 * groups_; ++row)
      move(moments_.get() + row * m, host_moments_.data() + row * n + first, m);
    if constexpr (Latent::metropolis) {
      const std::uint64_t all = objects_.size() * scales_each_, begin = chunk.first_object * scales_each_,
                          count = chunk.objects * scales_each_;
      for (std::uint64_t g = 0; g < groups_; ++g)
        move(accepted_.get() + g * count, host_accepted_.data() + g * all + begin, count);
      move(scale_.get(), host_scale_.data() + begin, count);
    }
  }

  int device_;
  std::uint64_t processors_;
  DeviceObjects objects_;
  DeviceWalkers walkers_;
  GridSums sums_;
  std::uint64_t chains_, stride_, groups_;
  std::uint64_t each_, scales_each_;  // latents, and numbers of a proposal, per object
  std::uint64_t kept_row_;            // chains whose latents are kept: padded, or none
  DeviceBuffer<float> mu_, scale_, accepted_;
  DeviceBuffer<double> moments_, added_;
  std::vector<float> host_mu_, host_scale_, host_accepted_;
  std::vector<double> host_moments_;
  Stream stream_;
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
