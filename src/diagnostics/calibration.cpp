// Simulation-based calibration. If theta comes from the prior and x from p(x | theta), the rank of theta
// among independent draws of p(theta | x) is uniform; so are those of any quantity of theta and x, of which
// the log-likelihood sees errors that no hyperparameter by itself shows (Modrak et al. 2023).
#include "starling/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <nlohmann/json.hpp>
#include <ostream>

#include "backends/parallel.hpp"
#include "diagnostics/json_text.hpp"
#include "diagnostics/table.hpp"
#include "models/definition.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"
#include "starling/pairs.hpp"
#include "starling/random.hpp"
#include "starling/summary.hpp"

namespace starling {
namespace {

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

/// Random numbers of a replicate; `what` tells the truth, seeds and ties apart.
HostStream stream_of(const CalibrationOptions& options, std::size_t replicate, std::uint32_t what) {
  return {options.seed, static_cast<std::uint32_t>(replicate), what, purpose_word(Purpose::simulation, 1000)};
}

std::uint64_t seed_from(HostStream& stream) {
  return static_cast<std::uint64_t>(stream.uniform() * 0x1p53);
}

std::vector<double> draw_prior(const Model& model, HostStream stream) {
  std::vector<double> theta;
  for (const Prior& prior : model.priors()) {
    const double u = stream.uniform();  // one each, so that fixing one parameter leaves the others alone
    theta.push_back(prior.is_fixed() ? prior.a : prior.quantile(u));
  }
  return theta;
}

/// A catalog of the model, as far as simulate() knows its measurement.
Simulation simulate_catalog(const Model& model, const std::vector<double>& theta,
                            const CalibrationOptions& options, std::uint64_t seed) {
  const std::string measurement = model.measurement();
  const std::size_t population = parameters_of(model.population(), "normal").size();
  const std::vector<double> truth(theta.begin(), theta.begin() + static_cast<std::ptrdiff_t>(population));
  const double sigma = options.sigma > 0 ? options.sigma : 1;
  const double scale = measurement == "normal_unknown_noise" ? theta.at(population) : 1;
  SimulationRequest request{model.population(),
                            "normal",
                            truth,
                            {},
                            options.objects,
                            is_of_samples(measurement) ? options.samples : 0,
                            seed};
  for (const Column& column : pair_facts(model.population(), "normal").columns)
    if (column.role.starts_with("sigma")) request.columns[column.role] = {sigma * scale};
  Simulation made = simulate(request);
  made.catalog.sigma = {sigma};
  if (options.sigma > 0) return made;
  const std::size_t components = made.mu.size() / options.objects;
  for (std::size_t i = 0; i < options.objects; ++i)
    for (std::size_t j = 0; j < components; ++j)
      (j == 0 ? made.catalog.x : made.catalog.columns.at(fmt::format("x_{}", j + 1)))[i] =
          made.mu[i * components + j];
  return made;
}

void check(const Model& model, Method method, const CalibrationOptions& options) {
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError(what);
  };
  require(options.replicates >= 10 && options.replicates <= 100'000,
          fmt::format("replicates is {}, expected between 10 and 100000", options.replicates));
  require(
      options.draws >= 1 && options.draws <= 10'000,
      fmt::format("the number of draws to rank among is {}, expected between 1 and 10000", options.draws));
  require(options.false_alarm > 0 && options.false_alarm < 1,
          fmt::format("the false-alarm rate is {}, expected between 0 and 1", options.false_alarm));
  require(
      std::isfinite(options.sigma) && options.sigma >= 0 && (options.sigma > 0 || method == Method::naive),
      fmt::format("sigma is {}, expected more than 0 (0 is for the naive fit of points without noise)",
                  options.sigma));
  const std::string m = model.measurement();
  require(options.simulator || m == "normal" || m == "normal_unknown_noise" || is_of_samples(m),
          fmt::format("catalogs of measurement '{}' cannot be simulated, only those of normal, "
                      "normal_unknown_noise and samples",
                      m));
  require(!is_of_samples(m) || options.samples >= 1 || options.simulator,
          "posterior samples per object is 0, expected 1 or more");
}

/// Objects whose latents are ranked, evenly over the catalog.
std::vector<std::size_t> ranked_objects(const Model& model, Method method,
                                        const CalibrationOptions& options) {
  std::vector<std::size_t> objects;
  // Draws of a latent from its own K samples are among K values: their ranks are not uniform for any finite
  // K.
  if (method == Method::naive || is_of_samples(model.measurement())) return objects;
  const std::size_t n = std::min(options.latents, options.objects);
  for (std::size_t k = 0; k < n; ++k) objects.push_back(k * options.objects / n);
  return objects;
}

/// Places in [chain][draw] of draws that are independent: every walker at times two autocorrelation times
/// apart (walkers of an ensemble at one time are independent in the long run), as many as are wanted, evenly.
struct Selection {
  std::vector<std::size_t> places;
  bool enough;
};
Selection independent_places(std::size_t chains, std::size_t draws, double tau, std::size_t wanted) {
  const std::size_t most = std::max<std::size_t>(1, draws * chains / wanted);
  const double asked = std::isfinite(tau) ? std::ceil(2 * tau) : as_double(most);
  const bool enough =
      std::isfinite(tau) && as_double(chains) * std::floor(as_double(draws) / asked) >= as_double(wanted);
  std::size_t stride = enough ? static_cast<std::size_t>(asked) : std::clamp<std::size_t>(most, 1, draws);
  while (stride > 1 && draws / stride * chains < wanted) --stride;
  const std::size_t times = draws / stride, all = times * chains;
  Selection selection{{}, enough};
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t k = i * all / wanted;  // the time runs fastest: neighbours are of one walker
    selection.places.push_back(k / times * draws + (k % times + 1) * stride - 1);
  }
  return selection;
}

