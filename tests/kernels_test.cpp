// Every kernel on every backend that is present: the serial double-precision reference, the CPU for each
// instruction set, and CUDA. This file is compiled three times: with the CUDA backend as it is shipped (a
// real GPU, if there is one), with its source compiled for the host, and with the PTX that nvcc made of it.
//
// All but the reference work in float with the same operations in the same order, so they must agree in every
// bit: whatever the threads, the order of blocks, the chunks.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "kernels_support.hpp"
#include "latent_runs.hpp"
#include "starling/error.hpp"
#ifdef STARLING_CUDA_ON_HOST
#include "cuda_on_host/cuda_on_host.hpp"
#endif

#ifdef __SANITIZE_ADDRESS__
// A stream or a graph whose destruction is made to fail is lost, as it would be on a device.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:cudaStreamCreateWithFlags\nleak:cudaStreamEndCapture\nleak:cudaGraphInstantiate\n";
}
#endif

namespace starling {
namespace {

using namespace kernels_test;

// ---- likelihoods

/// All subjects give the bits of the first; all are within `bound` (relative to the sum of sizes) of the
/// reference.
template <class Term>
void expect_same_sums(const ObjectTable<double>& objects, const WalkerTable& walkers, double bound) {
  std::vector<FixedSum> expected(walkers.walkers * Term::outputs), exact(expected.size());
  make_likelihood<Term>(subjects()[0], objects)->sum(walkers, expected);
  reference::make_likelihood<Term>(objects)->sum(walkers, exact);
  for (std::size_t k = 0; k < exact.size(); ++k) {
    ASSERT_TRUE(std::isfinite(exact[k].value()));
    EXPECT_NEAR(expected[k].value(), exact[k].value(), bound * (1 + std::abs(exact[k].value()))) << k;
  }
  for (const auto& s : subjects()) {
    std::vector<FixedSum> sums(expected.size());
    const auto kernel = make_likelihood<Term>(s, objects);
    for (int call = 0; call < 2; ++call) {  // the second call finds everything in place
      kernel->sum(walkers, sums);
      EXPECT_TRUE(sums == expected) << s.name << ", call " << call;
    }
  }
}

TEST(LikelihoodKernels, NaiveTermHasTheSameBitsEverywhere) {
  expect_same_sums<PointTerm<NormalPopulation>>(points(), normal_walkers(kWalkers, 0.1, false), 2e-6);
  expect_same_sums<PointTerm<NormalPopulation>>(points(true), normal_walkers(kWalkers, 0.1, false), 2e-6);
}

TEST(LikelihoodKernels, ExactMarginalTermHasTheSameBitsEverywhere) {
  auto objects = points();
  for (double& inverse : objects.column[1]) inverse = 1 / (1 + inverse);
  expect_same_sums<NormalMarginalTerm>(objects, table(kWalkers, {{0, 0.1}, {0, 0}, {0, 0.1}}), 2e-6);
  expect_same_sums<NormalMarginalTerm>(objects, table(kWalkers, {{0, 0.1}, {0, 0.05}, {0, 0.1}}), 2e-6);
}

TEST(LikelihoodKernels, SamplesTermHasTheSameBitsEverywhere) {
  for (const bool interim : {false, true}) {
    expect_same_sums<SamplesTerm<NormalPopulation>>(samples(interim), normal_walkers(kWalkers, 0.1, true),
                                                    3e-6);
    for (const auto& objects : {samples(interim), with_jackknife(samples(interim))})
      expect_same_sums<SamplesErrorTerm<NormalPopulation>>(objects, normal_walkers(kWalkers, 0.1, true),
                                                           3e-6);
  }
}

TEST(LikelihoodKernels, GaussianSamplesTermHasTheSameBitsEverywhere) {
  auto objects = points();
  for (std::uint64_t i = 0; i < kObjects; ++i) {
    const double variance = objects.column[1][i], count = 3 + static_cast<double>(i % 50);
    objects.column[1][i] = 1 / (1 + variance);
    objects.column[2].push_back(variance / (2 * count));
    objects.column[3].push_back(variance * variance / (count - 1));
  }
  expect_same_sums<GaussianSamplesTerm>(objects, table(kWalkers, {{0, 0.1}, {0, 0}, {0, 0.1}}), 2e-6);
}

TEST(LikelihoodKernels, SamplesTermFarFromItsReferenceTakesTheSafePathWithTheSameBits) {
  expect_same_sums<SamplesTerm<NormalPopulation>>(samples(true), normal_walkers(kWalkers, 2, true), 3e-6);
}

TEST(LikelihoodKernels, FewerWalkersAndFewerObjectsThanAnyPiece) {
  ObjectTable<double> one;
  one.size = 1;
  one.column[0] = {0.3};
  expect_same_sums<PointTerm<NormalPopulation>>(one, normal_walkers(1, 0.1, false), 1e-6);
}

/// So many tiles that a block of a small GPU takes several, and the last is not full.
TEST(LikelihoodKernels, ManyTilesHaveTheSameBitsEverywhere) {
  ObjectTable<double> many;
  many.size = 150 * kTile + 5;
  for (std::uint64_t i = 0; i < many.size; ++i) many.column[0].push_back(noise(i % 1009, 0));
  expect_same_sums<PointTerm<NormalPopulation>>(many, normal_walkers(3, 0.1, false), 2e-6);
}

TEST(LikelihoodKernels, NotANumberInOneWalkerStaysInThatWalker) {
  auto walkers = normal_walkers(kWalkers, 0.1, false);
  walkers.values[5] = std::nan("");
  for (const auto& s : subjects()) {
    std::vector<FixedSum> sums(kWalkers);
    make_likelihood<PointTerm<NormalPopulation>>(s, points())->sum(walkers, sums);
    for (std::uint64_t w = 0; w < kWalkers; ++w) EXPECT_EQ(std::isnan(sums[w].value()), w == 5) << s.name;
  }
}

// ---- latents

template <class Latent>
void expect_same_latents(std::uint32_t measurement = 0) {
  const auto objects = latent_objects<Latent>(measurement);
  const auto setup = latent_setup<Latent>(objects);
  const auto walkers = latent_walkers();
  const auto expected = run_latents<Latent>(*make_latents<Latent>(subjects()[0], objects, setup), walkers);
  for (const auto& s : subjects()) {
    const auto run = run_latents<Latent>(*make_latents<Latent>(s, objects, setup), walkers);
    for (int t = 0; t < kSweeps; ++t)
      EXPECT_TRUE(run.sums[t] == expected.sums[t]) << s.name << ", sweep " << t;
    EXPECT_EQ(run.sum, expected.sum) << s.name;
    EXPECT_EQ(run.squares, expected.squares) << s.name;
    EXPECT_EQ(run.scales, expected.scales) << s.name;
  }
  // In double the random words are the same, so the latents are, but for rounding: and where a proposal was
  // on the edge of acceptance, or a draw between two samples, which shifts a few sums by a step.
  const auto exact = run_latents<Latent>(*reference::make_latents<Latent>(objects, setup), walkers);
  int apart = 0;
  for (int t = 0; t < kSweeps; ++t)
    for (std::size_t k = 0; k < exact.sums[t].size(); ++k)
      apart += std::abs(exact.sums[t][k].value() - expected.sums[t][k].value()) > 1e-4 * kObjects ? 1 : 0;
  const bool steps = !std::is_same_v<Latent, ExactLatent>;
  EXPECT_LE(apart, steps ? 20 : 0);
  for (std::uint64_t i = 0; i < kObjects; ++i)
    EXPECT_NEAR(exact.sum[i], expected.sum[i], steps ? 2 : 1e-3) << i;
}

TEST(LatentKernels, ExactDrawsHaveTheSameBitsEverywhere) {
  expect_same_latents<ExactLatent>();
}
TEST(LatentKernels, MetropolisUpdatesHaveTheSameBitsEverywhere) {
  expect_same_latents<RandomWalkLatent>();
}
TEST(LatentKernels, OneOfTheSamplesIsTheSameEverywhere) {
  expect_same_latents<GibbsLatent>(~0u);
}

/// The moments of draws that are kept until the next call adds them.
template <class Latent>
RunMoments moments_of_kept(LatentKernel& kernel, const WalkerTable& walkers) {
  std::vector<FixedSum> sums(kWalkers * latent_sums<Latent>());
  for (int t = 1; t < kSweeps; ++t) {
    kernel.sweep(latent_step(t, 1, LatentStep::Collect::nothing), walkers, sums);
    kernel.sweep(latent_step(t, 0, LatentStep::Collect::moments), walkers, {});
  }
  return run_moments<Latent>(kernel, kObjects);
}

/// Of draws that are not kept, begun on one backend and ended on another.
template <class Latent>
RunMoments moments_of_drawn(const MakeKernel& one, const MakeKernel& other, const WalkerTable& walkers) {
  std::string saved;
  {
    const auto kernel = one();
    for (int t = 1; t < 3; ++t) kernel->sweep(latent_step(t, 1, LatentStep::Collect::drawn), walkers, {});
    saved = saved_state(*kernel);
    EXPECT_LT(saved.size(), kObjects * kWalkers * sizeof(float));  // moments alone
  }
  const auto kernel = other();
  EXPECT_EQ(restore_state(*kernel, saved), saved.size());
  std::vector<LatentStep> steps;
  for (int t = 3; t < kSweeps; ++t) steps.push_back(latent_step(t, 1, LatentStep::Collect::drawn));
  kernel->draw(steps, std::vector<WalkerTable>(steps.size(), walkers));
  return run_moments<Latent>(*kernel, kObjects);
}

template <class Latent>
void expect_same_draws(std::uint32_t measurement = 0) {
  const auto objects = latent_objects<Latent>(measurement);
  const auto kept = latent_setup<Latent>(objects);
  auto drawn = kept;
  drawn.kept = false;
  const auto walkers = latent_walkers();
  const auto expect_same = [](const RunMoments& run, const RunMoments& expected, const std::string& who) {
    EXPECT_EQ(run.sum, expected.sum) << who;
    EXPECT_EQ(run.squares, expected.squares) << who;
    EXPECT_NE(run.squares, std::vector<double>(kObjects)) << who;
  };
  const auto all = subjects();
  const auto expected = moments_of_kept<Latent>(*make_latents<Latent>(all[0], objects, kept), walkers);
  for (std::size_t s = 0; s < all.size(); ++s)
    expect_same(moments_of_drawn<Latent>(
                    [&] { return make_latents<Latent>(all[s], objects, drawn); },
                    [&] { return make_latents<Latent>(all[(s + 1) % all.size()], objects, drawn); }, walkers),
                expected, all[s].name);
  const MakeKernel reference = [&] { return reference::make_latents<Latent>(objects, drawn); };
  expect_same(moments_of_drawn<Latent>(reference, reference, walkers),
              moments_of_kept<Latent>(*reference::make_latents<Latent>(objects, kept), walkers), "reference");
}

TEST(LatentKernels, DrawsThatAreNotKeptHaveTheMomentsOfThoseThatAre) {
  expect_same_draws<ExactLatent>();
  expect_same_draws<GibbsLatent>(~0u);
}

/// Saved on one backend, restored on the next: all but the reference have one layout and the same bits.
template <class Latent>
void expect_same_in_two_pieces(std::uint32_t measurement = 0) {
  const auto objects = latent_objects<Latent>(measurement);
  const auto setup = latent_setup<Latent>(objects);
  const auto walkers = latent_walkers();
  const auto all = subjects();
  const auto expected = run_latents<Latent>(*make_latents<Latent>(all[0], objects, setup), walkers);
  for (std::size_t s = 0; s < all.size(); ++s) {
    const int cut = 1 + static_cast<int>(s) % (kSweeps - 1);
    const auto& next = all[(s + 1) % all.size()];
    LatentSetup other_scales = setup;  // restored, too
    for (double& scale : other_scales.scale) scale = 9;
    expect_same_run(
        run_in_two<Latent>([&] { return make_latents<Latent>(all[s], objects, setup); },
                           [&] { return make_latents<Latent>(next, objects, other_scales); }, walkers, cut),
        expected, all[s].name + ", then " + next.name + " after " + std::to_string(cut));
  }
  const auto exact = run_latents<Latent>(*reference::make_latents<Latent>(objects, setup), walkers);
  const MakeKernel reference = [&] { return reference::make_latents<Latent>(objects, setup); };
  for (int cut = 1; cut < kSweeps; ++cut)
    expect_same_run(run_in_two<Latent>(reference, reference, walkers, cut), exact,
                    "reference after " + std::to_string(cut));
}

TEST(LatentKernels, ARunInTwoPiecesHasTheBitsOfOne) {
  expect_same_in_two_pieces<ExactLatent>();
  expect_same_in_two_pieces<RandomWalkLatent>();
  expect_same_in_two_pieces<GibbsLatent>(~0u);
}

TEST(LatentKernels, AStateOfAnotherRunIsRefused) {
  const auto objects = points();
  auto setup = latent_setup<ExactLatent>(objects);
  const auto saved = saved_state(*make_latents<ExactLatent>(subjects()[0], objects, setup));
  setup.chains = kWalkers + kGroup;
  EXPECT_THROW(restore_state(*make_latents<ExactLatent>(subjects()[0], objects, setup), saved), RunError);
}

/// The latents of one call have the conditional's mean and variance: sums over objects and walkers of the
/// standardised deviation and its square, against their expectation, at 6 standard errors (false alarm below
/// 1e-8 per check).
TEST(LatentKernels, ExactDrawsFollowTheConditional) {
  ObjectTable<double> objects;
  objects.size = kObjects;
  objects.column[0].assign(kObjects, 0.7);
  objects.column[1].assign(kObjects, 2.0);  // precision of x
  const double m = -0.3, precision = 1.5;   // of the population
  WalkerTable walkers;
  walkers.resize(kWalkers, ExactLatent::coefficients);
  for (std::uint64_t w = 0; w < kWalkers; ++w)
    walkers.set(w, std::array<double, 8>{1, 0, m, m, std::sqrt(precision), 0, 0, 0});
  // sums are taken about m
  const double variance = 1 / 3.5, mean = variance * (2.0 * 0.7 + 1.5 * m) - m;
  for (const auto& s : subjects()) {
    LatentSetup setup;
    setup.chains = kWalkers;
    const auto kernel = make_latents<ExactLatent>(s, objects, setup);
    std::vector<FixedSum> sums(kWalkers * latent_sums<ExactLatent>());
    LatentStep step;
    step.seed = 5;
    step.start = 1;
    kernel->sweep(step, walkers, sums);
    double s1 = 0, s2 = 0;
    for (std::uint64_t w = 0; w < kWalkers; ++w) {
      s1 += sums[w].value();
      s2 += sums[kWalkers + w].value();
    }
    const double n = kObjects * kWalkers;
    EXPECT_NEAR(s1 / n, mean, 6 * std::sqrt(variance / n)) << s.name;
    EXPECT_NEAR(s2 / n - 2 * mean * s1 / n + mean * mean, variance, 6 * variance * std::sqrt(2 / n))
        << s.name;
  }
}

#ifdef STARLING_CUDA_ON_HOST
// ---- what only a pretended machine can do

Subject cuda_subject(std::function<void()> prepare) {
  return {"cuda", Subject::Kind::cuda, 1, std::move(prepare)};
}

/// The catalog and the latents in many chunks give the bits of one.
TEST(CudaBackend, ChunksDoNotChangeABit) {
  const auto objects = samples(true, 20 * kTile + 3);
  const auto walkers = normal_walkers(kWalkers, 0.1, true);
  using Term = SamplesTerm<NormalPopulation>;
  std::vector<FixedSum> expected(kWalkers), sums(kWalkers);
  make_likelihood<Term>(subjects()[0], objects)->sum(walkers, expected);
  std::size_t whole = 0;
  {
    const auto kernel = make_likelihood<Term>(cuda_subject([] { cuda_on_host::reset(); }), objects);
    kernel->sum(walkers, sums);
    whole = cuda_on_host::allocated_bytes();
  }
  EXPECT_TRUE(sums == expected);
  std::size_t least = 0;
  for (std::size_t memory = whole; memory > whole / 4; memory -= whole / 16) {
    const auto tight = cuda_subject([memory] {
      cuda_on_host::reset();
      cuda_on_host::machine.memory = memory;
    });
    try {
      const auto kernel = make_likelihood<Term>(tight, objects);
      for (int call = 0; call < 2; ++call) {
        kernel->sum(walkers, sums);
        EXPECT_TRUE(sums == expected) << memory << " bytes of device memory, call " << call;
      }
      least = memory;
    } catch (const RunError& error) {
      EXPECT_NE(std::string(error.what()).find("too little memory"), std::string::npos) << error.what();
    }
  }
  EXPECT_LT(least, whole) << "never had to cut the catalog into chunks";
}

/// A call for as many walkers as one before is started at once, with the walkers that it has, wherever the
/// memory has gone meanwhile.
TEST(CudaBackend, CallsThatComeAgainAreStartedAtOnce) {
  using Term = PointTerm<NormalPopulation>;
  const auto objects = points();
  cuda_on_host::reset();
  const auto on_gpu = make_likelihood<Term>(cuda_subject([] {}), objects),
             on_cpu = make_likelihood<Term>(subjects()[0], objects);
  const auto expect_same = [&](std::uint64_t walkers, double spread) {
    const auto table = normal_walkers(walkers, spread, false);
    std::vector<FixedSum> expected(walkers), sums(walkers);
    on_cpu->sum(table, expected);
    on_gpu->sum(table, sums);
    EXPECT_TRUE(sums == expected) << walkers << " walkers, spread " << spread;
  };
  const auto starts = [] {
    return std::pair(cuda_on_host::calls("launch"), cuda_on_host::calls("cudaGraphLaunch"));
  };
  expect_same(20, 0.1);
  expect_same(20, 0.2);  // recorded here
  const auto [kernels, graphs] = starts();
  EXPECT_EQ(graphs, 1);
  for (int k = 0; k < 5; ++k) expect_same(20, 0.3 + 0.1 * k);
  EXPECT_EQ(starts(), std::pair(kernels, graphs + 5));
  expect_same(400, 0.1);  // for more walkers than there is room for
  expect_same(20, 0.1);
  EXPECT_EQ(starts().second, graphs + 6);
  EXPECT_GT(starts().first, kernels + 1) << "the call for 20 walkers was not recorded anew";
  for (int k = 0; k < 3; ++k) {
    expect_same(400, 0.2 + 0.1 * k);
    expect_same(20, 0.2 + 0.1 * k);
  }
}

template <class Latent>
void expect_chunked_latents() {
  const auto objects = points();
  const auto setup = latent_setup<Latent>(objects);
  const auto walkers = latent_walkers();
  const auto expected = run_latents<Latent>(*make_latents<Latent>(subjects()[0], objects, setup), walkers);
  std::size_t whole = 0;
  {
    const auto kernel = make_latents<Latent>(cuda_subject([] { cuda_on_host::reset(); }), objects, setup);
    whole = cuda_on_host::allocated_bytes();
  }
  const auto tight = cuda_subject([whole] {
    cuda_on_host::reset();
    cuda_on_host::machine.memory = whole - 1;
  });
  expect_same_run(run_latents<Latent>(*make_latents<Latent>(tight, objects, setup), walkers), expected,
                  "in chunks");
  const MakeKernel chunks = [&] { return make_latents<Latent>(tight, objects, setup); };
  const MakeKernel cpu = [&] { return make_latents<Latent>(subjects()[0], objects, setup); };
  for (int cut = 1; cut < kSweeps; ++cut) {
    expect_same_run(run_in_two<Latent>(chunks, cpu, walkers, cut), expected, "chunks, then the CPU");
    expect_same_run(run_in_two<Latent>(cpu, chunks, walkers, cut), expected, "the CPU, then chunks");
  }
}

TEST(CudaBackend, LatentsInChunksDoNotChangeABit) {
  expect_chunked_latents<ExactLatent>();
  expect_chunked_latents<RandomWalkLatent>();
}

/// Whichever call of the runtime fails, the result is an exception and no memory is lost.
TEST(CudaBackend, EveryFailingCallIsReported) {
  const auto objects = points();
  const auto walkers = normal_walkers(kWalkers, 0.1, false);
  const auto latent_table = latent_walkers();
  const auto setup = latent_setup<RandomWalkLatent>(objects);
  const auto work = [&] {
    std::vector<FixedSum> sums(kWalkers);
    const auto kernel = make_likelihood<PointTerm<NormalPopulation>>(cuda_subject([] {}), objects);
    for (int call = 0; call < 3; ++call) kernel->sum(walkers, sums);
    run_latents<RandomWalkLatent>(*make_latents<RandomWalkLatent>(cuda_subject([] {}), objects, setup),
                                  latent_table);
  };
  cuda_on_host::reset();
  work();
  const long calls = cuda_on_host::calls();
  ASSERT_GT(calls, 50);
  int reported = 0, harmless = 0;
  for (long n = 1; n <= calls; ++n) {
    cuda_on_host::reset();
    cuda_on_host::plant({"", n, 4 /* cudaErrorCudartUnloading */});
    try {
      work();
      ++harmless;  // a call whose failure loses nothing: freeing memory
    } catch (const RunError& error) {
      EXPECT_NE(std::string(error.what()).find("CUDA failed while"), std::string::npos) << error.what();
      ++reported;
    }
  }
  EXPECT_GT(reported, harmless);
  for (const char* function : {"launch", "cudaMemcpyAsync", "cudaHostAlloc", "cudaStreamCreateWithFlags",
                               "cudaSetDevice", "cudaStreamBeginCapture", "cudaStreamEndCapture",
                               "cudaGraphInstantiate", "cudaGraphLaunch", "kernel"}) {
    cuda_on_host::reset();
    cuda_on_host::plant({function, 1, 719});
    EXPECT_THROW(work(), RunError) << function;
  }
  cuda_on_host::reset();  // gives back what calls that failed did not
}

TEST(CudaBackend, SaysWhyThereIsNoDevice) {
  std::string why;
  cuda_on_host::reset();
  EXPECT_EQ(cuda::device_list(why).size(), 1u);
  EXPECT_EQ(why, "");
  cuda_on_host::machine.devices = 0;
  EXPECT_TRUE(cuda::device_list(why).empty());
  EXPECT_NE(why.find("no CUDA device"), std::string::npos) << why;
  cuda_on_host::reset();
  cuda_on_host::machine.driver_version = 12020;
  EXPECT_TRUE(cuda::device_list(why).empty());
  EXPECT_NE(why.find("supports CUDA 12.2 and is too old"), std::string::npos) << why;
  cuda_on_host::reset();
  cuda_on_host::machine.driver_version = 0;
  EXPECT_TRUE(cuda::device_list(why).empty());
  EXPECT_NE(why.find("no NVIDIA driver"), std::string::npos) << why;
  cuda_on_host::reset();
  cuda_on_host::machine.major = 6;
  EXPECT_TRUE(cuda::device_list(why).empty());
  EXPECT_NE(why.find("7.5 or more"), std::string::npos) << why;
  cuda_on_host::reset();
}
#endif

}  // namespace
}  // namespace starling
