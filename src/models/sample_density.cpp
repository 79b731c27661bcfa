// Mixtures of normals fitted to posterior samples.
#include "models/sample_density.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "backends/parallel.hpp"
#include "starling/error.hpp"
#include "starling/prior.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLogSqrt2Pi = 0.91893853320467274178;
constexpr double kReach = 6;       // sd of a component, as far as nodes go
constexpr double kLeastSd = 0.02;  // of a component, in units of the samples' sd
constexpr int kMostIterations = 200;

double log_normal_density(double z, double sd) {
  return -0.5 * z * z - std::log(sd) - kLogSqrt2Pi;
}

/// How many samples of equal weight say as much; no weights: all alike.
double effective_number(std::size_t samples, std::span<const double> weight) {
  if (weight.empty()) return static_cast<double>(samples);
  double sum = 0, squares = 0;
  for (const double w : weight) {
    sum += w;
    squares += w * w;
  }
  return sum * sum / squares;
}

/// Samples in units of their weighted mean and sd; the weights add up to 1.
struct Standardised {
  std::vector<double> z, weight;
  double mean = 0, sd = 0;
  double effective_number = 0;
};

Standardised standardised(std::span<const double> samples, std::span<const double> weight) {
  Standardised s;
  const std::size_t n = samples.size();
  s.weight.assign(n, 1 / static_cast<double>(n));
  if (!weight.empty()) {
    const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
    for (std::size_t k = 0; k < n; ++k) s.weight[k] = weight[k] / total;
  }
  for (std::size_t k = 0; k < n; ++k) s.mean += s.weight[k] * samples[k];
  for (std::size_t k = 0; k < n; ++k) s.sd += s.weight[k] * (samples[k] - s.mean) * (samples[k] - s.mean);
  s.sd = std::sqrt(s.sd);
  s.effective_number = effective_number(n, weight);
  for (const double x : samples) s.z.push_back((x - s.mean) / s.sd);
  return s;
}

/// Improves a mixture until its mean log density, which is returned, gains less than `least`.
double expectation_maximisation(const Standardised& s, NormalSum& q, double least) {
  const std::size_t n = s.z.size(), c = q.weight.size();
  double before = -kInfinity;
  std::vector<double> share(c), total(c), first(c), second(c);
  for (int iteration = 0;; ++iteration) {
    std::fill(total.begin(), total.end(), 0);
    std::fill(first.begin(), first.end(), 0);
    std::fill(second.begin(), second.end(), 0);
    double mean_log = 0;
    for (std::size_t k = 0; k < n; ++k) {
      double density = 0;
      for (std::size_t j = 0; j < c; ++j) {
        const double t = (s.z[k] - q.mean[j]) / q.sd[j];
        density += share[j] = q.weight[j] / q.sd[j] * std::exp(-0.5 * t * t);
      }
      mean_log += s.weight[k] * (std::log(std::max(density, 1e-300)) - kLogSqrt2Pi);
      if (!(density > 0)) continue;
      for (std::size_t j = 0; j < c; ++j) {
        const double w = s.weight[k] * share[j] / density, d = s.z[k] - q.mean[j];
        total[j] += w;
        first[j] += w * d;
        second[j] += w * d * d;
      }
    }
    if (iteration == kMostIterations || mean_log - before < least) return mean_log;
    before = mean_log;
    for (std::size_t j = 0; j < c; ++j) {
      if (!(total[j] > 1e-12)) continue;  // a component that no sample belongs to stays as it is
      const double shift = first[j] / total[j];
      q.weight[j] = total[j];
      q.mean[j] += shift;
      q.sd[j] = std::max(kLeastSd, std::sqrt(std::max(0.0, second[j] / total[j] - shift * shift)));
    }
  }
}

/// Where to begin: side by side, or one within the other.
NormalSum beginning(const Standardised& s, std::size_t c, bool concentric) {
  NormalSum q;
  std::vector<double> sorted = s.z;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t j = 0; j < c; ++j) {
    const double place = (static_cast<double>(j) + 0.5) / static_cast<double>(c);
    const auto k = static_cast<std::size_t>(place * static_cast<double>(sorted.size()));
    q.weight.push_back(1 / static_cast<double>(c));
    q.mean.push_back(concentric ? 0 : sorted[std::min(k, sorted.size() - 1)]);
    q.sd.push_back(concentric ? 0.4 * std::pow(2.5, static_cast<double>(j)) : 1 / static_cast<double>(c));
  }
  return q;
}