std::size_t rank_of(double truth, const std::vector<double>& draws, HostStream& ties) {
  std::size_t below = 0, equal = 0;
  for (const double value : draws) {
    below += value < truth ? 1 : 0;
    equal += value == truth ? 1 : 0;
  }
  return below + (equal > 0 ? ties.below(equal + 1) : 0);
}

/// One catalog: its ranks, in the order of names_of().
struct Replicate {
  std::vector<std::size_t> ranks;
  bool enough = true;
};

class Calibrator {
 public:
  Calibrator(const Model& model, Method method, const CalibrationOptions& options)
      : model_(model), method_(method), options_(options), objects_(ranked_objects(model, method, options)) {
    for (std::size_t j = 0; j < model.priors().size(); ++j)
      if (!model.priors()[j].is_fixed()) free_.push_back(j);
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const std::size_t j : free_) all.push_back(model_.parameters()[j].name);
    for (const std::size_t i : objects_) all.push_back(fmt::format("latent {}", i));
    all.emplace_back("log_likelihood");
    return all;
  }

  [[nodiscard]] Replicate run(std::size_t r) const {
    HostStream seeds = stream_of(options_, r, 1), ties = stream_of(options_, r, 2);
    const std::vector<double> truth = draw_prior(model_, stream_of(options_, r, 0));
    const std::uint64_t catalog_seed = seed_from(seeds);
    const Simulation data = options_.simulator ? options_.simulator(truth, catalog_seed)
                                               : simulate_catalog(model_, truth, options_, catalog_seed);
    FitOptions used = options_.fit;
    used.seed = seed_from(seeds);
    used.threads = 1;
    MemorySink sink;
    fit(model_, data.catalog, method_, used, sink);
    const Chain chain = sink.take();

    const std::size_t chains = chain.header.chains();
    double tau = 1;
    const auto longer = [&](const double* values) {
      const double time = autocorrelation_time({values, chains, chain.draws});
      tau = std::isnan(time) ? time : std::max(tau, time);  // what never moved has none, and spoils all
    };
    for (const std::size_t j : free_) longer(chain.values(j));
    std::vector<std::vector<double>> latents;  // of a marginal fit: as independent as theta is
    for (const std::size_t i : objects_)
      if (method_ == Method::joint)
        longer(latents.emplace_back(first_latent(replay_latent(chain, data.catalog, i))).data());
    const Selection selection = independent_places(chains, chain.draws, tau, options_.draws);
    const auto selected = [&](const double* values) {
      std::vector<double> some;
      for (const std::size_t place : selection.places) some.push_back(values[place]);
      return some;
    };

    Replicate result;
    result.enough = selection.enough;
    for (const std::size_t j : free_)
      result.ranks.push_back(rank_of(truth[j], selected(chain.values(j)), ties));
    for (std::size_t k = 0; k < objects_.size(); ++k)
      result.ranks.push_back(
          rank_of(data.mu.at(objects_[k] * model_.definition().latents().size()),
                  method_ == Method::joint
                      ? selected(latents[k].data())
                      : first_latent(replay_latent(chain, data.catalog, objects_[k], selection.places)),
                  ties));
    std::vector<double> likelihoods;
    for (const std::size_t place : selection.places) {
      std::vector<double> theta;
      for (std::size_t j = 0; j < truth.size(); ++j) theta.push_back(chain.values(j)[place]);
      likelihoods.push_back(log_likelihood(data.catalog, theta));
    }
    result.ranks.push_back(rank_of(log_likelihood(data.catalog, truth), likelihoods, ties));
    return result;
  }

 private:
  /// The first component of every draw, of draws of all.
  [[nodiscard]] std::vector<double> first_latent(const std::vector<double>& draws) const {
    const std::size_t each = model_.definition().latents().size();
    std::vector<double> first;
    for (std::size_t k = 0; k < draws.size(); k += each) first.push_back(draws[k]);
    return first;
  }
  [[nodiscard]] double log_likelihood(const Catalog& catalog, const std::vector<double>& theta) const {
    FitOptions used = options_.fit;
    used.threads = 1;
    return log_probability(model_, catalog, method_, theta, used).log_likelihood;
  }

  const Model& model_;
  Method method_;
  const CalibrationOptions& options_;
  std::vector<std::size_t> free_, objects_;
};

