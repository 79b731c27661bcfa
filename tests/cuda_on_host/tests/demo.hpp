/// The demo kernels' host side: what a backend does with them, and a plain loop to compare with. No CUDA
/// types, so that a test can use it whoever compiled the kernels.
#pragma once

#include <string>
#include <vector>

namespace demo {

inline constexpr unsigned kWalkers = 3;
inline constexpr unsigned kTile = 512;
/// The last tile holds 8 objects: fewer than a block has threads.
inline constexpr unsigned kObjects = 2 * kTile + 8;

struct Result {
  std::string error;                ///< what the runtime said, "" if nothing
  std::vector<float> mu;            ///< [kWalkers][kObjects]
  std::vector<double> sums;         ///< [kWalkers][3]: accepted, sum, sum of squares
  std::vector<unsigned> histogram;  ///< of mu of walker 0
  unsigned inside = 0;              ///< how many of these are in the histogram
};

Result run(int bug);
Result plain_loop();

/// Whether latents and histograms are equal, bit for bit, and sums but for the order of their terms.
bool agree(const Result& a, const Result& b);

}  // namespace demo
