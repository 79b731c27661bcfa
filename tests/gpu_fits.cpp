// Whole fits on a GPU have the bits of the same fits on the CPU: every population with each fit, every
// measurement with the fits that see it, selection, weights, and a run that begins on one and ends on the
// other.
#include <gtest/gtest.h>

#include "chain_support.hpp"
#include "pair_support.hpp"
#include "saved_runs.hpp"
#include "vector_cases.hpp"

namespace pair_test {
namespace {

using starling::Chain;
using starling::FitOptions;
using starling::Method;

struct FitCase {
  std::string population, measurement;
  Method method;
};

std::string name_of(const testing::TestParamInfo<FitCase>& info) {
  const FitCase& c = info.param;
  std::string name = c.population + "_" + c.measurement + "_" + to_string(c.method);
  for (char& letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return name;
}

std::vector<FitCase> cases() {
  std::vector<FitCase> all;
#ifdef STARLING_CUDA_ON_HOST
  constexpr bool integrals = false;  // their nodes take longest to place, and have nothing to do with the GPU
#else
  constexpr bool integrals = true;
#endif
  for (const auto& p : populations()) {
    all.push_back({p.text, "normal", Method::naive});
    for (const char* m : {"normal", "samples"}) {
      if (integrals || std::string(m) == "samples") all.push_back({p.text, m, Method::marginal});
      all.push_back({p.text, m, Method::joint});
    }
  }
  for (const auto& m : measurements()) {
    if (m.text == "normal") continue;
    const std::string p = m.text == "binomial"                      ? "beta"
                          : m.text == "poisson" || m.text == "flux" ? "gamma"
                                                                    : "normal";
    if (integrals) all.push_back({p, m.text, Method::marginal});
    all.push_back({p, m.text, Method::joint});
  }
  return all;
}

FitOptions options_on(const std::string& device, std::size_t parameters) {
  FitOptions o;
  o.ensembles = 2;
  o.walkers = std::max<std::size_t>(18, 2 * parameters + 2);
  o.burn_in = 6;
  o.steps = 6;
  o.seed = 3;
  o.device = device;
  return o;
}

Chain fitted(const starling::Model& model, const Catalog& catalog, Method method, const FitOptions& o) {
  return method == Method::naive      ? fit_naive(model, catalog, o)
         : method == Method::marginal ? fit_marginal(model, catalog, o)
                                      : fit_joint(model, catalog, o);
}

void expect_same_chain(const Chain& gpu, const Chain& cpu) {
  EXPECT_NE(gpu.header.device.find("cuda"), std::string::npos) << gpu.header.device;
  chain_test::expect_same_draws(gpu, cpu);
  chain_test::expect_same_figures(gpu.results, cpu.results);
}

/// Noise that differs: with one noise for all some fits need no kernel.
std::vector<double> noises(std::size_t objects, double typical) {
  std::vector<double> sigma(objects);
  for (std::size_t i = 0; i < objects; ++i) sigma[i] = typical * (0.8 + 0.05 * static_cast<double>(i % 9));
  return sigma;
}

class GpuFits : public testing::TestWithParam<FitCase> {};

TEST_P(GpuFits, HaveTheBitsOfTheCpu) {
  const FitCase& c = GetParam();
  const auto& population = pair_test::population(c.population);
  auto theta = population.theta;
  const bool sampled = c.measurement == "samples";
  const auto& m = measurement(sampled ? "normal" : c.measurement);
  theta.insert(theta.end(), m.theta.begin(), m.theta.end());
  auto columns = m.columns;
  if (columns.count("sigma") > 0) columns["sigma"] = noises(300, columns["sigma"][0]);
  auto [catalog, mu] = starling::simulate({c.population, m.text, theta, columns, 300, 0, 21});
  if (c.method == Method::naive) catalog.x = mu;  // inside the support
  if (sampled)                                    // likewise: other objects' values
    for (std::size_t i = 0; i <= mu.size(); ++i) {
      catalog.offsets.push_back(20 * i);
      for (std::size_t k = 0; k < 20 && i < mu.size(); ++k)
        catalog.samples.push_back(mu[(i + 7 * k) % mu.size()]);
    }
  starling::Priors priors;
  const auto parameters = starling::parameters_of(c.population, c.measurement);
  const auto width = [&](std::size_t j) { return theta[j] == 0 ? 0.2 : 0.5 * std::abs(theta[j]); };
  for (std::size_t j = 0; j < parameters.size(); ++j)
    priors.emplace_back(parameters[j].name, starling::uniform(theta[j] - width(j), theta[j] + width(j)));
  const starling::Model model(c.population, c.measurement, priors);
  FitOptions o = options_on("cpu", model.parameters().size());
  o.start_center = theta;
  for (std::size_t j = 0; j < theta.size(); ++j) o.start_spread.push_back(0.04 * width(j));
  const Chain cpu = fitted(model, catalog, c.method, o);
  o.device = "cuda";
  expect_same_chain(fitted(model, catalog, c.method, o), cpu);
}

/// The catalog of the tests below, and its model.
Catalog weighted_catalog() {
  Catalog catalog = starling::simulate("normal", {0.2, 1}, 700, noises(700, 0.7), 0, 5).catalog;
  for (std::size_t i = 0; i < catalog.size(); ++i) catalog.weight.push_back(static_cast<double>(i % 3));
  return catalog;
}
starling::Priors normal_priors() {
  return {{"theta_mu", starling::uniform(-5, 5)}, {"theta_sigma", starling::uniform(0, 4)}};
}

/// As many objects and walkers as take every path of the reduction.
TEST(GpuFits, OfTheDefaultSizeHaveTheBitsOfTheCpu) {
  const starling::Model model("normal", "normal", normal_priors());
  const Catalog catalog = starling::simulate("normal", {0, 1}, 1000, noises(1000, 1), 0, 1).catalog;
  for (const Method method : {Method::marginal, Method::joint}) {
    FitOptions cpu, gpu;
    cpu.device = "cpu";
    gpu.device = "cuda";
    cpu.burn_in = gpu.burn_in = cpu.steps = gpu.steps = 15;
    expect_same_chain(fitted(model, catalog, method, gpu), fitted(model, catalog, method, cpu));
  }
}

TEST(GpuFits, WithWeightsAndSelectionHaveTheBitsOfTheCpu) {
  const starling::Model model("normal", "normal", normal_priors());
  const starling::Model selected("normal", "normal", normal_priors(),
                                 starling::parse_selection("threshold(0)"));
  Catalog seen = starling::simulate("normal", {0.2, 1}, 700, {0.7}, 0, 5).catalog;
  std::erase_if(seen.x, [](double x) { return x <= 0; });
  seen.sigma.resize(seen.sigma.size() == 1 ? 1 : seen.x.size());
  for (const Method method : {Method::marginal, Method::joint}) {
    FitOptions cpu = options_on("cpu", 2), gpu = options_on("cuda", 2);
    if (method == Method::marginal)
      expect_same_chain(fitted(model, weighted_catalog(), method, gpu),
                        fitted(model, weighted_catalog(), method, cpu));
    expect_same_chain(fitted(selected, seen, method, gpu), fitted(selected, seen, method, cpu));
  }
}

TEST(GpuFits, ARunThatChangesItsDeviceHasTheBitsOfOneThatDoesNot) {
  const starling::Model model("normal", "normal", normal_priors());
  const Catalog one_noise = starling::simulate("normal", {0.2, 1}, 700, {0.7}, 0, 5).catalog,
                catalog = starling::simulate("normal", {0.2, 1}, 700, noises(700, 0.7), 0, 5).catalog;
  for (const auto& [latents, data] :
       {std::pair("exact", &one_noise), std::pair("exact", &catalog), std::pair("metropolis", &catalog)})
    for (const auto& [first, second] : {std::pair("cpu", "cuda"), std::pair("cuda", "cpu")}) {
      FitOptions o = options_on(first, 2);
      o.latents = latents;
      o.checkpoint_every = 1e-9;
      saved_runs::KeepAll whole;
      starling::fit(model, *data, Method::joint, o, whole);
      ASSERT_FALSE(whole.states.empty());
      o.device = second;
      for (const auto& saved : whole.states) {
        saved_runs::KeepAll rest;
        starling::fit(model, *data, Method::joint, o, rest, saved_runs::reader(saved));
        saved_runs::expect_the_rest(rest, whole, saved.sweeps);
      }
    }
}

/// Several latents per object: whole fits, and runs that change their device.
TEST(GpuFits, OfSeveralLatentsHaveTheBitsOfTheCpu) {
  for (const auto& c : vector_test::cases()) {
    SCOPED_TRACE(c.text);
    auto catalog = vector_test::simulated(c, 300, 8).catalog;
    if (c.text.starts_with("schechter"))  // no object is impossible
      for (double& mu : catalog.samples) mu = std::max(mu, 9.01);
    starling::Priors priors;
    for (const auto& p : starling::parameters_of(c.text, "normal"))
      if (p.prior.empty())
        priors.emplace_back(p.name, p.lower == 0 ? starling::half_normal(5) : starling::normal(0, 10));
    for (const char* measurement : {"normal", "samples"})
      for (const char* latents : {"auto", "metropolis"}) {
        if (measurement[0] == 's' && latents[0] == 'm') continue;
        const starling::Model model(c.text, measurement, priors);
        FitOptions o = options_on("cpu", model.parameters().size());
        o.latents = latents;
        o.checkpoint_every = 1e-9;
        o.start_center = c.theta;
        for (const double t : c.theta) o.start_spread.push_back(0.02 * std::abs(t));
        const Chain cpu = fit_joint(model, catalog, o);
        o.device = "cuda";
        expect_same_chain(fit_joint(model, catalog, o), cpu);
        saved_runs::KeepAll whole;
        starling::fit(model, catalog, Method::joint, o, whole);
        ASSERT_FALSE(whole.states.empty());
        o.device = "cpu";
        const auto& saved = whole.states[whole.states.size() / 2];
        saved_runs::KeepAll rest;
        starling::fit(model, catalog, Method::joint, o, rest, saved_runs::reader(saved));
        saved_runs::expect_the_rest(rest, whole, saved.sweeps);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GpuFits, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace pair_test
