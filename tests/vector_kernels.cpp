// All kernels of one population of several latents per object, on every backend that is present, with CUDA's
// source compiled for the host: the same bits everywhere, and within rounding of the reference in double.
// tests/CMakeLists.txt compiles this file once per population.
#include <gtest/gtest.h>

#include "kernel_subjects.hpp"
#include "models/registry.hpp"
#include "models/vector_pair.hpp"
#include "vector_cases.hpp"
#include STARLING_MODEL_HEADER

namespace starling {
namespace {

using P = STARLING_MODEL_POPULATION;
using M = STARLING_MODEL_OWN_MEASUREMENT;

constexpr std::uint64_t kObjects = 283;  // two tiles; the last has an unfinished strip
constexpr std::uint64_t kWalkers = 35;   // two groups, the last unfinished
constexpr int kSweeps = 5;

/// A catalog in the kernels' units, and the walkers' theta; the first is the reference.
struct Scene {
  const vector_test::Case& chosen = vector_test::case_of(std::string(P::name));
  std::shared_ptr<const VectorModel> model = find_vector_model(chosen.text, "normal").model;
  Catalog catalog = vector_test::simulated(chosen, kObjects, 5).catalog;
  std::vector<std::vector<double>> theta;

  Scene() {
    for (std::uint64_t w = 0; w < kWalkers; ++w)
      for (double step = w == 0 ? 0 : 0.04;; step /= 2) {
        auto t = chosen.theta;
        for (std::size_t j = 0; j < t.size(); ++j)
          t[j] *= 1 + step * noise(w, 50 + static_cast<std::uint32_t>(j));
        if (!std::isfinite(model->log_constraint(t))) continue;
        theta.push_back(t);
        break;
      }
  }
  [[nodiscard]] VectorParts parts(bool sampled) const {
    std::vector<Frame> frames(model->latents().size());
    if (model->is_normal())
      for (std::size_t j = 0; j < frames.size(); ++j) frames[j] = {0.5 * static_cast<double>(j), 1.5, 1e-6};
    return {catalog, model, sampled, frames, chosen.theta.size(), 0, chosen.theta.size(), {}, 1e-6};
  }
  template <class What>
  [[nodiscard]] WalkerTable table(What what, const VectorParts& p) const {
    WalkerTable t;
    t.resize(kWalkers, model->coefficients(what));
    std::vector<double> column(static_cast<std::size_t>(t.coefficients));
    for (std::uint64_t w = 0; w < kWalkers; ++w) {
      if constexpr (std::is_same_v<What, VectorTerm>)
        model->prepare(what, theta[w], p.frames, column.data());
      else {
        model->prepare(what, theta[w], {}, p.frames, column.data());
        for (std::size_t j = 0; j < static_cast<std::size_t>(model->transform_size()); ++j)
          column[j] = (2 * j < static_cast<std::size_t>(model->transform_size()) ? 1 : 0) +
                      0.01 * noise(w, 60 + static_cast<std::uint32_t>(j));
      }
      t.set(w, column);
    }
    return t;
  }
};
const Scene& scene() {
  static const Scene the;
  return the;
}

template <class Term>
void expect_same_sums(VectorTerm term, VectorRows rows, bool weighted) {
  const bool sampled = rows == VectorRows::samples;
  const auto parts = scene().parts(sampled);
  auto objects = vector_objects(parts, rows, 0, kObjects, 12);
  const auto walkers = scene().table(term, parts);
  std::vector<double> reference(static_cast<std::size_t>(walkers.coefficients));
  for (std::size_t j = 0; j < reference.size(); ++j) reference[j] = walkers.values[j * kWalkers];
  for (std::uint64_t i = 0; i < kObjects; ++i)
    if (const double l = scene().model->evaluate(term, reference, objects.view(), i);
        term != VectorTerm::injections && std::isfinite(l))
      objects.column[0][i] = l;
  if (weighted)
    for (std::uint64_t i = 0; i < kObjects; ++i) objects.weight.push_back(std::abs(noise(i, 3)));

  std::vector<FixedSum> exact(Term::outputs * kWalkers), expected(exact.size()), got(exact.size());
  reference::make_likelihood<Term>(objects)->sum(walkers, exact);
  make_likelihood<Term>(subjects()[0], objects)->sum(walkers, expected);
  for (const auto& s : subjects()) {
    make_likelihood<Term>(s, objects)->sum(walkers, got);
    EXPECT_TRUE(got == expected) << s.name;
  }
  for (std::size_t k = 0; k < exact.size(); ++k)
    if (const double l = exact[k].value(); std::isfinite(l))
      EXPECT_NEAR(expected[k].value(), l, 3e-6 * (kObjects + std::abs(l))) << k;
    else
      EXPECT_EQ(expected[k].value(), l) << k;
}

TEST(STARLING_MODEL_NAME, NaiveTerm) {
  for (const bool weighted : {false, true})
    expect_same_sums<VectorPointTerm<P>>(VectorTerm::point, VectorRows::points, weighted);
}
TEST(STARLING_MODEL_NAME, SamplesTerm) {
  for (const bool weighted : {false, true})
    expect_same_sums<VectorSamplesTerm<P>>(VectorTerm::samples, VectorRows::samples, weighted);
}
TEST(STARLING_MODEL_NAME, InjectionTerm) {
  expect_same_sums<VectorInjectionTerm<P>>(VectorTerm::injections, VectorRows::samples, false);
}
TEST(STARLING_MODEL_NAME, ClosedForm) {
  if constexpr (HasNormalComponents<P>)
    for (const bool weighted : {false, true})
      expect_same_sums<NormalComponentsTerm<P>>(VectorTerm::exact, VectorRows::covariances, weighted);
  else
    expect_same_sums<VectorSamplesTerm<P>>(VectorTerm::samples, VectorRows::nodes, false);
}

struct LatentRun {
  std::vector<std::vector<FixedSum>> sums;
  std::vector<double> sum, squares, scales;
};

template <class Latent>
LatentRun run_latents(LatentKernel& kernel, const WalkerTable& walkers, std::uint64_t latents) {
  using Collect = LatentStep::Collect;
  LatentRun run;
  for (int t = 0; t < kSweeps; ++t) {
    const auto collect = t > 2                         ? Collect::moments
                         : t > 0 && Latent::metropolis ? Collect::accepted
                                                       : Collect::nothing;
    std::vector<FixedSum> sums(kWalkers * kVectorSums);
    kernel.sweep(latent_step(t, Latent::metropolis ? 2 : 1, collect), walkers, sums);
    if (collect == Collect::accepted) kernel.adapt(0.5, 2.0 * kWalkers);
    run.sums.push_back(sums);
  }
  for (const auto what : {LatentSum::population, LatentSum::measurement}) {
    std::vector<FixedSum> sums(kWalkers);
    kernel.sum(what, walkers, {}, sums);
    run.sums.push_back(sums);
  }
  run.sum.resize(kObjects * latents);
  run.squares.resize(kObjects * latents);
  kernel.moments(run.sum, run.squares);
  run.scales.resize(Latent::metropolis ? kObjects * latents * (latents + 1) / 2 : 0);
  kernel.scales(run.scales);
  return run;
}

/// Draws that are not kept have the moments of those that are.
template <class Latent>
void expect_same_draws(const ObjectTable<double>& objects, WalkerTable walkers, std::uint64_t latents) {
  for (std::uint64_t j = 0; j < 2 * Latent::most; ++j)  // mu <- 1 mu + 0
    std::fill_n(walkers.values.begin() + static_cast<std::ptrdiff_t>(j * kWalkers), kWalkers,
                j < Latent::most ? 1.0 : 0.0);
  const auto moments = [&](LatentKernel& kernel, bool kept) {
    std::vector<FixedSum> sums(kWalkers * kVectorSums);
    for (int t = 1; t < kSweeps; ++t)
      if (kept) {
        kernel.sweep(latent_step(t, 1, LatentStep::Collect::nothing), walkers, sums);
        kernel.sweep(latent_step(t, 0, LatentStep::Collect::moments), walkers, {});
      } else {
        kernel.sweep(latent_step(t, 1, LatentStep::Collect::drawn), walkers, {});
      }
    std::vector<double> sum(kObjects * latents), squares(sum.size());
    kernel.moments(sum, squares);
    sum.insert(sum.end(), squares.begin(), squares.end());
    return sum;
  };
  LatentSetup kept, drawn;
  kept.chains = drawn.chains = kWalkers;
  drawn.kept = false;
  const auto expected = moments(*make_latents<Latent>(subjects()[0], objects, kept), true);
  EXPECT_NE(expected, std::vector<double>(expected.size()));
  for (const auto& s : subjects())
    EXPECT_EQ(moments(*make_latents<Latent>(s, objects, drawn), false), expected) << s.name;
  EXPECT_EQ(moments(*reference::make_latents<Latent>(objects, drawn), false),
            moments(*reference::make_latents<Latent>(objects, kept), true));
}

template <class Latent>
void expect_same_latents(LatentUpdate update, VectorRows rows) {
  const auto parts = scene().parts(rows == VectorRows::samples);
  const auto objects = vector_objects(parts, rows, 0, kObjects);
  const auto walkers = scene().table(update, parts);
  const std::uint64_t d = parts.latents();
  LatentSetup setup;
  setup.chains = kWalkers;
  if (Latent::metropolis)
    for (std::uint64_t i = 0; i < kObjects; ++i)
      for (std::uint64_t j = 0; j < d; ++j)
        for (std::uint64_t k = 0; k <= j; ++k) setup.scale.push_back(j == k ? 0.4 : 0.05);
  const auto expected = run_latents<Latent>(*make_latents<Latent>(subjects()[0], objects, setup), walkers, d);
  for (const auto& s : subjects()) {
    const auto run = run_latents<Latent>(*make_latents<Latent>(s, objects, setup), walkers, d);
    EXPECT_TRUE(run.sums == expected.sums) << s.name;
    EXPECT_EQ(run.sum, expected.sum) << s.name;
    EXPECT_EQ(run.squares, expected.squares) << s.name;
    EXPECT_EQ(run.scales, expected.scales) << s.name;
  }
  // in double the same words give the same latents, but where a draw was on an edge
  const auto exact = run_latents<Latent>(*reference::make_latents<Latent>(objects, setup), walkers, d);
  int different = 0, all = 0;
  const auto compare = [&](double a, double b, double scale) {
    ++all;
    if (!(a == b || std::abs(a - b) < 2e-3 * (scale + std::abs(b)))) ++different;
  };
  for (std::size_t k = 0; k < exact.sum.size(); ++k) {
    compare(expected.sum[k], exact.sum[k], kWalkers);
    compare(expected.squares[k], exact.squares[k], kWalkers);
  }
  for (std::size_t k = 0; k < exact.scales.size(); ++k) compare(expected.scales[k], exact.scales[k], 0.1);
  EXPECT_LE(different, all / 5);
  if constexpr (!Latent::metropolis) expect_same_draws<Latent>(objects, walkers, d);
}

TEST(STARLING_MODEL_NAME, LatentsByMetropolisUpdates) {
  expect_same_latents<VectorMetropolis<P, M>>(LatentUpdate::metropolis, VectorRows::numbers);
}
TEST(STARLING_MODEL_NAME, LatentsAmongSamples) {
  expect_same_latents<VectorSampled<P>>(LatentUpdate::samples, VectorRows::samples);
}
TEST(STARLING_MODEL_NAME, LatentsDrawnExactly) {
  if constexpr (HasNormalComponents<P>)
    expect_same_latents<VectorExact<P>>(LatentUpdate::exact, VectorRows::covariances);
  else
    EXPECT_FALSE(scene().model->is_normal());
}

}  // namespace
}  // namespace starling
