// All kernels of one population, on every backend that is present, with CUDA's source compiled for the host:
// the same bits everywhere, and within rounding of the reference in double. tests/CMakeLists.txt compiles
// this file once per population.
#include <gtest/gtest.h>

#include "kernel_subjects.hpp"
#include "models/quadrature.hpp"
#include "models/registry.hpp"
#include "pair_cases.hpp"
#include "starling/starling.hpp"
#include STARLING_MODEL_HEADER

namespace starling {
namespace {

using P = STARLING_MODEL_POPULATION;
using Ms = STARLING_MODEL_MEASUREMENTS;

constexpr std::uint64_t kObjects = 283;  // two tiles; the last has an unfinished strip and an unfinished quad
constexpr std::uint64_t kWalkers = 35;   // two groups, the last unfinished

/// One of each kind, and blocks in two orders: threads and chunks are kernels_test.cpp's.
const std::vector<Subject>& kinds() {
  static const auto some = [] {
    auto all = subjects();
    std::erase_if(all, [](const Subject& s) { return s.threads > 1 || s.name == "cuda reverse"; });
    return all;
  }();
  return some;
}

/// The population with arguments and theta of pair_support.hpp.
struct Scene {
  pair_test::PopulationCase chosen;
  std::shared_ptr<const PopulationModel> model;
  std::vector<std::vector<double>> theta;  // of the walkers; the first is the reference
  std::vector<double> mu;                  // one draw per object

