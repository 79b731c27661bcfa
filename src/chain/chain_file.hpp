/// The sink that writes chain files, with its timing in the caller's hands.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "starling/chain.hpp"

namespace starling {

/// When the chain file is made anew from the journal while the run goes on. A rebuild reads all draws so far;
/// the defaults keep that to a few per cent of the run.
struct RebuildPolicy {
  std::chrono::milliseconds shortest{10'000};  ///< at least so long after the last one ...
  int share = 20;                              ///< ... and so many times what the last one took
};

std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path, const ChainFileOptions& options,
                                      const RebuildPolicy& policy);

}  // namespace starling
