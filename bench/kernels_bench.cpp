// The kernels one by one: a half-sweep of a likelihood or a sweep of the latents as the sampler calls them,
// with the coefficients' way in and the sums' way out.
#include <fmt/format.h>

#include <any>
#include <array>
#include <memory>

#include "measurements.hpp"
#include "models/compiled.hpp"

namespace starling::bench {
namespace {

using P = NormalPopulation;
constexpr std::uint64_t kSamples = 100;  // posterior samples per object
constexpr std::uint32_t kUpdates = 3;    // Metropolis updates per sweep, the default of fits
constexpr std::array<double, 2> kReference{0.0, 1.0};

/// Inputs and the kernel of the benchmark that runs, which Google Benchmark calls several times.
struct Kept {
  std::string size, name;
  std::any objects, kernel;

  /// Lets go of what belongs to another benchmark.
  void begin(const std::string& new_size, const std::string& new_name) {
    if (size != new_size) objects.reset();
    if (name != new_name) kernel.reset();
    size = new_size;
    name = new_name;
  }
};
Kept kept;

template <class T, class Make>
T& keep(std::any& slot, Make make) {
  if (!slot.has_value()) slot = std::make_shared<T>(make());
  return *std::any_cast<std::shared_ptr<T>&>(slot);
}

// ---- inputs like those that the fits give to kernels

double noise(std::uint64_t i, std::uint32_t what) {
  return HostStream(7, 0, what, purpose_word(Purpose::simulation), static_cast<std::uint32_t>(8 * i))
      .normal();
}

/// Values repeat after a prime number of them: time does not depend on them.
std::vector<double> noises(std::uint64_t n, std::uint32_t what, double scale) {
  constexpr std::uint64_t kPeriod = 10007;
  std::vector<double> values(n);
  for (std::uint64_t i = 0; i < n; ++i)
    values[i] = i < kPeriod ? scale * noise(i, what) : values[i - kPeriod];
  return values;
}

/// x ~ N(0, 2) with unit noise: column 1 is 1 / V at the reference, or 1 / sigma^2.
ObjectTable<double> measured(std::uint64_t n, double column1) {
  ObjectTable<double> t;
  t.size = n;
  t.column[0] = noises(n, 0, std::sqrt(2.0));
  t.column[1].assign(n, column1);
  return t;
}

ObjectTable<double> sampled(std::uint64_t n) {
  ObjectTable<double> t;
  t.size = n;
  t.sample[0] = noises(n * kSamples, 1, 1.0);
  t.sample[1].assign(n * kSamples, 1.0 / kSamples);
  t.column[0].assign(n, std::log(kSamples * 0.4));
  for (std::uint64_t i = 0; i <= n; ++i) t.offset.push_back(i * kSamples);
  return t;
}

/// Walkers near the reference, as they are once a chain has settled.
template <class Column>
WalkerTable near_reference(std::uint64_t walkers, int coefficients, Column column) {
  WalkerTable t;
  t.resize(walkers, coefficients);
  for (std::uint64_t w = 0; w < walkers; ++w) {
    const std::array theta{0.03 * noise(w, 2), 1 + 0.03 * noise(w, 3)};
    t.set(w, column(theta));
  }
  return t;
}

template <class... Arrays>
auto joined(const Arrays&... arrays) {
  std::array<double, (std::tuple_size_v<Arrays> + ...)> all;
  auto* to = all.data();
  ((to = std::copy(arrays.begin(), arrays.end(), to)), ...);
  return all;
}

// ---- the kernels

template <class Term>
struct LikelihoodWork {
  const char* name;
  const char* unit;
  double elements_per_object;
  ObjectTable<double> (*objects)(std::uint64_t n);
  std::array<double, Term::coefficients> (*column)(std::span<const double> theta);
};

const LikelihoodWork<PointTerm<P>> kNaive{
    "naive", "(object, walker)", 1, [](std::uint64_t n) { return measured(n, 1); },
    [](std::span<const double> t) { return P::prepare_ratio(t, kReference); }};

const LikelihoodWork<NormalMarginalTerm> kExact{"exact marginal", "(object, walker)", 1,
                                                [](std::uint64_t n) { return measured(n, 0.5); },
                                                [](std::span<const double> t) {
                                                  return std::array{t[0], 0.0, t[1] * t[1] - 1};
                                                }};

const LikelihoodWork<SamplesTerm<P>> kSampled{
    "samples marginal", "(sample, walker)", kSamples, sampled,
    [](std::span<const double> t) { return joined(P::prepare_ratio(t, kReference), P::prepare(t)); }};

template <class Latent>
struct LatentWork {
  const char* name;
  std::uint32_t updates;
  std::array<double, Latent::coefficients> (*column)(std::span<const double> theta);
  bool kept = true;  ///< false: as in a collapsed fit, which adds draws to their moments and forgets them
};

/// Transform and origin, population, known noise.
std::array<double, 8> latent_column(std::span<const double> t) {
  return joined(std::array{1.0, 0.0, t[0]}, P::prepare(t), std::array{0.0, 0.0});
}

using ExactLatent = ExactNormalLatent<BuiltinMeasurements>;
using RandomWalkLatent = MetropolisLatent<P, BuiltinMeasurements>;
const LatentWork<ExactLatent> kExactLatent{"latents, exact", 1, latent_column};
const LatentWork<ExactLatent> kDrawnLatent{"latents, exact, not kept", 1, latent_column, false};
const LatentWork<RandomWalkLatent> kMetropolisLatent{"latents, Metropolis", kUpdates, latent_column};

// ---- operations per element, by running the formulas on a type that counts

template <int N>
Coefficients<CountedReal, N> counting(const std::array<double, static_cast<std::size_t>(N)>& column) {
  Coefficients<CountedReal, N> c;
  for (int j = 0; j < N; ++j) c[j] = CountedReal(static_cast<float>(column[static_cast<std::size_t>(j)]));
  return c;
}

constexpr std::array<double, 2> kNear{0.01, 1.01};

template <class Term>
Operations operations(const LikelihoodWork<Term>& work) {
  const auto objects = converted<float>(work.objects(kStrip));
  const auto c = counting<Term::coefficients>(work.column(kNear));
  counted = {};
  strip_sums<Term>(c, objects.view(), 0, kStrip);
  return counted.per(kStrip * work.elements_per_object);
}

struct CountedAccess {
  CountedReal load(std::uint64_t) const { return CountedReal(0.5f); }
  void store(std::uint64_t, CountedReal) const {}
  void moments(std::uint64_t, CountedReal) const {}
  void accepted(std::uint64_t, CountedReal) const {}
};

template <class Latent>
Operations operations(const LatentWork<Latent>& work) {
  const auto objects = converted<float>(measured(kStrip, 1));
  const std::vector<float> scales(kStrip, 1.5f);
  LatentStep step;
  step.updates = work.updates;
  CountedAccess access;
  const auto c = counting<Latent::coefficients>(work.column(kNear));
  const CountedInt<std::uint32_t> chain(0);
  counted = {};
  if constexpr (!Latent::metropolis)
    if (!work.kept) draw_strip<Latent>(c, step, objects.view(), chain, 0, kStrip, access);
  if (work.kept) latent_strip<Latent>(c, step, objects.view(), scales.data(), chain, 0, kStrip, access);
  return counted.per(static_cast<double>(kStrip * work.updates));
}

Operations operations_of_philox() {
  using W = CountedInt<std::uint32_t>;
  counted = {};
  philox4x32(Words<W>{{W(0), W(0), W(0), W(0)}}, 1);
  return counted.per(4);
}

// ---- registration

struct Registration {
  const Options& options;
  const Subjects& subjects;
  Measurements& results;