bool is_far_from_normal(const Standardised& s, double times) {
  double skewness = 0, kurtosis = -3;
  for (std::size_t k = 0; k < s.z.size(); ++k) {
    const double square = s.z[k] * s.z[k];
    skewness += s.weight[k] * square * s.z[k];
    kurtosis += s.weight[k] * square * square;
  }
  return std::abs(skewness) > times * std::sqrt(6 / s.effective_number) ||
         std::abs(kurtosis) > times * std::sqrt(24 / s.effective_number);
}

NormalSum best_of(const Standardised& s, int most) {
  NormalSum best{{1}, {0}, {1}};
  if (!is_far_from_normal(s, 2)) return best;
  const double n = s.effective_number, roughly = 1e-2 / n;  // ln L to a hundredth
  double best_criterion = -2 * n * expectation_maximisation(s, best, roughly) + 2 * std::log(n);
  for (int c = 2; c <= most && 3 * c - 1 < n; ++c) {
    const double before = best_criterion;
    for (const bool concentric : {false, true}) {
      auto q = beginning(s, static_cast<std::size_t>(c), concentric);
      const double criterion = -2 * n * expectation_maximisation(s, q, roughly) + (3 * c - 1) * std::log(n);
      if (criterion >= best_criterion) continue;
      best_criterion = criterion;
      best = std::move(q);
    }
    if (!(best_criterion < before)) break;
  }
  expectation_maximisation(s, best, 1e-9);
  return best;
}

/// What is known of one object, and the density that it gives.
struct Fitted {
  std::span<const double> samples;
  std::vector<double> weight;  // empty: all alike
  double mean_weight = 1;      // of 1 / pi0, where that is in the density
  double number = 0;           // effective one, of samples
  NormalSum density;
};

Fitted fitted(const Catalog& catalog, std::size_t i, int components) {
  Fitted f;
  const std::size_t begin = catalog.offsets[i], count = catalog.offsets[i + 1] - begin;
  f.samples = std::span(catalog.samples).subspan(begin, count);
  if (!catalog.log_interim.empty() && catalog.interim_prior.empty()) {
    const auto log_interim = std::span(catalog.log_interim).subspan(begin, count);
    const double least = *std::min_element(log_interim.begin(), log_interim.end());
    for (const double l : log_interim) f.weight.push_back(std::exp(least - l));
    f.mean_weight = std::accumulate(f.weight.begin(), f.weight.end(), 0.0) / static_cast<double>(count) *
                    std::exp(-least);
  }
  try {
    f.density = fit_normals(f.samples, f.weight, components);
  } catch (const InputError& error) {
    throw InputError(fmt::format("object {}: {}", catalog.names(std::vector<std::size_t>{i}), error.what()));
  }
  f.number = effective_number(count, f.weight);
  // Variances are enlarged by 4 / n: the most likely one is low by 1 / n, the mean scatters by 1 / n, and to
  // have next to no bias in ln L from the scatter of the variance takes 2 / n where the population is as wide
  // as the samples (delta method).
  for (std::size_t j = 0; j < f.density.sd.size(); ++j)
    f.density.sd[j] *= std::sqrt(1 + std::min(1.0, 4 / (f.density.weight[j] * f.number)));
  return f;
}

/// Where nodes may be, and the interim prior, where it has a name.
struct Bounds {
  std::optional<Prior> interim;
  std::pair<double, double> of_interim{-kInfinity, kInfinity}, of_population{-kInfinity, kInfinity};
};
Bounds bounds_of(const Catalog& catalog, const PopulationModel& population) {
  Bounds bounds;
  if (!catalog.interim_prior.empty()) {
    bounds.interim = parse_prior(catalog.interim_prior);
    bounds.of_interim = {bounds.interim->lower(), bounds.interim->upper()};
  }
  if (!population.support_moves()) bounds.of_population = population.support(population.some_theta());
  return bounds;
}

