// A run is a function of its options and its seed: the same bits for any number of threads and any CPU
// variant; and the draws of a latent, recomputed from a chain, are those that the run had.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "fit_support.hpp"

namespace fit_test {
namespace {

using starling::uniform;

const Model kModel = normal_model(uniform(-5, 5), uniform(0, 4));
const Model kUnknown = unknown_noise_model(uniform(-5, 5), uniform(0, 4), uniform(0.3, 2.5));

FitOptions small_options(std::size_t burn_in = 7, std::size_t steps = 12, std::size_t thin = 1) {
  FitOptions o;
  o.ensembles = 4;
  o.walkers = 10;  // 40 chains: one full group of 32, one unfinished
  o.burn_in = burn_in;
  o.steps = steps;
  o.thin = thin;
  o.seed = 77;
  o.device = "cpu";
  o.threads = 3;
  return o;
}

template <class T>
void append(std::string& bytes, const std::vector<T>& values) {
  const std::size_t n = values.size();
  bytes.append(reinterpret_cast<const char*>(&n), sizeof n);
  bytes.append(reinterpret_cast<const char*>(values.data()), n * sizeof(T));
}
/// Every number of a chain.
std::string bytes_of(const Chain& c) {
  std::string bytes;
  append(bytes, c.theta);
  append(bytes, c.lp);
  append(bytes, c.acceptance);
  append(bytes, c.sweep_theta);
  append(bytes, c.sweep_theta_centred);
  append(bytes, c.results.latents.mean);
  append(bytes, c.results.latents.sd);
  append(bytes, c.results.monte_carlo.expected_bias);
  return bytes;
}

/// A third of the points at each of -1, 0 and 1: their median is 0 and the middle 68 % reach from -1 to 1, so
/// that the units in which the kernels work are the catalog's, and every draw is a float.
Catalog unit_catalog(std::size_t n) {
  Catalog catalog;
  catalog.sigma = log_normal_noise(n, 1, 1);
  for (std::size_t i = 0; i < n; ++i) catalog.x.push_back(static_cast<double>(i % 3) - 1);
  return catalog;
}

Catalog sampled_catalog(std::size_t n, std::size_t k) {
  return starling::simulate("normal", {0, 1}, n, {1}, k, 3).catalog;
}

struct Kind {
  std::string name;
  std::function<Chain(const FitOptions&)> run;
};
/// All kinds of fits, on catalogs that give every thread something to do.
std::vector<Kind> kinds() {
  static const Catalog catalog = made(5000, 0, 1, log_normal_noise(5000, 1, 0.5), 51);
  static const Catalog one_noise = made(5000, 0, 1, {0.8}, 51);
  static const Catalog samples = sampled_catalog(300, 50);
  static const Model sampled("normal", "samples",
                             {{"theta_mu", uniform(-5, 5)}, {"theta_sigma", uniform(0, 4)}});
  const auto joint = [](const Model& model, const char* latents, bool interweaving) {
    return [&model, latents, interweaving](FitOptions o) {
      o.latents = latents;
      o.interweaving = interweaving;
      return fit_joint(model, catalog, o);
    };
  };
  return {{"naive", [](const FitOptions& o) { return fit_naive(kModel, catalog, o); }},
          {"marginal", [](const FitOptions& o) { return fit_marginal(kModel, catalog, o); }},
          {"samples", [](const FitOptions& o) { return fit_marginal(sampled, samples, o); }},
          {"joint", joint(kModel, "exact", true)},
          {"joint, one noise", [](const FitOptions& o) { return fit_joint(kModel, one_noise, o); }},
          {"joint, samples", [](const FitOptions& o) { return fit_joint(sampled, samples, o); }},
          {"joint, centred", joint(kModel, "exact", false)},
          {"joint, unknown noise", joint(kUnknown, "exact", true)},
          {"joint, Metropolis", joint(kModel, "metropolis", true)},
          {"joint, Metropolis, unknown noise", joint(kUnknown, "metropolis", true)}};
}

TEST(Reproducibility, AnyNumberOfThreadsGivesTheSameBits) {
  for (const auto& [name, run] : kinds()) {
    FitOptions o = small_options(6, 8);
    o.threads = 1;
    const std::string one = bytes_of(run(o));
    for (const int threads : {2, 3}) {
      o.threads = threads;
      EXPECT_TRUE(bytes_of(run(o)) == one) << name << ", " << threads << " threads";
    }
  }
}

TEST(Reproducibility, AnotherSeedGivesAnotherChain) {
  for (const auto& [name, run] : kinds()) {
    FitOptions o = small_options(0, 3);
    const Chain a = run(o);
    o.seed = 78;
    const Chain b = run(o);
    std::size_t same = 0;
    for (std::size_t i = 0; i < a.theta.size(); ++i) same += a.theta[i] == b.theta[i] ? 1 : 0;
    EXPECT_EQ(same, 0u) << name;
    o.seed = 77 + (std::uint64_t{1} << 40);  // the high half of the seed counts, too
    EXPECT_FALSE(run(o).theta == a.theta) << name;
  }
}

TEST(Reproducibility, AnotherSeedGivesOtherLatents) {
  // all walkers of both runs start at the same theta; the latents of the first sweep are drawn given it
  const Catalog catalog = unit_catalog(8);
  for (const char* latents : {"exact", "metropolis"}) {
    FitOptions o = small_options(0, 1);
    o.start_center = {0, 1};
    o.start_spread = {0, 0};
    o.interweaving = false;
    o.latents = latents;
    const auto a = replay_latent(fit_joint(kModel, catalog, o), catalog, 3);
    o.seed = 78;
    const auto b = replay_latent(fit_joint(kModel, catalog, o), catalog, 3);
    std::size_t same = 0;
    for (std::size_t i = 0; i < a.size(); ++i) same += a[i] == b[i] ? 1 : 0;
    EXPECT_EQ(same, 0u) << latents;
  }
}

TEST(Reproducibility, AThinnedRunHasTheDrawsOfAnUnthinnedOne) {
  for (const auto& [name, run] : kinds()) {
    const Chain all = run(small_options(3, 14)), thinned = run(small_options(3, 14, 4));
    ASSERT_EQ(thinned.draws, 3u) << name;
    for (std::size_t j = 0; j < all.header.parameters.size(); ++j)
      for (std::size_t c = 0; c < all.header.chains(); ++c)
        for (std::size_t t = 0; t < 3; ++t) {
          ASSERT_EQ(thinned.values(j)[c * 3 + t], all.values(j)[c * 14 + 4 * t + 3]) << name;
          ASSERT_EQ(thinned.lp[c * 3 + t], all.lp[c * 14 + 4 * t + 3]) << name;
        }
  }
}

TEST(Reproducibility, EveryCpuVariantGivesTheSameBits) {
  // the variant is chosen once in a process: this test starts itself again and reads what that wrote
  const char* output = std::getenv("STARLING_TEST_OUTPUT");
  std::string mine;
  for (const auto& kind : kinds()) mine += bytes_of(kind.run(small_options(2, 3)));
  if (output != nullptr) {
    std::ofstream(output, std::ios::binary) << mine;
    return;
  }
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto file =
      (std::filesystem::temp_directory_path() / ("starling-variant-" + std::to_string(getpid()))).string();
  for (const std::string variant : {"generic", "avx2", "avx512"}) {  // no better one than the machine has
    const std::string command =
        "STARLING_CPU=" + variant + " STARLING_TEST_OUTPUT='" + file + "' '" + self +
        "' --gtest_filter=Reproducibility.EveryCpuVariantGivesTheSameBits > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << variant;
    std::ifstream in(file, std::ios::binary);
    EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(in), {}) == mine) << variant;
    std::filesystem::remove(file);
  }
}