std::vector<Replicate> run_all(const Calibrator& calibrator, const CalibrationOptions& options) {
  std::vector<Replicate> all(options.replicates);
  std::size_t done = 0;
  const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
  parallel_for(options.replicates, threads, 1, [&](std::size_t r) {
    all[r] = calibrator.run(r);
#pragma omp critical(starling_calibration)
    if (options.progress) options.progress(++done);
  });
  return all;
}

/// In words: the mean and the spread of u = (rank + 1/2) / (draws + 1), which are 1/2 and 1/12.
std::string shape_of(const std::vector<std::size_t>& ranks, std::size_t draws) {
  const double n = as_double(ranks.size());
  double mean = 0, square = 0;
  for (const std::size_t r : ranks) mean += (as_double(r) + 0.5) / as_double(draws + 1) / n;
  for (const std::size_t r : ranks)
    square += std::pow((as_double(r) + 0.5) / as_double(draws + 1) - 0.5, 2) / n;
  const double shift = (mean - 0.5) * std::sqrt(12 * n),
               spread = (square - 1.0 / 12) * std::sqrt(180 * n);  // in standard errors
  if (std::abs(shift) > 3 && std::abs(shift) >= std::abs(spread) / 2)
    return shift > 0 ? "the draws lie too low" : "the draws lie too high";
  if (std::abs(spread) > 3) return spread > 0 ? "the posterior is too narrow" : "the posterior is too wide";
  return "the posterior has a wrong shape";
}

}  // namespace

bool Calibration::passed() const {
  return std::all_of(quantities.begin(), quantities.end(), [](const Quantity& q) { return q.uniform; });
}

