/// How the tiles of a call are spread over blocks, and how the blocks' sums come to the host.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "kernels/device_memory.hpp"
#include "kernels/kernels.cuh"
#include "kernels/row_sums.hpp"

namespace starling::cuda {

/// How the tiles of a call are spread over blocks.
struct Grid {
  std::uint64_t tiles_per_block;
  unsigned blocks, groups;  ///< along the tiles, along the walkers
  [[nodiscard]] dim3 size() const { return {blocks, groups}; }
};

/// Up to kBlocksPerProcessor blocks for each multiprocessor, several times what it holds at once, so that
/// none is idle for long at the end.
inline constexpr std::uint64_t kBlocksPerProcessor = 64;
inline Grid grid_of(std::uint64_t tiles, std::uint64_t groups, std::uint64_t processors) {
  const std::uint64_t blocks = kBlocksPerProcessor * processors;
  const std::uint64_t each = (tiles * groups + blocks - 1) / blocks;
  return {each, static_cast<unsigned>((tiles + each - 1) / each), static_cast<unsigned>(groups)};
}
/// No grid for so many tiles or fewer has more blocks along the tiles.
inline std::uint64_t most_blocks(std::uint64_t tiles, std::uint64_t groups, std::uint64_t processors) {
  return std::min(tiles, kBlocksPerProcessor * processors / groups + 1);
}

/// Blocks of kThreads for one thread per element.
inline unsigned blocks_for(std::uint64_t elements) {
  return static_cast<unsigned>((elements + kThreads - 1) / kThreads);
}

inline std::uint64_t processors_of(int device) {
  int processors = 0;
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
        "asking for the processors");
  return static_cast<std::uint64_t>(processors);
}

/// The sums of a kernel's blocks, [row][block], added up and brought to the host. A few are written to the
/// host's memory by the kernel itself and added there, as one more kernel and a copy would take longer.
class GridSums {
 public:
  /// For as many rows (output and padded walker) and for grids of so many blocks.
  void reserve(std::uint64_t rows, std::uint64_t blocks) {
    host_.resize(std::max(rows, kFew));
    if (few(rows, blocks)) return;
    partial_.resize(rows * blocks);
    sums_.resize(rows);
    std::size_t bytes = 0;
    check(row_sums_memory(rows, bytes), "asking for the memory of a reduction");
    temporary_.resize(std::max<std::size_t>(bytes, 1));
  }
  /// Where a kernel of so many rows and blocks puts its sums.
  [[nodiscard]] FixedSum* partial(std::uint64_t rows, std::uint64_t blocks) const {
    return few(rows, blocks) ? host_.get() : partial_.get();
  }
  /// Starts, after the kernel, what brings them to the host.
  void collect(std::uint64_t rows, std::uint64_t blocks, const Stream& stream) const {
    if (few(rows, blocks)) return;
    check(row_sums(temporary_.get(), temporary_.size(), partial_.get(), rows, blocks, sums_.get(),
                   stream.get()),
          "starting a reduction");
    stream.download(host_.get(), sums_.get(), rows);
  }
  /// Waits for them and adds them to out, [output][walker].
  void add_to(std::span<FixedSum> out, std::uint64_t walkers, std::uint64_t rows, std::uint64_t blocks,
              const Stream& stream) const {
    stream.wait();
    const std::uint64_t outputs = out.size() / walkers, padded_walkers = rows / outputs,
                        columns = few(rows, blocks) ? blocks : 1;
    for (std::uint64_t j = 0; j < outputs; ++j)
      for (std::uint64_t w = 0; w < walkers; ++w)
        for (std::uint64_t k = 0; k < columns; ++k)
          out[j * walkers + w] += host_[(j * padded_walkers + w) * columns + k];
  }
  /// Where all this lies; other places after it was reserved for more.
  [[nodiscard]] std::array<const void*, 4> memory() const {
    return {host_.get(), partial_.get(), sums_.get(), temporary_.get()};
  }

 private:
  static constexpr std::uint64_t kFew = 8192;
  static bool few(std::uint64_t rows, std::uint64_t blocks) { return rows * blocks <= kFew; }

  DeviceBuffer<FixedSum> partial_, sums_;
  DeviceBuffer<char> temporary_;
  PinnedBuffer<FixedSum> host_;
};

}  // namespace starling::cuda