// ---- replay

/// Sum of 32 floats, halves folded onto each other.
float folded(std::vector<float> v) {
  for (std::size_t half = 16; half > 0; half /= 2)
    for (std::size_t l = 0; l < half; ++l) v[l] += v[l + half];
  return v[0];
}

/// The moments that a run streams, made of the draws of one object: any draw with another bit changes them.
std::pair<double, double> streamed(const std::vector<double>& draws, std::size_t chains, double x) {
  const std::size_t kept = draws.size() / chains;
  double sum = 0, squares = 0;
  for (std::size_t group = 0; group < chains; group += 32) {
    double group_sum = 0, group_squares = 0;
    for (std::size_t t = 0; t < kept; ++t) {
      std::vector<float> deviation(32, 0.0f), square(32, 0.0f);
      for (std::size_t l = 0; l < 32 && group + l < chains; ++l) {
        const double mu = draws[(group + l) * kept + t];
        EXPECT_EQ(static_cast<double>(static_cast<float>(mu)), mu);
        deviation[l] = static_cast<float>(mu) - static_cast<float>(x);
        square[l] = deviation[l] * deviation[l];
      }
      group_sum += static_cast<double>(folded(deviation));
      group_squares += static_cast<double>(folded(square));
    }
    sum += group_sum;
    squares += group_squares;
  }
  const double count = static_cast<double>(draws.size()), mean = sum / count;
  return {x + mean, std::sqrt((squares / count - mean * mean) * count / (count - 1))};
}

