// Draws of single latents, recomputed from a chain.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <utility>

#include "backends/parallel.hpp"
#include "sampler/options.hpp"
#include "sampler/start.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

const std::string& attribute(const ChainHeader& header, const std::string& name) {
  const auto a = header.attributes.find(name);
  if (a == header.attributes.end())
    throw InputError(fmt::format("the chain has no attribute '{}', which a replay of latents needs", name));
  return a->second;
}

std::vector<double> numbers(const ChainHeader& header, const std::string& name) {
  std::vector<double> values;
  if (header.attributes.count(name) == 0) return values;
  std::istringstream in(header.attributes.at(name));
  for (double v; in >> v;) values.push_back(v);
  return values;
}

}  // namespace

Model model_of(const ChainHeader& header, Selection selection) {
  Priors priors;
  for (std::size_t j = 0; j < header.parameters.size(); ++j)
    priors.emplace_back(header.parameters[j], parse_prior(header.priors[j]));
  const auto rate = header.attributes.find("rate");
  selection.rate = rate != header.attributes.end() && rate->second == "1";
  return {header.population, header.measurement, priors, std::move(selection)};
}

std::vector<double> replay_latent(const Chain& chain, const Catalog& catalog, std::size_t object,
                                  std::span<const std::size_t> places) {
  const ChainHeader& header = chain.header;
  if (object >= catalog.size())
    throw InputError(
        fmt::format("object {} is not in the catalog, which has {} objects", object, catalog.size()));
  if (header.method == "naive")
    throw InputError("a naive fit has no latents: its points are taken as true values");
  const Model model = model_of(header);  // latents given theta do not depend on the selection
  model.definition().check(catalog, parse_method(header.method));
  const std::size_t chains = header.chains(), d = header.parameters.size();
  std::vector<std::size_t> all_places(places.empty() ? chains * chain.draws : 0);
  std::iota(all_places.begin(), all_places.end(), std::size_t{0});
  if (places.empty()) places = all_places;
  const std::size_t components = model.definition().latents().size();
  std::vector<double> out(places.size() * components);

  if (header.method == "marginal") {
    const auto draw = model.definition().latents_given_theta(catalog)(object);
    parallel_for(places.size(), omp_get_max_threads(), 64, [&](std::size_t k) {
      const std::size_t c = places[k] / chain.draws, t = places[k] % chain.draws;
      std::vector<double> theta(d);
      for (std::size_t j = 0; j < d; ++j) theta[j] = chain.values(j)[places[k]];
      // blocks of 16 words are one object's
      HostStream stream(header.seed, static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(c),
                        purpose_word(Purpose::latent_given_theta), static_cast<std::uint32_t>(4 * object));
      const auto latents = draw(theta, stream);
      std::copy(latents.begin(), latents.end(), out.begin() + static_cast<std::ptrdiff_t>(k * components));
    });
    return out;
  }

  FitOptions options;
  options.ensembles = header.ensembles;
  options.walkers = header.walkers;
  options.seed = header.seed;
  options.start_center = numbers(header, "start_center");
  options.start_spread = numbers(header, "start_spread");
  const auto start = start_walkers(model, catalog, Method::joint, options);
  ReplaySetup setup;
  setup.latent_update = header.latent_update;
  setup.updates = static_cast<std::uint32_t>(std::stoul(attribute(header, "latent_updates")));
  setup.seed = header.seed;
  setup.chains = chains;
  setup.sweeps = chain.sweep_theta.size() / (chains * d);
  setup.burn_in = header.burn_in;
  setup.double_precision = attribute(header, "arithmetic") == "double";
  setup.start = start;
  setup.theta = chain.sweep_theta;
  setup.theta_centred = chain.sweep_theta_centred;
  setup.theta_first = attribute(header, "scheme") == "collapsed";
  const auto all = model.definition().replay(catalog, object, setup);
  std::vector<std::size_t> kept;  // sweeps
  for (std::size_t t = 0; t < setup.sweeps; ++t)
    if (header.keeps(t)) kept.push_back(t);
  for (std::size_t k = 0; k < places.size(); ++k) {
    const std::size_t row = kept[places[k] % chain.draws] * chains + places[k] / chain.draws;
    for (std::size_t j = 0; j < components; ++j) out[k * components + j] = all[row * components + j];
  }
  return out;
}

Catalog posterior_samples(const Chain& chain, const Catalog& fitted, std::size_t count) {
  const std::size_t n = fitted.size(), all = chain.header.chains() * chain.draws;
  if (count == 0 || count > all)
    throw InputError(
        fmt::format("{} samples of each object, expected between 1 and the {} draws there are", count, all));
  const std::size_t d = model_of(chain.header).definition().latents().size();
  std::vector<std::size_t> places;  // evenly over all walkers and times
  for (std::size_t k = 0; k < count; ++k) places.push_back((2 * k + 1) * all / (2 * count));
  Catalog catalog;
  catalog.id = fitted.id;
  catalog.columns = fitted.columns;
  catalog.sample_size = d;
  catalog.samples.resize(n * count * d);
  catalog.x.resize(n);
  parallel_for(n, omp_get_max_threads(), 1, [&](std::size_t i) {
    const auto draws = replay_latent(chain, fitted, i, places);
    std::copy(draws.begin(), draws.end(),
              catalog.samples.begin() + static_cast<std::ptrdiff_t>(i * count * d));
    for (std::size_t k = 0; k < count; ++k) catalog.x[i] += draws[k * d] / static_cast<double>(count);
  });
  for (std::size_t i = 0; i <= n; ++i) catalog.offsets.push_back(i * count);
  return catalog;
}

}  // namespace starling
