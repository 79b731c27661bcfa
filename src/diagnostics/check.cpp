// Posterior predictive checks.
#include "starling/check.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <span>

#include "backends/parallel.hpp"
#include "diagnostics/json_text.hpp"
#include "diagnostics/table.hpp"
#include "models/definition.hpp"
#include "sampler/replicate.hpp"
#include "starling/error.hpp"
#include "starling/summary.hpp"

namespace starling {
namespace {

double share(const std::vector<double>& values, double probability) {
  return quantile({values.data(), 1, values.size()}, probability);
}

/// Correlation of two columns; NaN if one of them is constant.
double correlation(std::span<const double> a, std::span<const double> b) {
  const double n = static_cast<double>(a.size());
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / n, mb += b[i] / n;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
    ab += (a[i] - ma) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

struct NamedValue {
  std::string name;
  double value;
};

/// The test quantities of a set of points.
std::vector<NamedValue> quantities_of(const std::vector<double>& points, const Catalog& catalog) {
  const double n = static_cast<double>(points.size());
  double mean = 0, square = 0, cube = 0;
  for (const double x : points) mean += (x - points[0]) / n;
  mean += points[0];
  for (const double x : points) {
    square += (x - mean) * (x - mean) / n;
    cube += std::pow(x - mean, 3) / n;
  }
  std::vector<NamedValue> all{{"mean", mean}};
  if (points.size() > 1) all.push_back({"sd", std::sqrt(square)});
  if (points.size() > 2) all.push_back({"skewness", cube / std::pow(square, 1.5)});
  for (const auto& [name, probability] : {std::pair{"5 %", 0.05}, {"median", 0.5}, {"95 %", 0.95}})
    all.push_back({name, share(points, probability)});
  all.push_back({"smallest", *std::min_element(points.begin(), points.end())});
  all.push_back({"largest", *std::max_element(points.begin(), points.end())});
  if (catalog.sigma.size() == points.size() && points.size() > 2)
    if (const double r = correlation(points, catalog.sigma); std::isfinite(r))
      all.push_back({"correlation with sigma", r});
  return all;
}

/// Those of points of several components, [component][object], and the components' correlations.
std::vector<NamedValue> quantities_of_all(const std::vector<double>& points, const Catalog& catalog,
                                          const std::vector<std::string>& names) {
  if (names.size() == 1) return quantities_of(points, catalog);
  const std::size_t n = points.size() / names.size();
  std::vector<std::vector<double>> components;
  std::vector<NamedValue> all;
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto first = points.begin() + static_cast<std::ptrdiff_t>(j * n);
    components.emplace_back(first, first + static_cast<std::ptrdiff_t>(n));
    for (const auto& [name, value] : quantities_of(components[j], {}))
      all.push_back({names[j] + ", " + name, value});
  }
  for (std::size_t k = 1; k < names.size() && n > 2; ++k)
    for (std::size_t j = 0; j < k; ++j)
      if (const double r = correlation(components[j], components[k]); std::isfinite(r))
        all.push_back({fmt::format("correlation of {} and {}", names[j], names[k]), r});
  return all;
}

/// Edges of bins over most of the points.
std::vector<double> edges_for(std::vector<double> points) {
  double low = share(points, 0.01), high = share(points, 0.99);
  if (!(high > low)) low -= 0.5 * std::max(1e-6, std::abs(low)), high += 0.5 * std::max(1e-6, std::abs(high));
  const double margin = 0.25 * (high - low);
  const auto bins =
      static_cast<std::size_t>(std::clamp(2 * std::cbrt(static_cast<double>(points.size())), 10.0, 60.0));
  std::vector<double> edges;
  for (std::size_t k = 0; k <= bins; ++k)
    edges.push_back(low - margin +
                    (high - low + 2 * margin) * static_cast<double>(k) / static_cast<double>(bins));
  return edges;
}

/// Density of points per bin; those outside of all bins count in the number of points.
std::vector<double> histogram(const std::vector<double>& points, const std::vector<double>& edges) {
  const double width = edges[1] - edges[0];
  std::vector<double> density(edges.size() - 1);
  for (const double x : points) {
    const double place = std::floor((x - edges[0]) / width);
    if (place >= 0 && place < static_cast<double>(density.size()))
      density[static_cast<std::size_t>(place)] += 1 / (width * static_cast<double>(points.size()));
  }
  return density;
}

/// rows: [replicate][place]
PredictiveCheck::Band band_of(const std::vector<std::vector<double>>& rows) {
  PredictiveCheck::Band band;
  for (std::size_t j = 0; j < rows[0].size(); ++j) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[j]);
    band.lower95.push_back(share(values, 0.025));
    band.lower68.push_back(share(values, 0.16));
    band.median.push_back(share(values, 0.5));
    band.upper68.push_back(share(values, 0.84));
    band.upper95.push_back(share(values, 0.975));
  }
  return band;
}

/// What is compared of a set of points.
struct Described {
  std::vector<NamedValue> quantities;
  std::vector<double> histogram;
};

/// One replicate and what it is compared with.
struct Replicate {
  Described observed, replicated;
  std::vector<double> density;
};

PredictiveCheck::Quantity compared(const std::vector<Replicate>& all, std::size_t q) {
  PredictiveCheck::Quantity quantity{all[0].observed.quantities[q].name, 0, 0, 0, 0};
  std::vector<double> values;
  const double n = static_cast<double>(all.size());
  for (const auto& r : all) {
    const double observed = r.observed.quantities[q].value, value = r.replicated.quantities[q].value;
    quantity.observed += observed / n;
    quantity.p += (value > observed ? 1 : value == observed ? 0.5 : 0) / n;
    values.push_back(value);
  }
  quantity.lower = share(values, 0.025);
  quantity.upper = share(values, 0.975);
  return quantity;
}

}  // namespace

