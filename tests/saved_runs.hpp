/// Runs whose every block and state is kept, for tests of runs that go on from a state.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "chain_support.hpp"
#include "starling/chain.hpp"

namespace saved_runs {

/// A state, and after how many sweeps it was taken.
struct Saved {
  std::size_t sweeps = 0;
  std::string bytes;
};

/// Keeps everything of a run.
struct KeepAll : starling::ChainSink {
  starling::ChainBlock all;
  starling::ChainResults results;
  std::vector<Saved> states;
  bool last = true;

  void begin(const starling::ChainHeader&, const starling::Catalog&) override {}
  void append(const starling::ChainBlock& block) override {
    if (all.sweeps == 0) all.first_sweep = block.first_sweep;
    EXPECT_EQ(block.first_sweep, all.first_sweep + all.sweeps);
    all.sweeps += block.sweeps;
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    add(all.theta, block.theta);
    add(all.theta_centred, block.theta_centred);
    add(all.lp, block.lp);
    add(all.acceptance, block.acceptance);
  }
  void checkpoint(const std::function<void(const starling::SaveBytes&)>& save) override {
    Saved saved{all.first_sweep + all.sweeps, ""};
    save([&](const void* bytes, std::size_t size) {
      saved.bytes.append(static_cast<const char*>(bytes), size);
    });
    states.push_back(saved);
  }
  bool keeps_last_checkpoint() const override { return last; }
  void finish(const starling::ChainResults& r) override {
    results = r;
    for (const char* time : {"sampling_seconds", "burn_in_seconds"}) results.attributes.erase(time);
  }
};

inline starling::LoadBytes reader(const Saved& saved) {
  return [&saved, at = std::size_t{0}](void* bytes, std::size_t size) mutable {
    ASSERT_LE(at + size, saved.bytes.size());
    std::memcpy(bytes, saved.bytes.data() + at, size);
    at += size;
  };
}

template <class T>
std::vector<T> tail(const std::vector<T>& values, std::size_t skipped, std::size_t sweeps) {
  if (values.empty()) return {};
  return {values.begin() + static_cast<std::ptrdiff_t>(values.size() / sweeps * skipped), values.end()};
}

/// `rest` is the end of `whole` from its first sweep on, and has its results.
inline void expect_the_rest(const KeepAll& rest, const KeepAll& whole, std::size_t from) {
  const std::size_t n = whole.all.sweeps;
  ASSERT_EQ(from + rest.all.sweeps, n);
  EXPECT_TRUE(chain_test::same_bits(rest.all.theta, tail(whole.all.theta, from, n)));
  EXPECT_TRUE(chain_test::same_bits(rest.all.theta_centred, tail(whole.all.theta_centred, from, n)));
  EXPECT_TRUE(chain_test::same_bits(rest.all.lp, tail(whole.all.lp, from, n)));
  EXPECT_TRUE(chain_test::same_bits(rest.all.acceptance, tail(whole.all.acceptance, from, n)));
  const auto &a = rest.results, &b = whole.results;
  EXPECT_EQ(a.steps, b.steps);
  chain_test::expect_same_figures(a, b);
  EXPECT_EQ(a.attributes, b.attributes);
}

}  // namespace saved_runs
