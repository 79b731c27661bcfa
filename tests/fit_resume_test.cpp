// A fit that goes on from a saved state hands out what the whole fit would have, bit for bit: every kind of
// fit, from moments in burn-in and after it, and on another number of threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>

#include "chain_support.hpp"
#include "fit_support.hpp"
#include "saved_runs.hpp"
#include "starling/starling.hpp"

namespace {

using saved_runs::expect_the_rest;
using saved_runs::KeepAll;
using saved_runs::reader;
using saved_runs::Saved;
using starling::Catalog;
using starling::ChainBlock;
using starling::FitOptions;
using starling::Method;
using starling::Model;
using starling::uniform;

const Catalog catalog = [] {
  std::vector<double> noise;
  for (int i = 0; i < 60; ++i) noise.push_back(0.4 + 0.2 * (i % 2));
  return starling::simulate("normal", {0, 1}, 60, noise, 40, 1).catalog;
}();
const Catalog one_noise = starling::simulate("normal", {0, 1}, 60, {0.5}, 0, 1).catalog;

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
  const Catalog& data = catalog;
};

std::vector<Case> cases() {
  const auto noise = fit_test::unknown_noise_model(uniform(-5, 5), uniform(0, 4), uniform(0.1, 3));
  return {
      {"naive", Method::naive, normal_model()},
      {"marginal", Method::marginal, normal_model()},
      {"quadrature", Method::marginal, normal_model(), [](FitOptions& o) { o.integral = "quadrature"; }},
      {"samples", Method::marginal, samples_model()},
      {"first_order", Method::marginal, samples_model(),
       [](FitOptions& o) { o.bias_correction = "first-order"; }},
      {"jackknife", Method::marginal, samples_model(),
       [](FitOptions& o) { o.bias_correction = "jackknife"; }},
      {"exact", Method::joint, normal_model()},
      {"metropolis", Method::joint, normal_model(), [](FitOptions& o) { o.latents = "metropolis"; }},
      {"centred", Method::joint, normal_model(), [](FitOptions& o) { o.interweaving = false; }},
      {"noise", Method::joint, noise},
      {"one_noise", Method::joint, normal_model(), [](FitOptions&) {}, one_noise},
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
  starling::fit(c.model, c.data, c.method, o, whole);
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
    starling::fit(c.model, c.data, c.method, o, rest, reader(saved));
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
  // blocks are of a megabyte, 728 sweeps: stopped after burn-in, and within
  for (const std::size_t burn_in : {10, 2000}) {
    auto o = quick();
    o.burn_in = burn_in;
    o.steps = 3000;
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
