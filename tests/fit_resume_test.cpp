// A fit that goes on from a saved state hands out what the whole fit would have, bit for bit: every kind of
// fit, from moments in burn-in and after it, and on another number of threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>

#include "chain_support.hpp"
#include "fit_support.hpp"
#include "starling/starling.hpp"

namespace {

using chain_test::same_bits;
using starling::Catalog;
using starling::ChainBlock;
using starling::FitOptions;
using starling::Method;
using starling::Model;
using starling::uniform;

const Catalog catalog = starling::simulate("normal", {0, 1}, 60, {0.5}, 40, 1).catalog;

/// A state, and after how many sweeps it was taken.
struct Saved {
  std::size_t sweeps = 0;
  std::string bytes;
};

/// Keeps everything of a run.
struct KeepAll : starling::ChainSink {
  ChainBlock all;
  starling::ChainResults results;
  std::vector<Saved> states;
  bool last = true;

  void begin(const starling::ChainHeader&, const Catalog&) override {}
  void append(const ChainBlock& block) override {
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
    results.attributes.erase("sampling_seconds");
  }
};

starling::LoadBytes reader(const Saved& saved) {
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
void expect_the_rest(const KeepAll& rest, const KeepAll& whole, std::size_t from) {
  const std::size_t n = whole.all.sweeps;
  ASSERT_EQ(from + rest.all.sweeps, n);
  EXPECT_TRUE(same_bits(rest.all.theta, tail(whole.all.theta, from, n)));
  EXPECT_TRUE(same_bits(rest.all.theta_centred, tail(whole.all.theta_centred, from, n)));
  EXPECT_TRUE(same_bits(rest.all.lp, tail(whole.all.lp, from, n)));
  EXPECT_TRUE(same_bits(rest.all.acceptance, tail(whole.all.acceptance, from, n)));
  const auto &a = rest.results, &b = whole.results;
  EXPECT_EQ(a.steps, b.steps);
  chain_test::expect_same_figures(a, b);
  EXPECT_EQ(a.attributes, b.attributes);
}

FitOptions quick() {
  FitOptions o;
  o.ensembles = 2;
  o.walkers = 18;  // two groups of lanes, the second unfinished
  o.burn_in = 40;
  o.steps = 41;
  o.thin = 3;
  o.threads = 1;
  o.checkpoint_every = 1e-9;
  return o;
}

Model normal_model() {
  return fit_test::normal_model(uniform(-5, 5), uniform(0, 4));
}
Model samples_model() {
  return {"normal", "samples", {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 4)}}};
}

struct Case {
  std::string name;
  Method method;
  Model model;
  std::function<void(FitOptions&)> change = [](FitOptions&) {};
};

std::vector<Case> cases() {
  const auto noise = fit_test::unknown_noise_model(uniform(-5, 5), uniform(0, 4), uniform(0.1, 3));
  return {
      {"naive", Method::naive, normal_model()},
      {"marginal", Method::marginal, normal_model()},
      {"quadrature", Method::marginal, normal_model(), [](FitOptions& o) { o.integral = "quadrature"; }},
      {"samples", Method::marginal, samples_model()},
      {"exact", Method::joint, normal_model()},
      {"metropolis", Method::joint, normal_model(), [](FitOptions& o) { o.latents = "metropolis"; }},
      {"centred", Method::joint, normal_model(), [](FitOptions& o) { o.interweaving = false; }},
      {"noise", Method::joint, noise},
      {"joint_samples", Method::joint, samples_model()},
      {"reference", Method::joint, normal_model(),
       [](FitOptions& o) {
         o.device = "reference";
         o.latents = "metropolis";
       }},
      {"until", Method::marginal, normal_model(),
       [](FitOptions& o) {
         o.until = {2000, 1.1};
       }},
  };
}

class Resumed : public ::testing::TestWithParam<Case> {};

TEST_P(Resumed, HandsOutTheRestOfTheRun) {
  const Case& c = GetParam();
  auto o = quick();
  c.change(o);
  KeepAll whole;
  starling::fit(c.model, catalog, c.method, o, whole);
  ASSERT_TRUE(whole.results.complete);
  ASSERT_FALSE(whole.states.empty());
  EXPECT_EQ(whole.states.back().sweeps, whole.all.sweeps);
  EXPECT_LT(whole.states.front().sweeps, o.burn_in);
  const std::size_t every = std::max<std::size_t>(1, whole.states.size() / 9);
  o.threads = 2;
  for (std::size_t k = 0; k < whole.states.size(); k += every) {
    const Saved& saved = whole.states[whole.states.size() - 1 - k];
    SCOPED_TRACE("after sweep " + std::to_string(saved.sweeps));
    KeepAll rest;
    starling::fit(c.model, catalog, c.method, o, rest, reader(saved));
    expect_the_rest(rest, whole, saved.sweeps);
  }
}

INSTANTIATE_TEST_SUITE_P(Fits, Resumed, ::testing::ValuesIn(cases()),
                         [](const auto& which) { return which.param.name; });

/// A sweep's number at which a run stops by itself.
struct StopAfter : KeepAll {
  std::atomic<bool> stop{false};
  void append(const ChainBlock& block) override {
    KeepAll::append(block);
    stop = true;
  }
};

TEST(AStoppedRun, SavesItsStateAndGoesOn) {
  for (const std::size_t burn_in : {10, 200}) {  // stopped after burn-in (blocks are of 64), and within
    auto o = quick();
    o.burn_in = burn_in;
    o.steps = 500;
    o.latents = "metropolis";
    o.checkpoint_every = 0;
    KeepAll whole;
    starling::fit(normal_model(), catalog, Method::joint, o, whole);
    EXPECT_EQ(whole.states.size(), 1U);
    StopAfter first;
    first.last = false;
    o.stop = &first.stop;
    starling::fit(normal_model(), catalog, Method::joint, o, first);
    EXPECT_FALSE(first.results.complete);
    ASSERT_EQ(first.states.size(), 1U);
    o.stop = nullptr;
    KeepAll rest;
    starling::fit(normal_model(), catalog, Method::joint, o, rest, reader(first.states[0]));
    expect_the_rest(rest, whole, first.states[0].sweeps);
  }
}

TEST(AFinishedRun, IsExtendedToTheLongerRun) {
  for (const auto method : {Method::marginal, Method::joint}) {
    auto o = quick();
    KeepAll shorter, longer, rest;
    starling::fit(normal_model(), catalog, method, o, shorter);
    o.steps += 20;
    starling::fit(normal_model(), catalog, method, o, longer);
    starling::fit(normal_model(), catalog, method, o, rest, reader(shorter.states.back()));
    expect_the_rest(rest, longer, shorter.states.back().sweeps);
    o.steps = 10;
    EXPECT_THROW(starling::fit(normal_model(), catalog, method, o, rest, reader(shorter.states.back())),
                 starling::InputError);
  }
}

}  // namespace
