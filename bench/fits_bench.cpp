// Whole fits through the public interface: kernels, moves and the recording of the chain together.
#include <fmt/format.h>

#include "measurements.hpp"
#include "starling/starling.hpp"

namespace starling::bench {
namespace {

constexpr std::size_t kSamples = 100;

struct FitWork {
  const char* name;
  Method method;
  std::string_view measurement;
  FitOptions options;
  double evaluations;  ///< of every object for every walker, per sweep
  const char* unit;
};

FitOptions ensembles(std::size_t count, std::size_t burn_in, std::size_t steps) {
  FitOptions o;
  o.ensembles = count;
  o.walkers = 100;
  o.burn_in = burn_in;
  o.steps = steps;
  return o;
}

/// The fits of the demo, with its settings.
std::vector<FitWork> works() {
  FitOptions naive = ensembles(1, 50, 450);
  naive.moves = {.stretch = 1};
  naive.moves_per_step = 1;
  naive.start_center = {0, 1};
  naive.start_spread = {1e-4, 1e-4};
  return {
      {"naive fit", Method::naive, "normal", naive, 1, "(object, walker)"},
      {"exact marginal fit", Method::marginal, "normal", ensembles(4, 1000, 1000), 5, "(object, walker)"},
      {"samples marginal fit", Method::marginal, "samples", ensembles(4, 1000, 1000), kSamples,
       "(sample, walker)"},
      {"joint fit", Method::joint, "normal", ensembles(4, 1000, 1000), 1, "(object, walker)"},
  };
}

/// Fewer sweeps where all of them would take long: about so many elements in all, but kFewest at least.
constexpr double kFewest = 5;
void shorten(FitOptions& o, double elements_per_sweep, double most) {
  const auto sweeps = static_cast<double>(o.burn_in + o.steps);
  const double factor = std::min(1.0, std::max(most / elements_per_sweep, kFewest) / sweeps);
  o.burn_in = static_cast<std::size_t>(factor * static_cast<double>(o.burn_in));
  o.steps = static_cast<std::size_t>(factor * static_cast<double>(o.steps));
}

Model model_for(const FitWork& work) {
  const bool naive = work.method == Method::naive;
  return Model("normal", work.measurement,
               {{"theta_mu", naive ? uniform(-10, 10) : uniform(-5, 5)}, {"theta_sigma", uniform(0, 2)}});
}

/// The catalog of the fit that runs; only one is kept. Its noise differs: with one noise for all two sums
/// over the objects would say all, and a marginal fit would not depend on their number.
const Catalog& catalog_of(std::size_t objects, std::size_t samples) {
  static Catalog catalog;
  static std::size_t kept_objects = 0, kept_samples = 0;
  if (kept_objects != objects || kept_samples != samples) {
    catalog = {};
    std::vector<double> noise(objects);
    for (std::size_t i = 0; i < objects; ++i) noise[i] = 0.75 + 0.5 * static_cast<double>(i % 8) / 7;
    catalog = simulate("normal", {0, 1}, objects, noise, samples, 1).catalog;
    kept_objects = objects;
    kept_samples = samples;
  }
  return catalog;
}

/// Notes effective draws per second of sampling, burn-in included, where there are enough draws to tell: of
/// the slower hyperparameter, and, in joint fits, of the slowest of a few latents.
void note_efficiency(const Chain& chain, const Catalog& catalog, Measurement& m, double seconds) {
  constexpr std::size_t kFewestDraws = 100, kLatents = 10;
  if (chain.draws < kFewestDraws) return;
  double least = std::numeric_limits<double>::infinity();
  for (const auto& row : summary(chain).parameters) least = std::min({least, row.ess_bulk, row.ess_tail});
  m.theta_ess = least / seconds;
  if (chain.header.method != "joint") return;
  least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < kLatents; ++k) {
    const auto latent = replay_latent(chain, catalog, k * catalog.size() / kLatents);
    const Draws draws{latent.data(), chain.header.chains(), chain.draws};
    least = std::min({least, ess_bulk(draws), ess_tail(draws)});
  }
  m.latent_ess = least / seconds;
}

void run_fit(const FitWork& work, const Subject& subject, Measurement& m, benchmark::State& state) {
  const Model model = model_for(work);
  const std::size_t samples = work.measurement == "samples" ? kSamples : 0;
  FitOptions o = work.options;
  o.device = subject.is_cpu() ? "cpu" : fmt::format("cuda:{}", subject.cuda_device);
  o.threads = subject.threads;
  const auto plan = plan_memory(model, m.objects, m.objects * samples, work.method, o);
  // the chain itself is kept in memory: a few numbers per walker and sweep, several times while it is put
  // together
  const double chain_bytes = 200.0 * static_cast<double>(o.ensembles * o.walkers * (o.burn_in + o.steps));
  if (!fits_in_memory(static_cast<double>(plan.host_bytes) + chain_bytes, m, state)) return;
  const Catalog& catalog = catalog_of(m.objects, samples);
  double best = std::numeric_limits<double>::infinity();
  Chain chain;
  for (auto _ : state) {
    MemorySink sink;
    fit(model, catalog, work.method, o, sink);
    chain = sink.take();
    best = std::min(best, std::stod(chain.results.attributes.at("sampling_seconds")));
  }
  note_efficiency(chain, catalog, m, best);
  const auto walkers = static_cast<double>(o.ensembles * o.walkers);
  report(m, best, static_cast<double>(m.objects) * walkers * work.evaluations * static_cast<double>(m.sweeps),
         state);
  state.counters["sampling_seconds"] = best;
  if (!std::isnan(m.theta_ess)) state.counters["theta_ess_per_second"] = m.theta_ess;
  if (!std::isnan(m.latent_ess)) state.counters["latent_ess_per_second"] = m.latent_ess;
  state.counters["sweeps"] = static_cast<double>(m.sweeps);
}

}  // namespace

void register_fits(const Options& options, const Subjects& subjects, Measurements& results) {
  for (const FitWork& work : works())
    for (const std::uint64_t n : options.sizes) {
      FitWork sized = work;
      const double elements =
          static_cast<double>(n * work.options.ensembles * work.options.walkers) * work.evaluations;
      shorten(sized.options, elements, options.quick ? 3e7 : 2e9);
      for (std::size_t s = 0; s < subjects.list.size(); ++s) {
        const Subject& subject = subjects.list[s];
        if (!subject.runs_fits) continue;
        Measurement& m = results.emplace_back();
        m.work = work.name;
        m.unit = work.unit;
        m.objects = n;
        m.subject = s;
        m.is_fit = true;
        m.sweeps = sized.options.burn_in + sized.options.steps;
        if (kFewest * elements > (options.quick ? 2.1e8 : 4e10)) {
          m.skipped = kTooLong;
          continue;
        }
        const std::string name = fmt::format("{}/{}/{}", m.work, n, subject.name);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [sized, &subject, &m](benchmark::State& state) {
                                       try {
                                         run_fit(sized, subject, m, state);
                                       } catch (const std::exception& error) {
                                         m.skipped = error.what();
                                         state.SkipWithError(error.what());
                                       }
                                     })
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond)
            ->Iterations(n > 10000       ? 1
                         : options.quick ? 2
                                         : 5);
      }
    }
}

}  // namespace starling::bench