  /// One entry and one benchmark for each subject, running body(subject, entry, state).
  template <class Body>
  void add(const Measurement& model, std::uint64_t n, std::uint64_t walkers, double per_object, Body body) {
    for (std::size_t s = 0; s < subjects.list.size(); ++s) {
      const Subject& subject = subjects.list[s];
      Measurement& m = results.emplace_back(model);
      m.objects = n;
      m.subject = s;
      const double elements = static_cast<double>(n * walkers) * per_object;
      if (elements > (subject.slow ? 1 : 100) * (options.quick ? 3e6 : 3e8)) {
        m.skipped = kTooLong;
        continue;
      }
      const std::string name = fmt::format("{}/{}/{}", m.label(), n, subject.name);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&subject, &m, body, name](benchmark::State& state) {
                                     kept.begin(fmt::format("{}/{}", m.work, m.objects), name);
                                     try {
                                       body(subject, m, state);
                                     } catch (const std::exception& error) {
                                       m.skipped = error.what();
                                       state.SkipWithError(error.what());
                                     }
                                   })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond)
          ->MinTime(options.quick ? 0.01 : 0.3);
    }
  }

  template <class Term>
  void likelihood(const LikelihoodWork<Term>& work) {
    for (const std::uint64_t n : options.sizes) likelihood(work, n, 0);
  }
  /// The same objects for more and more walkers.
  template <class Term>
  void likelihood_by_walkers(const LikelihoodWork<Term>& work) {
    for (const std::uint64_t walkers : {32, 64, 128, 256, 512, 1024}) likelihood(work, 100000, walkers);
  }
  template <class Term>
  void likelihood(const LikelihoodWork<Term>& work, std::uint64_t n, std::uint64_t other_walkers) {
    Measurement model;
    model.work = work.name;
    model.unit = work.unit;
    model.walkers = other_walkers;
    model.operations = operations(work);
    const std::uint64_t walkers = other_walkers > 0 ? other_walkers : options.walkers;
    model.bytes = 0;  // an object is read once for all walkers
    add(model, n, walkers, work.elements_per_object,
        [&work, n, walkers](const Subject& subject, Measurement& m, benchmark::State& state) {
          const double columns = work.elements_per_object > 1 ? 2 * work.elements_per_object + 2 : 2;
          if (!fits_in_memory(static_cast<double>(n) * columns * (sizeof(double) + sizeof(float)), m, state))
            return;
          const auto& data = keep<ObjectTable<double>>(kept.objects, [&] { return work.objects(n); });
          auto& k = keep<std::unique_ptr<LikelihoodKernel>>(
              kept.kernel, [&] { return make_likelihood<Term>(subject, data); });
          const auto table = near_reference(walkers, Term::coefficients, work.column);
          std::vector<FixedSum> out(walkers * Term::outputs);
          k->sum(table, out);
          const double seconds = fastest(subject, state, [&] { k->sum(table, out); });
          report(m, seconds, static_cast<double>(n * walkers) * work.elements_per_object, state);
        });
  }

  template <class Latent>
  void latents(const LatentWork<Latent>& work) {
    Measurement model;
    model.work = work.name;
    model.unit = "(object, walker) and update";
    model.operations = operations(work);
    model.bytes = work.kept ? 2.0 * sizeof(float) / work.updates : 0;  // a latent comes and goes once a sweep
    for (const std::uint64_t n : options.sizes) {
      const std::uint64_t walkers = options.walkers;
      add(model, n, walkers, work.updates,
          [&work, n, walkers](const Subject& subject, Measurement& m, benchmark::State& state) {
            const double per_object =
                (work.kept ? static_cast<double>(padded(walkers)) * sizeof(float) : 0.0) +
                20.0 * static_cast<double>(groups_of(walkers)) + 40;
            if (!fits_in_memory(static_cast<double>(n) * per_object, m, state)) return;
            const auto table = near_reference(walkers, Latent::coefficients, work.column);
            std::vector<FixedSum> out(walkers * latent_sums<Latent>());
            LatentStep step;
            step.updates = work.updates;
            if (!work.kept) step.collect = LatentStep::Collect::drawn;
            auto& k = keep<std::unique_ptr<LatentKernel>>(kept.kernel, [&] {
              LatentSetup setup;
              setup.chains = walkers;
              setup.kept = work.kept;
              if (Latent::metropolis) setup.scale.assign(n, 1.7);
              auto made = make_latents<Latent>(subject, measured(n, 1), setup);
              LatentStep start = step;
              start.start = 1;
              if (work.kept) made->sweep(start, table, out);
              return made;
            });
            const double seconds = fastest(subject, state, [&] {
              ++step.sweep;
              k->sweep(step, table, out);
            });
            report(m, seconds, static_cast<double>(n * walkers * work.updates), state);
          });
    }
  }

  void philox() {
    Measurement model;
    model.work = "Philox";
    model.unit = "32-bit word";
    model.operations = operations_of_philox();
    for (const std::uint64_t n : options.sizes) {
      const std::uint64_t words = n * options.walkers;
      add(model, n, options.walkers, 1,
          [words](const Subject& subject, Measurement& m, benchmark::State& state) {
            if (subject.kind == Subject::Kind::reference) {
              m.skipped = "reference: its Philox is that of 'no SIMD'";
              state.SkipWithError(m.skipped.c_str());
              return;
            }
            std::uint32_t fold = 0;
            std::uint64_t made = 0;
            const double seconds = fastest(subject, state, [&] {
              made = philox_words(subject, words, fold);
              benchmark::DoNotOptimize(fold);
            });
            report(m, seconds, static_cast<double>(made), state);
          });
    }
  }
};

}  // namespace

void register_kernels(const Options& options, const Subjects& subjects, Measurements& results) {
  Registration r{options, subjects, results};
  r.likelihood(kNaive);
  r.likelihood(kExact);
  r.likelihood(kSampled);
  r.latents(kExactLatent);
  r.latents(kDrawnLatent);
  r.latents(kMetropolisLatent);
  r.philox();
  if (!options.quick) r.likelihood_by_walkers(kExact);
}

}  // namespace starling::bench
