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

namespace {

/// Replays latents of a chain, object by object; what is the same for all objects is made once.
class Replay {
 public:
  Replay(const Chain& chain, const Catalog& catalog)
      : chain_(chain), model_(model_of(chain.header)) {  // latents do not depend on the selection
    const ChainHeader& header = chain.header;
    if (header.method == "naive")
      throw InputError("a naive fit has no latents: its points are taken as true values");
    const ModelDefinition& definition = model_.definition();
    definition.check(catalog, parse_method(header.method));
    if (header.method == "marginal") {
      given_theta_ = definition.latents_given_theta(catalog);
      return;
    }
    FitOptions options;
    options.ensembles = header.ensembles;
    options.walkers = header.walkers;
    options.seed = header.seed;
    options.start_center = numbers(header, "start_center");
    options.start_spread = numbers(header, "start_spread");
    start_ = start_walkers(model_, catalog, Method::joint, options);
    ReplaySetup setup;
    setup.latent_update = header.latent_update;
    setup.updates = static_cast<std::uint32_t>(std::stoul(attribute(header, "latent_updates")));
    setup.seed = header.seed;
    setup.chains = header.chains();
    setup.sweeps = chain.sweep_theta.size() / (header.chains() * header.parameters.size());
    setup.burn_in = header.burn_in;
    setup.double_precision = attribute(header, "arithmetic") == "double";
    setup.start = start_;
    setup.theta = chain.sweep_theta;
    setup.theta_centred = chain.sweep_theta_centred;
    setup.theta_first = attribute(header, "scheme") == "collapsed";
    for (std::size_t t = 0; t < setup.sweeps; ++t)
      if (header.keeps(t)) kept_.push_back(t);
    replays_ = definition.replay(catalog, setup);
  }
  Replay(const Replay&) = delete;  // replays_ refers to start_
  Replay& operator=(const Replay&) = delete;

  [[nodiscard]] std::size_t components() const { return model_.definition().latents().size(); }

  /// [place][component]
  [[nodiscard]] std::vector<double> latents(std::size_t object, std::span<const std::size_t> places) const {
    const ChainHeader& header = chain_.header;
    const std::size_t d = header.parameters.size(), each = components();
    std::vector<double> out(places.size() * each);
    if (given_theta_) {
      const auto draw = given_theta_(object);
      parallel_for(places.size(), omp_get_max_threads(), 64, [&](std::size_t k) {
        const std::size_t c = places[k] / chain_.draws, t = places[k] % chain_.draws;
        std::vector<double> theta(d);
        for (std::size_t j = 0; j < d; ++j) theta[j] = chain_.values(j)[places[k]];
        // blocks of 16 words are one object's
        HostStream stream(header.seed, static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(c),
                          purpose_word(Purpose::latent_given_theta), static_cast<std::uint32_t>(4 * object));
        const auto latents = draw(theta, stream);
        std::copy(latents.begin(), latents.end(), out.begin() + static_cast<std::ptrdiff_t>(k * each));
      });
      return out;
    }
    const auto all = replays_(object);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const std::size_t row = kept_[places[k] % chain_.draws] * header.chains() + places[k] / chain_.draws;
      for (std::size_t j = 0; j < each; ++j) out[k * each + j] = all[row * each + j];
    }
    return out;
  }

 private:
  const Chain& chain_;
  Model model_;
  LatentsGivenTheta given_theta_;  // marginal fits
  LatentReplays replays_;          // joint fits
  std::vector<double> start_;
  std::vector<std::size_t> kept_;  // sweeps
};

}  // namespace

std::vector<double> replay_latent(const Chain& chain, const Catalog& catalog, std::size_t object,
                                  std::span<const std::size_t> places) {
  if (object >= catalog.size())
    throw InputError(
        fmt::format("object {} is not in the catalog, which has {} objects", object, catalog.size()));
  std::vector<std::size_t> all_places(places.empty() ? chain.header.chains() * chain.draws : 0);
  std::iota(all_places.begin(), all_places.end(), std::size_t{0});
  return Replay(chain, catalog).latents(object, places.empty() ? all_places : places);
}

Catalog posterior_samples(const Chain& chain, const Catalog& fitted, std::size_t count) {
  const std::size_t n = fitted.size(), all = chain.header.chains() * chain.draws;
  if (count == 0 || count > all)
    throw InputError(
        fmt::format("{} samples of each object, expected between 1 and the {} draws there are", count, all));
  const Replay replay(chain, fitted);
  const std::size_t d = replay.components();
  std::vector<std::size_t> places;  // evenly over all walkers and times
  for (std::size_t k = 0; k < count; ++k) places.push_back((2 * k + 1) * all / (2 * count));
  Catalog catalog;
  catalog.id = fitted.id;
  catalog.columns = fitted.columns;
  catalog.sample_size = d;
  catalog.samples.resize(n * count * d);
  catalog.x.resize(n);
  parallel_for(n, omp_get_max_threads(), 1, [&](std::size_t i) {
    const auto draws = replay.latents(i, places);
    std::copy(draws.begin(), draws.end(),
              catalog.samples.begin() + static_cast<std::ptrdiff_t>(i * count * d));
    for (std::size_t k = 0; k < count; ++k) catalog.x[i] += draws[k * d] / static_cast<double>(count);
  });
  for (std::size_t i = 0; i <= n; ++i) catalog.offsets.push_back(i * count);
  return catalog;
}

}  // namespace starling