/// Cells that an end of the support cuts are cut there, so that what is beyond counts for nothing.
DensityNodes nodes_within(const NormalSum& q, double step, double lower, double upper) {
  DensityNodes nodes;
  const int cells = static_cast<int>(std::lround(2 * kReach / step));
  for (std::size_t j = 0; j < q.weight.size(); ++j)
    for (int k = 0; k < cells; ++k) {
      const double from = std::max(lower, q.mean[j] + q.sd[j] * (-kReach + step * k)),
                   to = std::min(upper, q.mean[j] + q.sd[j] * (-kReach + step * (k + 1)));
      if (!(to > from)) continue;
      const double middle = 0.5 * (from + to), z = (middle - q.mean[j]) / q.sd[j];
      nodes.mu.push_back(middle);
      nodes.log_interim.push_back(-std::log(q.weight[j]) - log_normal_density(z, q.sd[j]) -
                                  std::log(to - from));
    }
  return nodes;
}

DensityNodes nodes_of(const Fitted& f, double step, const Bounds& bounds) {
  const auto& [lower, upper] = bounds.of_interim;
  const auto& [least, most] = bounds.of_population;
  auto nodes = nodes_within(f.density, step, std::max(lower, least), std::min(upper, most));
  // an object beyond the population's support is impossible, but it has nodes
  if (nodes.mu.empty()) nodes = nodes_within(f.density, step, lower, upper);
  const double constant = std::log(static_cast<double>(nodes.mu.size())) + std::log(f.mean_weight);
  for (std::size_t k = 0; k < nodes.mu.size(); ++k) {
    nodes.log_interim[k] -= constant;
    if (bounds.interim) nodes.log_interim[k] += bounds.interim->log_density(nodes.mu[k]);
  }
  return nodes;
}

/// The largest distance between the samples' distribution and their density's.
double distance(const Fitted& f) {
  const std::size_t n = f.samples.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return f.samples[a] < f.samples[b]; });
  const double total =
      f.weight.empty() ? static_cast<double>(n) : std::accumulate(f.weight.begin(), f.weight.end(), 0.0);
  double below = 0, largest = 0;
  for (const std::size_t k : order) {
    const double cdf = f.density.cdf(f.samples[k]), more = (f.weight.empty() ? 1 : f.weight[k]) / total;
    largest = std::max({largest, std::abs(cdf - below), std::abs(cdf - below - more)});
    below += more;
  }
  return largest;
}

/// The integral of p(mu | theta) over a density.
struct Integral {
  double log_value;
  double beyond;  // the share of it beyond the outermost samples
};
Integral integral(const Fitted& f, const DensityNodes& nodes, const PopulationModel& population,
                  std::span<const double> prepared) {
  std::vector<double> l(nodes.mu.size());
  population.log_density(prepared, nodes.mu, l);
  double top = -kInfinity;
  for (std::size_t k = 0; k < l.size(); ++k) top = std::max(top, l[k] -= nodes.log_interim[k]);
  if (!std::isfinite(top)) return {-kInfinity, 0};
  const auto [first, last] = std::minmax_element(f.samples.begin(), f.samples.end());
  double all = 0, beyond = 0;
  for (std::size_t k = 0; k < l.size(); ++k) {
    const double w = std::exp(l[k] - top);
    all += w;
    if (nodes.mu[k] < *first || nodes.mu[k] > *last) beyond += w;
  }
  return {top + std::log(all / static_cast<double>(l.size())), beyond / all};
}

}  // namespace

double NormalSum::cdf(double at) const {
  double sum = 0;
  for (std::size_t j = 0; j < weight.size(); ++j)
    sum += weight[j] * 0.5 * std::erfc((mean[j] - at) / (sd[j] * 1.41421356237309504880));
  return sum;
}

bool is_far_from_normal(std::span<const double> samples, double times) {
  return is_far_from_normal(standardised(samples, {}), times);
}

DensityNodes density_nodes(const Catalog& catalog, const PopulationModel& population, int components,
                           double step, std::size_t object) {
  return nodes_of(fitted(catalog, object, components), step, bounds_of(catalog, population));
}