Calibration calibrate(const Model& model, Method method, const CalibrationOptions& options) {
  check(model, method, options);
  const Calibrator calibrator(model, method, options);
  const std::vector<std::string> names = calibrator.names();
  const std::vector<Replicate> replicates = run_all(calibrator, options);

  Calibration result;
  result.method = to_string(method);
  result.population = model.population();
  result.measurement = model.measurement();
  for (const Parameter& p : model.parameters()) result.parameters.push_back(p.name);
  for (const Prior& p : model.priors()) result.priors.push_back(p.text());
  result.replicates = options.replicates;
  result.objects = options.objects;
  result.draws = options.draws;
  result.sigma = options.sigma;
  result.false_alarm = options.false_alarm;
  result.short_fits = static_cast<std::size_t>(std::count_if(
      replicates.begin(), replicates.end(), [](const Replicate& replicate) { return !replicate.enough; }));
  const double allowed = options.false_alarm / as_double(names.size());
  for (std::size_t q = 0; q < names.size(); ++q) {
    std::vector<std::size_t> ranks;
    for (const Replicate& replicate : replicates) ranks.push_back(replicate.ranks[q]);
    const RankTest test = test_ranks(ranks, options.draws);
    const bool uniform = test.ecdf_p > allowed;
    const std::string finding = uniform ? "" : shape_of(ranks, options.draws);
    result.quantities.push_back({names[q], std::move(ranks), test, uniform, finding});
  }
  result.band = ecdf_band(options.replicates, options.draws, allowed);
  return result;
}

std::ostream& operator<<(std::ostream& out, const Calibration& c) {
  std::vector<std::vector<std::string>> rows{{"", "mean rank", "p (ECDF)", "p (chi-square)", ""}};
  for (const Calibration::Quantity& q : c.quantities) {
    double mean = 0;
    for (const std::size_t r : q.ranks) mean += as_double(r) / as_double(q.ranks.size());
    rows.push_back({q.name, fmt::format("{:.1f} of {}", mean, c.draws), fmt::format("{:.2g}", q.test.ecdf_p),
                    q.test.bins > 1 ? fmt::format("{:.2g}", q.test.chi_square_p) : "-",
                    q.uniform ? "uniform" : "NOT UNIFORM: " + q.finding});
  }
  fmt::print(out, "{} fits of {} catalogs of {} objects, ranks among {} draws\n{}", c.method, c.replicates,
             c.objects, c.draws, diagnostics::table(rows));
  if (c.short_fits > 0)
    fmt::print(
        out,
        "warning: {} fits had fewer than {} independent draws, so that their ranks are too noisy: take "
        "more steps or walkers\n",
        c.short_fits, c.draws);
  fmt::print(out, "{} (a sampler without fault fails with a chance of {:g})\n",
             c.passed() ? "calibrated" : "NOT CALIBRATED", c.false_alarm);
  return out;
}

std::string to_json(const Calibration& c) {
  using Json = nlohmann::ordered_json;
  Json priors = Json::object(), quantities = Json::object();
  for (std::size_t j = 0; j < c.parameters.size(); ++j) priors[c.parameters[j]] = c.priors[j];
  for (const Calibration::Quantity& q : c.quantities) {
    quantities[q.name] = {{"uniform", q.uniform},
                          {"finding", q.finding},
                          {"ecdf_p", q.test.ecdf_p},
                          {"chi_square", q.test.chi_square},
                          {"chi_square_p", q.test.chi_square_p},
                          {"bins", q.test.bins},
                          {"ranks", q.ranks}};
  }
  const Json json = {{"passed", c.passed()},
                     {"method", c.method},
                     {"population", c.population},
                     {"measurement", c.measurement},
                     {"priors", priors},
                     {"replicates", c.replicates},
                     {"objects", c.objects},
                     {"sigma", c.sigma},
                     {"draws", c.draws},
                     {"false_alarm", c.false_alarm},
                     {"short_fits", c.short_fits},
                     {"quantities", quantities},
                     {"band", {{"at", c.band.at}, {"lower", c.band.lower}, {"upper", c.band.upper}}}};
  return json_text(json);
}

}  // namespace starling