void expect_bits(const Model& model, const FitOptions& options, const std::string& what) {
  const Catalog catalog = unit_catalog(270);  // more than one tile; the last quad of objects is unfinished
  const Chain chain = fit_joint(model, catalog, options);
  for (const std::size_t object : {0u, 1u, 2u, 3u, 101u, 255u, 256u, 268u, 269u}) {
    const auto draws = replay_latent(chain, catalog, object);
    const auto [mean, sd] = streamed(draws, chain.header.chains(), catalog.x[object]);
    EXPECT_EQ(chain.results.latents.mean[object], mean) << what << ", object " << object;
    EXPECT_EQ(chain.results.latents.sd[object], sd) << what << ", object " << object;
  }
}

TEST(Replay, GivesTheBitsOfTheRun) {
  for (const char* latents : {"exact", "metropolis"})
    for (const bool interweaving : {true, false})
      for (const Model* model : {&kModel, &kUnknown})
        for (const auto& [burn_in, steps, thin] :
             {std::array<std::size_t, 3>{7, 12, 1}, {0, 10, 1}, {9, 17, 5}, {0, 1, 1}, {1, 4, 4}}) {
          FitOptions o = small_options(burn_in, steps, thin);
          o.latents = latents;
          o.interweaving = interweaving;
          expect_bits(*model, o,
                      std::string(latents) + (interweaving ? "" : ", centred") +
                          (model == &kUnknown ? ", unknown noise" : "") + ", burn-in " +
                          std::to_string(burn_in) + ", thin " + std::to_string(thin));
        }
}

TEST(Replay, GivesTheBitsForOtherSettings) {
  FitOptions o = small_options();
  o.latents = "metropolis";
  o.latent_updates = 1;
  expect_bits(kModel, o, "one update");
  o.latent_updates = 11;
  o.walkers = 16;  // 64 chains, two full groups
  expect_bits(kModel, o, "eleven updates");
  o = small_options();
  o.start_center = {0.5, 1.5};
  o.start_spread = {0.1, 0.2};
  expect_bits(kModel, o, "own start");
  o.moves = {1, 0, 0};
  o.moves_per_step = 2;
  o.seed = ~std::uint64_t{0};
  expect_bits(kModel, o, "own moves, largest seed");
  expect_bits(normal_model(starling::fixed(0.5), uniform(0, 4)), small_options(), "a fixed parameter");
}

TEST(Replay, AgreesWithTheStreamedMomentsInAnyUnits) {
  auto catalog = made(300, 0, 1, log_normal_noise(300, 1, 1), 52);
  for (double& x : catalog.x) x = 1e5 + 40 * x;
  for (double& s : catalog.sigma) s *= 40;
  const Model model = normal_model(uniform(9e4, 1.1e5), uniform(0, 200));
  for (const char* device : {"cpu", "reference"})
    for (const char* latents : {"exact", "metropolis"}) {
      FitOptions o = small_options(20, 60);
      o.device = device;
      o.latents = latents;
      const Chain chain = fit_joint(model, catalog, o);
      for (const std::size_t object : five_objects(catalog)) {
        const auto draws = replay_latent(chain, catalog, object);
        double mean = 0, squares = 0;
        const double n = static_cast<double>(draws.size());
        for (const double v : draws) mean += (v - 1e5) / n;
        for (const double v : draws) squares += (v - 1e5 - mean) * (v - 1e5 - mean);
        const double sd = std::sqrt(squares / (n - 1));
        // moments are streamed about x, in float
        const double tolerance = 1e-6 * std::hypot(sd, mean - (catalog.x[object] - 1e5));
        EXPECT_NEAR(chain.results.latents.mean[object] - 1e5, mean, tolerance) << device << ' ' << latents;
        EXPECT_NEAR(chain.results.latents.sd[object], sd, tolerance) << device << ' ' << latents;
      }
    }
}