NormalSum fit_normals(std::span<const double> samples, std::span<const double> weight, int most) {
  const auto [least, largest] = std::minmax_element(samples.begin(), samples.end());
  if (*least == *largest) throw InputError("its samples are all the same, and have no density");
  const auto s = standardised(samples, weight);
  auto q = best_of(s, most);
  for (double& m : q.mean) m = s.mean + s.sd * m;
  for (double& sd : q.sd) sd *= s.sd;
  return q;
}

Catalog with_density(const Catalog& catalog, const PopulationModel& population, int components, double step,
                     ObjectRange objects, int threads) {
  const auto bounds = bounds_of(catalog, population);
  std::vector<DensityNodes> all(catalog.size());
  parallel_for(objects.end - objects.begin, threads, 16, [&](std::size_t k) {
    const std::size_t i = objects.begin + k;
    all[i] = nodes_of(fitted(catalog, i, components), step, bounds);
  });
  Catalog made;
  made.x = catalog.x;
  made.weight = catalog.weight;
  made.id = catalog.id;
  made.offsets = {0};
  for (auto& [mu, log_interim] : all) {
    made.samples.insert(made.samples.end(), mu.begin(), mu.end());
    made.log_interim.insert(made.log_interim.end(), log_interim.begin(), log_interim.end());
    made.offsets.push_back(made.samples.size());
    mu = {};
    log_interim = {};
  }
  return made;
}

std::vector<std::string> density_caveats(const Catalog& catalog, const PopulationModel& population,
                                         std::span<const double> theta, int components, double step,
                                         int threads) {
  const std::size_t n = catalog.size();
  const auto bounds = bounds_of(catalog, population);
  const auto prepared = population.prepared(theta);
  struct Figures {
    double distance, allowed, number, outside, beyond, error;
  };
  std::vector<Figures> all(n);
  parallel_for(n, threads, 16, [&](std::size_t i) {
    const auto f = fitted(catalog, i, components);
    const auto at = [&](double distance_of_nodes) {
      return integral(f, nodes_of(f, distance_of_nodes, bounds), population, prepared);
    };
    const auto fine = at(step), coarse = at(2 * step);
    all[i] = {
        distance(f), std::sqrt(std::log(2e3 * static_cast<double>(n)) / (2 * f.number)),
        f.number,    f.density.cdf(bounds.of_interim.first) + 1 - f.density.cdf(bounds.of_interim.second),
        fine.beyond, std::abs(fine.log_value - coarse.log_value)};
  });
  std::vector<std::string> caveats;
  const auto say = [&](const auto& is_bad, const auto& how_bad, const std::string& what) {
    std::vector<std::size_t> bad;
    for (std::size_t i = 0; i < n; ++i)
      if (is_bad(all[i])) bad.push_back(i);
    if (100 * bad.size() <= n) return;  // too few to matter
    std::stable_sort(bad.begin(), bad.end(),
                     [&](std::size_t a, std::size_t b) { return how_bad(all[a]) > how_bad(all[b]); });
    caveats.push_back(
        fmt::format("Of {} of {} objects {} (the worst: {}).", bad.size(), n, what, catalog.names(bad)));
  };
  say([](const Figures& f) { return f.distance > f.allowed; },
      [](const Figures& f) { return f.distance / f.allowed; },
      fmt::format("the samples are not distributed as a mixture of up to {} normals", components));
  say([](const Figures& f) { return f.outside > 0.05; }, [](const Figures& f) { return f.outside; },
      "more than 5 % of the density lies outside of the interim prior: the samples crowd at its end");
  say([](const Figures& f) { return f.number < 10; }, [](const Figures& f) { return -f.number; },
      "there are fewer than 10 samples to fit a density to");
  say([](const Figures& f) { return f.beyond > 0.5; }, [](const Figures& f) { return f.beyond; },
      "the population lies beyond the outermost samples, where the density is an extrapolation");
  say([](const Figures& f) { return f.error > 0.05; }, [](const Figures& f) { return f.error; },
      "the integral over the density is uncertain by more than 5 %: the population changes within a small "
      "part "
      "of the density's width");
  return caveats;
}

}  // namespace starling