PredictiveCheck check_predictions(const Model& model, const Catalog& catalog, const Chain& chain,
                                  const CheckOptions& options) {
  if (options.replicates < 20 || options.replicates > 1'000'000)
    throw InputError(fmt::format("replicates is {}, expected between 20 and 1000000", options.replicates));
  if (chain.draws == 0) throw InputError("the chain has no draws");
  const Method method = parse_method(chain.header.method);
  model.definition().check(catalog, method);
  const Replicator replicator(model, catalog, method, options.seed);
  const std::size_t draws = chain.header.chains() * chain.draws, d = chain.header.parameters.size();
  const auto theta_of = [&](std::size_t replicate) {  // evenly over all walkers and times: golden section
    const double turns = (static_cast<double>(replicate) + 0.5) * 0.61803398874989484820;
    const auto place = static_cast<std::size_t>((turns - std::floor(turns)) * static_cast<double>(draws));
    std::vector<double> theta(d);
    for (std::size_t j = 0; j < d; ++j) theta[j] = chain.values(j)[place];
    return theta;
  };

  PredictiveCheck check;
  check.method = chain.header.method;
  check.population = chain.header.population;
  check.measurement = chain.header.measurement;
  check.replicates = options.replicates;
  check.objects = catalog.size();
  check.of_latents = replicator.of_latents();
  const auto first = replicator.observed(theta_of(0), 0);
  const auto names = model.definition().latents();
  const auto of_first = [&](const std::vector<double>& points) {  // component
    return std::vector<double>(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(catalog.size()));
  };
  check.edges = edges_for(of_first(first));
  constexpr std::size_t places = 201;
  for (std::size_t k = 0; k < places; ++k)
    check.mu.push_back(check.edges.front() + (check.edges.back() - check.edges.front()) *
                                                 static_cast<double>(k) / static_cast<double>(places - 1));

  const auto described = [&](const std::vector<double>& points) {
    return Described{quantities_of_all(points, catalog, names), histogram(of_first(points), check.edges)};
  };
  const Described always = described(first);  // but for latents
  std::vector<Replicate> all(options.replicates);
  const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
  parallel_for(all.size(), threads, 1, [&](std::size_t r) {
    const auto theta = theta_of(r);
    const auto number = static_cast<std::uint32_t>(r);
    all[r] = {check.of_latents ? described(replicator.observed(theta, number)) : always,
              described(replicator.replicated(theta, number)), replicator.density(theta, check.mu)};
  });

  std::size_t quantities = all[0].observed.quantities.size();
  for (const auto& r : all)
    quantities = std::min({quantities, r.observed.quantities.size(), r.replicated.quantities.size()});
  for (std::size_t q = 0; q < quantities; ++q) check.quantities.push_back(compared(all, q));
  check.observed.assign(check.edges.size() - 1, 0.0);
  std::vector<std::vector<double>> histograms, densities;
  for (const auto& r : all) {
    for (std::size_t j = 0; j < check.observed.size(); ++j)
      check.observed[j] += r.observed.histogram[j] / static_cast<double>(all.size());
    histograms.push_back(r.replicated.histogram);
    densities.push_back(r.density);
  }
  check.replicated = band_of(histograms);
  check.density = band_of(densities);
  return check;
}

std::ostream& operator<<(std::ostream& out, const PredictiveCheck& check) {
  std::vector<std::vector<std::string>> rows{{"", "observed", "95 % of replicates", "p", ""}};
  std::size_t extreme = 0;
  for (const auto& q : check.quantities) {
    extreme += q.extreme() ? 1 : 0;
    rows.push_back({q.name, fmt::format("{:.4g}", q.observed),
                    fmt::format("{:.4g} to {:.4g}", q.lower, q.upper), fmt::format("{:.3f}", q.p),
                    q.extreme() ? (q.p < 0.5 ? "TOO HIGH" : "TOO LOW") : ""});
  }
  fmt::print(
      out, "{} replicated catalogs of {} objects, by {}; p: share of them above what is observed\n{}",
      check.replicates, check.objects,
      check.of_latents ? "true values (latents given the samples against new ones)" : "measured values",
      diagnostics::table(rows));
  if (extreme > 0)
    fmt::print(
        out,
        "the population does not explain {} of these {} quantities: look at the figure (--plot) for where "
        "it fails, and try a population with another tail, a mixture, or the selection of the survey\n",
        extreme, check.quantities.size());
  return out;
}

std::string to_json(const PredictiveCheck& check) {
  using Json = nlohmann::ordered_json;
  const auto band = [](const PredictiveCheck::Band& b) {
    return Json{{"lower95", b.lower95},
                {"lower68", b.lower68},
                {"median", b.median},
                {"upper68", b.upper68},
                {"upper95", b.upper95}};
  };
  Json quantities = Json::object();
  for (const auto& q : check.quantities)
    quantities[q.name] = {{"observed", q.observed},
                          {"lower", q.lower},
                          {"upper", q.upper},
                          {"p", q.p},
                          {"extreme", q.extreme()}};
  const Json json = {
      {"method", check.method},
      {"population", check.population},
      {"measurement", check.measurement},
      {"replicates", check.replicates},
      {"objects", check.objects},
      {"of", check.of_latents ? "latents" : "points"},
      {"quantities", quantities},
      {"histogram",
       {{"edges", check.edges}, {"observed", check.observed}, {"replicated", band(check.replicated)}}},
      {"density", {{"mu", check.mu}, {"population", band(check.density)}}}};
  return json_text(json);
}

}  // namespace starling