TEST(Replay, OfAThinnedRunIsTheThinnedReplay) {
  const Catalog catalog = unit_catalog(20);
  for (const char* latents : {"exact", "metropolis"}) {
    FitOptions o = small_options(5, 12), thin = small_options(5, 12, 3);
    o.latents = thin.latents = latents;
    const auto all = replay_latent(fit_joint(kModel, catalog, o), catalog, 6);
    const auto few = replay_latent(fit_joint(kModel, catalog, thin), catalog, 6);
    ASSERT_EQ(few.size(), 40u * 4);
    for (std::size_t c = 0; c < 40; ++c)
      for (std::size_t t = 0; t < 4; ++t) ASSERT_EQ(few[c * 4 + t], all[c * 12 + 3 * t + 2]);
  }
}

/// Stops its run after a number of sweeps.
struct StoppingSink : starling::MemorySink {
  std::atomic<bool> stop = false;
  void append(const starling::ChainBlock& block) override {
    stop = block.first_sweep + block.sweeps > 60;
    MemorySink::append(block);
  }
};

TEST(Replay, OfAnInterruptedRunIsTheBeginningOfTheWhole) {
  const Catalog catalog = unit_catalog(30);
  FitOptions o = small_options(10, 200);
  const Chain whole = fit_joint(kModel, catalog, o);
  StoppingSink sink;
  o.stop = &sink.stop;
  o.checkpoint_every = 1e-9;  // and with each the sweeps before it
  fit(kModel, catalog, starling::Method::joint, o, sink);
  const Chain part = sink.take();
  EXPECT_FALSE(part.results.complete);
  ASSERT_GT(part.draws, 0u);
  ASSERT_LT(part.draws, 200u);
  for (std::size_t c = 0; c < 40; ++c)
    for (std::size_t t = 0; t < part.draws; ++t)
      ASSERT_EQ(part.values(1)[c * part.draws + t], whole.values(1)[c * 200 + t]);
  const auto all = replay_latent(whole, catalog, 5), some = replay_latent(part, catalog, 5);
  for (std::size_t c = 0; c < 40; ++c)
    for (std::size_t t = 0; t < part.draws; ++t) ASSERT_EQ(some[c * part.draws + t], all[c * 200 + t]);
  const auto [mean, sd] = streamed(some, 40, catalog.x[5]);
  EXPECT_EQ(part.results.latents.mean[5], mean);
  EXPECT_EQ(part.results.latents.sd[5], sd);
}

TEST(Replay, RecordedLogProbabilitiesAreThoseOfThetaAndTheLatents) {
  const Catalog catalog = unit_catalog(12);
  for (const bool unknown : {false, true})
    for (const bool interweaving : {true, false}) {
      FitOptions o = small_options(10, 20);
      o.latents = "metropolis";
      o.interweaving = interweaving;
      const Chain chain = fit_joint(unknown ? kUnknown : kModel, catalog, o);
      std::vector<double> expected(chain.lp.size());
      for (std::size_t i = 0; i < catalog.size(); ++i) {
        const auto mu = replay_latent(chain, catalog, i);
        for (std::size_t k = 0; k < mu.size(); ++k) {
          const double m = chain.values(0)[k], s = chain.values(1)[k],
                       noise = catalog.sigma[i] * (unknown ? chain.values(2)[k] : 1);
          const double z = (mu[k] - m) / s, e = (catalog.x[i] - mu[k]) / noise;
          expected[k] -= 0.5 * (z * z + e * e) + std::log(s) + std::log(noise);
        }
      }
      const double constant = chain.lp[0] - expected[0];
      for (std::size_t k = 0; k < expected.size(); ++k)
        ASSERT_NEAR(chain.lp[k] - expected[k], constant, 2e-3) << "draw " << k;
    }
}

TEST(Replay, RecordedLogProbabilitiesOfAMarginalFitAreThoseOfTheta) {
  const Catalog catalog = unit_catalog(300);
  FitOptions o = small_options(20, 10);
  const Chain chain = fit_marginal(kUnknown, catalog, o);
  for (std::size_t k = 0; k < chain.lp.size(); ++k) {
    double expected = -std::log(10.0) - std::log(4.0) - std::log(2.2);
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      const double m = chain.values(0)[k], s = chain.values(1)[k], a = chain.values(2)[k] * catalog.sigma[i];
      const double v = s * s + a * a, d = catalog.x[i] - m;
      expected -= 0.5 * (d * d / v + std::log(v) + 1.8378770664093454836);
    }
    ASSERT_NEAR(chain.lp[k], expected, 1e-3) << "draw " << k;
  }
}

}  // namespace
}  // namespace fit_test