  Scene() {
    for (const auto& p : pair_test::populations())
      if (p.text.substr(0, p.text.find('(')) == P::name && chosen.text.empty()) chosen = p;
    model = find_population(chosen.text).model;
    for (std::uint64_t w = 0; w < kWalkers; ++w) theta.push_back(near(w));
    HostStream stream(5, 0, 0, purpose_word(Purpose::simulation));
    for (std::uint64_t i = 0; i < kObjects; ++i) mu.push_back(model->draw(chosen.theta, stream));
  }
  [[nodiscard]] std::vector<double> near(std::uint64_t w) const {
    for (double step = w == 0 ? 0 : 0.04;; step /= 2) {
      auto t = chosen.theta;
      for (std::size_t j = 0; j < t.size(); ++j)
        t[j] *= 1 + step * noise(w, 50 + static_cast<std::uint32_t>(j));
      if (std::isfinite(model->log_constraint(t))) return t;
    }
  }
  [[nodiscard]] std::vector<double> prepared(std::size_t w) const {
    std::vector<double> c(P::prepared_size);
    model->prepare(theta[w], c.data());
    return c;
  }
  [[nodiscard]] double log_density(std::size_t w, double at) const {
    double l = 0;
    model->log_density(prepared(w), std::span(&at, 1), std::span(&l, 1));
    return l;
  }
};
const Scene& scene() {
  static const Scene all;
  return all;
}

/// Coefficients per walker, as `column(w)` gives them.
template <class Column>
WalkerTable table(int coefficients, Column column) {
  WalkerTable t;
  t.resize(kWalkers, coefficients);
  for (std::uint64_t w = 0; w < kWalkers; ++w) t.set(w, column(w));
  return t;
}

std::vector<double> difference(std::size_t w) {
  std::vector<double> c(static_cast<std::size_t>(difference_size<P>()));
  scene().model->difference(scene().theta[w], scene().theta[0], c.data());
  return c;
}

std::vector<double> samples_column(std::size_t w) {
  auto c = HasRatio<P> ? difference(w) : std::vector<double>{};
  const auto p = scene().prepared(w);
  c.insert(c.end(), p.begin(), p.end());
  return c;
}

ObjectTable<double> points() {
  ObjectTable<double> t;
  t.size = kObjects;
  t.column[0] = scene().mu;
  for (const double m : scene().mu) t.column[1].push_back(scene().log_density(0, m));
  return t;
}

/// 1 to 9 draws of the population per object, under an interim prior.
ObjectTable<double> samples() {
  ObjectTable<double> t;
  t.size = kObjects;
  t.offset.push_back(0);
  HostStream stream(6, 0, 0, purpose_word(Purpose::simulation));
  for (std::uint64_t i = 0; i < kObjects; ++i) {
    double sum = 0;
    std::vector<double> weights;
    for (std::uint64_t k = 0; k < 1 + i % 9; ++k) {
      const double mu = scene().model->draw(scene().chosen.theta, stream), l = scene().log_density(0, mu);
      t.sample[0].push_back(mu);
      t.sample[2].push_back(-0.1 * mu);
      t.sample[3].push_back(l);
      weights.push_back(std::exp(l + 0.1 * mu));
      sum += weights.back();
    }
    for (const double w : weights) t.sample[1].push_back(w / sum);
    t.column[0].push_back(std::log(sum));
    t.offset.push_back(t.sample[0].size());
  }
  return t;
}

/// Measurements that this population may be seen through, a few of them.
std::vector<std::string> some_measurements() {
  std::vector<std::string> some;
  for (const char* name :
       {"normal", "normal_extra_scatter", "student_t(nu=4)", "two_sided_normal", "censored_normal",
        "log_flux", "poisson", "poisson_log", "binomial", "binomial_logit"})
    // 10^mu times the noise: where mu reaches 3, floats resolve the noise only just
    if (pair_facts(scene().chosen.text, name).why_not.empty() &&
        !(name == std::string_view("log_flux") && *std::ranges::max_element(scene().mu) > 3))
      some.emplace_back(name);
  return some;
}

struct Measured {
  std::shared_ptr<const MeasurementModel> model;
  std::vector<double> theta;
  std::vector<Datum<double>> data;
  explicit Measured(const std::string& name) : model(find_measurement(name).model) {
    const auto& m = pair_test::measurement(name);
    theta = m.theta;
    auto truth = scene().chosen.theta;
    truth.insert(truth.end(), theta.begin(), theta.end());
    const auto catalog = simulate({scene().chosen.text, name, truth, m.columns, kObjects, 0, 3}).catalog;
    const Rows rows(*model, catalog);
    for (std::size_t i = 0; i < kObjects; ++i) data.push_back(model->datum(rows[i], Frame{}));
  }
  [[nodiscard]] std::array<double, 2> prepared(std::uint64_t w) const {
    auto t = theta;
    for (double& v : t) v *= 1 + 0.05 * noise(w, 80);
    return model->prepare(t, Frame{});
  }
};

ObjectTable<double> with_data(const Measured& m) {
  ObjectTable<double> t;
  t.size = kObjects;
  t.measurement = m.model->number();
  for (const auto& d : m.data) {
    t.column[0].push_back(d.center);
    for (std::size_t j = 0; j < 3; ++j) t.column[1 + j].push_back(d.v[j]);
  }
  return t;
}

// ---- likelihoods

template <class Term>
void expect_same_sums(const ObjectTable<double>& objects, const WalkerTable& walkers, double bound) {
  std::vector<FixedSum> expected(kWalkers * Term::outputs), exact(expected.size());
  make_likelihood<Term>(kinds()[0], objects)->sum(walkers, expected);
  reference::make_likelihood<Term>(objects)->sum(walkers, exact);
  for (std::size_t k = 0; k < exact.size(); ++k) {
    if (!std::isfinite(exact[k].value())) {
      EXPECT_EQ(expected[k].value(), exact[k].value()) << k;
      continue;
    }
    EXPECT_NEAR(expected[k].value(), exact[k].value(), bound * (kObjects + std::abs(exact[k].value()))) << k;
  }
  for (const auto& s : kinds()) {
    std::vector<FixedSum> sums(expected.size());
    make_likelihood<Term>(s, objects)->sum(walkers, sums);
    EXPECT_TRUE(sums == expected) << s.name;
  }
}

TEST(STARLING_MODEL_NAME, NaiveTerm) {
  auto objects = points();
  const auto walkers = table(difference_size<P>(), difference);
  expect_same_sums<PointTerm<P>>(objects, walkers, 1e-6);
  for (std::uint64_t i = 0; i < kObjects; ++i) objects.weight.push_back(0.1 + static_cast<double>(i % 5));
  expect_same_sums<PointTerm<P>>(objects, walkers, 3e-6);
}

TEST(STARLING_MODEL_NAME, SamplesTerms) {
  const auto walkers = table(SamplesTerm<P>::coefficients, samples_column);
  expect_same_sums<SamplesTerm<P>>(samples(), walkers, 1e-6);
  expect_same_sums<SamplesErrorTerm<P>>(samples(), walkers, 1e-6);
  expect_same_sums<SamplesErrorTerm<P>>(with_jackknife(samples()), walkers, 1e-6);
}

TEST(STARLING_MODEL_NAME, InjectionTerm) {
  auto objects = samples();
  std::fill(objects.column[0].begin(), objects.column[0].end(), 0.3);
  expect_same_sums<InjectionTerm<P>>(
      objects, table(P::prepared_size, [](auto w) { return scene().prepared(w); }), 1e-5);
}

TEST(STARLING_MODEL_NAME, QuadratureTerm) {
  using Term = QuadratureTerm<P, Ms>;
  for (const auto& name : some_measurements()) {
    SCOPED_TRACE(name);
    const Measured m(name);
    const std::vector<QuadraturePoint> at{
        quadrature_point(*scene().model, *m.model, scene().chosen.theta, m.theta, Frame{})};
    auto objects = with_data(m);
    objects.offset.push_back(0);
    for (const auto& d : m.data) {
      const auto nodes = place_nodes(*scene().model, *m.model, d, at, 1e-3);
      objects.column[4].push_back(nodes.a - d.center);
      objects.column[5].push_back(nodes.b - d.center);
      const double l = log_integral(*scene().model, *m.model, d, at[0], nodes);
      objects.column[6].push_back(std::isfinite(l) ? l : 0);
      objects.sample[0].insert(objects.sample[0].end(), nodes.rule->t.begin(), nodes.rule->t.end());
      objects.sample[1].insert(objects.sample[1].end(), nodes.rule->log_weight.begin(),
                               nodes.rule->log_weight.end());
      objects.offset.push_back(objects.sample[0].size());
    }
    const auto walkers = table(Term::coefficients, [&](std::uint64_t w) {
      auto c = scene().prepared(w);
      const auto measurement = m.prepared(w);
      c.insert(c.end(), measurement.begin(), measurement.end());
      const auto [lower, upper] = common_support(*scene().model, *m.model, scene().theta[w], Frame{});
      c.push_back(std::max(lower, -1e30));
      c.push_back(std::min(upper, 1e30));
      if (HasBreak<P>) c.push_back(scene().model->break_in_support(scene().theta[w]));
      return c;
    });
    expect_same_sums<Term>(objects, walkers, 1e-5);
  }
}

TEST(STARLING_MODEL_NAME, NoisyDensityTerm) {
  if constexpr (HasNoisyDensity<P>) {
    using Term = NoisyDensityTerm<P, Ms>;
    for (const std::string name : {"normal", "normal_unknown_noise", "normal_extra_scatter"}) {
      const Measured m(name);
      auto objects = with_data(m);
      for (std::uint64_t i = 0; i < kObjects; ++i) objects.column[2][i] = -1 - noise(i, 7);
      const auto walkers = table(Term::coefficients, [&](std::uint64_t w) {
        auto c = scene().prepared(w);
        const auto measurement = m.prepared(w);
        c.insert(c.end(), measurement.begin(), measurement.end());
        return c;
      });
      expect_same_sums<Term>(objects, walkers, 1e-6);
    }
  }
}

// ---- latents

struct LatentRun : RunMoments {
  std::vector<std::vector<FixedSum>> sums;
  std::vector<FixedSum> of_population, of_measurement;
};

constexpr int kSweeps = 4;

template <class Latent>
LatentRun run_latents(LatentKernel& kernel, const WalkerTable& base) {
  using Collect = LatentStep::Collect;
  LatentRun run;
  for (int t = 0; t < kSweeps; ++t) {
    const auto collect = t > 1                          ? Collect::moments
                         : t == 1 && Latent::metropolis ? Collect::accepted
                                                        : Collect::nothing;
    const LatentStep step = latent_step(t, Latent::metropolis ? 2 : 1, collect);
    std::vector<FixedSum> sums(kWalkers * latent_sums<Latent>());
    kernel.sweep(step, LocationScale<P> ? with_transform(base, t) : base, sums);
    if (step.collect == Collect::accepted) kernel.adapt(0.5, 2.0 * kWalkers);
    run.sums.push_back(sums);
  }
  run.of_population.resize(kWalkers);
  run.of_measurement.resize(kWalkers);
  kernel.sum(LatentSum::population, base, {}, run.of_population);
  kernel.sum(LatentSum::measurement, base, {}, run.of_measurement);
  static_cast<RunMoments&>(run) = run_moments<Latent>(kernel, kObjects);
  return run;
}

/// How many sums differ by more than rounding; both infinite: none.
int apart(const std::vector<FixedSum>& a, const std::vector<FixedSum>& b) {
  int count = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double x = a[k].value(), y = b[k].value();
    if (!(x == y || std::abs(x - y) < 1e-4 * (kObjects + std::abs(y)))) ++count;
  }
  return count;
}

template <class Latent>
void expect_same_latents(const ObjectTable<double>& objects, const LatentSetup& setup,
                         const WalkerTable& walkers) {
  const auto expected = run_latents<Latent>(*make_latents<Latent>(kinds()[0], objects, setup), walkers);
  for (const auto& s : kinds()) {
    const auto run = run_latents<Latent>(*make_latents<Latent>(s, objects, setup), walkers);
    EXPECT_TRUE(run.sums == expected.sums) << s.name;
    EXPECT_TRUE(run.of_population == expected.of_population) << s.name;
    EXPECT_TRUE(run.of_measurement == expected.of_measurement) << s.name;
    EXPECT_EQ(run.sum, expected.sum) << s.name;
    EXPECT_EQ(run.squares, expected.squares) << s.name;
    EXPECT_EQ(run.scales, expected.scales) << s.name;
  }
  // in double the same words give the same latents, but where a draw was on an edge
  const auto exact = run_latents<Latent>(*reference::make_latents<Latent>(objects, setup), walkers);
  int different = apart(expected.of_population, exact.of_population) +
                  apart(expected.of_measurement, exact.of_measurement);
  for (int t = 0; t < kSweeps; ++t) different += apart(expected.sums[t], exact.sums[t]);
  EXPECT_LE(different, static_cast<int>(kWalkers * latent_sums<Latent>() * kSweeps / 10));
}

std::vector<double> latent_column(std::uint64_t w, const std::array<double, 2>& measurement) {
  const auto place = scene().model->location_scale(scene().theta[w]);
  std::vector<double> c{1, 0, place ? place->first : 0};
  const auto p = scene().prepared(w);
  c.insert(c.end(), p.begin(), p.end());
  c.insert(c.end(), measurement.begin(), measurement.end());
  return c;
}

TEST(STARLING_MODEL_NAME, LatentsByMetropolisUpdates) {
  using Latent = MetropolisLatent<P, Ms>;
  for (const auto& name : some_measurements()) {
    SCOPED_TRACE(name);
    const Measured m(name);
    LatentSetup setup;
    setup.chains = kWalkers;
    for (const auto& d : m.data)
      setup.scale.push_back(
          std::min(1.0, 2 * likelihood_width(*m.model, m.model->prepare(m.theta, Frame{}), d)));
    expect_same_latents<Latent>(with_data(m), setup, table(Latent::coefficients, [&](std::uint64_t w) {
                                  return latent_column(w, m.prepared(w));
                                }));
  }
}

TEST(STARLING_MODEL_NAME, LatentsAmongSamples) {
  using Latent = SampledLatent<P>;
  auto objects = samples();
  objects.measurement = ~std::uint32_t{0};
  objects.column[0] = scene().mu;
  LatentSetup setup;
  setup.chains = kWalkers;
  expect_same_latents<Latent>(
      objects, setup, table(Latent::coefficients, [](std::uint64_t w) { return latent_column(w, {}); }));
}

}  // namespace
}  // namespace starling
