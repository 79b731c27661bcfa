/// Reading chain files: the inverse of build.cpp.
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "catalog/rows.hpp"
#include "chain/kept.hpp"
#include "chain/layout.hpp"
#include "chain/netcdf.hpp"
#include "starling/chain.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using netcdf::Group;

std::map<std::string, std::string> texts_with(const Group& root, const std::string& prefix) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : root.attribute_names()) {
    if (name.starts_with(prefix)) texts[name.substr(prefix.size())] = root.text(name);
  }
  return texts;
}

ChainHeader read_header(const Group& root, const std::string& file) {
  const auto size = [&](const char* name) {
    const auto number = root.number<std::int64_t>(name);
    if (number < 0)
      throw RunError(fmt::format("{}: attribute '{}' is {}, expected 0 or more", file, name, number));
    return static_cast<std::size_t>(number);
  };
  ChainHeader h;
  h.method = root.text("method");
  h.population = root.text("population");
  h.measurement = root.text("measurement");
  h.integral = root.text("integral");
  h.latent_update = root.text("latent_update");
  h.parameters = root.texts("parameters");
  h.priors = root.texts("priors");
  h.ensembles = size("ensembles");
  h.walkers = size("walkers");
  h.burn_in = size("burn_in");
  h.steps = size("steps");
  h.thin = size("thin");
  h.seed = root.number<std::uint64_t>("seed");
  h.interweaving = root.number<signed char>("interweaving") != 0;
  h.device = root.text("device");
  h.attributes = texts_with(root, layout::run_prefix);
  if (const auto wrong = complaint(h); !wrong.empty()) throw RunError(fmt::format("{}: {}", file, wrong));
  return h;
}

void read_draws(const Group& root, Chain& chain) {
  const Group posterior = root.group(layout::posterior);
  const Group stats = root.group(layout::sample_stats);
  const std::size_t chains = chain.header.chains();
  chain.draws = posterior.dimension("draw");
  const std::vector<std::size_t> shape{chains, chain.draws};
  const std::size_t values = chains * chain.draws;
  // All sizes are known to be right before the memory is asked for.
  for (const std::string& parameter : chain.header.parameters) posterior.check_shape(parameter, shape);
  stats.check_shape("lp", shape);
  stats.check_shape("acceptance_rate", shape);
  chain.theta.resize(chain.header.parameters.size() * values);
  for (std::size_t p = 0; p < chain.header.parameters.size(); ++p) {
    posterior.read(chain.header.parameters[p], shape, chain.theta.data() + p * values);
  }
  chain.lp.resize(values);
  stats.read("lp", shape, chain.lp.data());
  chain.acceptance.resize(values);
  stats.read("acceptance_rate", shape, chain.acceptance.data());
}

void read_replay(const Group& root, Chain& chain) {
  if (!root.has_group(layout::replay)) return;
  const Group group = root.group(layout::replay);
  const std::vector<std::size_t> shape{group.dimension("sweep"), chain.header.chains(),
                                       chain.header.parameters.size()};
  for (const char* name : {"theta", "theta_centred"}) group.check_shape(name, shape);
  const std::size_t values = shape[0] * shape[1] * shape[2];
  chain.sweep_theta.resize(values);
  group.read("theta", shape, chain.sweep_theta.data());
  chain.sweep_theta_centred.resize(values);
  group.read("theta_centred", shape, chain.sweep_theta_centred.data());
}

void read_log_likelihood(const Group& root, Chain& chain) {
  if (!root.has_group(layout::log_likelihood)) return;
  const Group group = root.group(layout::log_likelihood);
  const std::size_t every = chain.header.log_likelihood_every(), draws = group.dimension("draw");
  if (every == 0 || draws != chain.draws / every)
    throw RunError(
        fmt::format("group '{}' holds {} draws of {}", layout::log_likelihood, draws, chain.draws));
  const std::vector<std::size_t> shape{chain.header.chains(), draws, group.dimension("object")};
  group.check_shape("x", shape);
  chain.log_likelihood.resize(shape[0] * shape[1] * shape[2]);
  group.read("x", shape, chain.log_likelihood.data());
}

Catalog read_observed(const Group& root) {
  const Group group = root.group(layout::observed_data);
  Catalog catalog;
  catalog.source = group.text("source");
  catalog.hash = group.text("hash");
  if (!group.has_variable("x")) return catalog;
  const std::size_t n = group.dimension("object");
  const auto read = [&](const char* name, Numbers& values) {
    if (!group.has_variable(name)) return;
    group.check_shape(name, {n});
    values.resize(n);
    group.read(name, {n}, values.data());
  };
  read("x", catalog.x);
  read("weight", catalog.weight);
  if (group.has_attribute("columns"))
    for (const auto& role : group.texts("columns")) {
      const std::string name = layout::column_prefix + role;
      group.check_shape(name, {n});
      read(name.c_str(), catalog.columns[role]);
    }
  if (group.has_variable("sigma") && group.rank("sigma") == 0) {
    catalog.sigma = group.values<double>("sigma", 0);  // one number for all objects
  } else {
    read("sigma", catalog.sigma);
  }
  if (group.has_variable("id")) {
    group.check_shape("id", {n});
    catalog.id = group.strings("id");
  }
  return catalog;
}

LatentMoments read_latents(const Group& root) {
  if (!root.has_group(layout::latent_moments)) return {};
  const Group group = root.group(layout::latent_moments);
  const bool several = group.has_variable("latent");
  const std::size_t rank = several ? 2 : 1;
  std::vector<std::size_t> shape;
  LatentMoments latents;
  latents.mean = group.values<double>("mean", rank, &shape);
  group.check_shape("sd", shape);
  latents.sd = group.values<double>("sd", rank);
  if (several) {
    group.check_shape("latent", {shape[1]});
    latents.names = group.strings("latent");
  }
  return latents;
}

MonteCarloError read_monte_carlo(const Group& root, std::size_t parameters) {
  if (!root.has_group(layout::monte_carlo)) return {};
  const Group group = root.group(layout::monte_carlo);
  MonteCarloError error;
  error.variance = group.values<double>("variance", 0).front();
  if (group.has_variable("expected_bias")) {
    group.check_shape("expected_bias", {parameters});
    error.expected_bias = group.values<double>("expected_bias", 1);
  }
  if (!group.has_variable("worst_object")) return error;
  std::vector<std::size_t> shape;
  const auto index = group.values<std::int64_t>("worst_object", 1, &shape);
  for (const char* name : {"worst_variance", "worst_n_eff", "worst_samples", "worst_needed"})
    group.check_shape(name, shape);
  const auto variance = group.values<double>("worst_variance", 1),
             n_eff = group.values<double>("worst_n_eff", 1);
  const auto samples = group.values<double>("worst_samples", 1),
             needed = group.values<double>("worst_needed", 1);
  for (std::size_t i = 0; i < index.size(); ++i) {
    error.worst.push_back({static_cast<std::size_t>(index[i]), variance[i], n_eff[i], samples[i], needed[i]});
  }
  return error;
}

/// Throws InputError unless the file begins as an HDF5 file does, which every NetCDF-4 file is.
void check_signature(const std::filesystem::path& path) {
  static constexpr char signature[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  char begin[sizeof signature] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(begin, sizeof begin);
  if (std::memcmp(begin, signature, sizeof signature) != 0) {
    throw InputError(
        fmt::format("{}: is not a chain file, expected NetCDF-4 as `starling fit` writes it", path.string()));
  }
}

}  // namespace

Chain read_chain(const std::filesystem::path& path, ChainParts parts) {
  check_readable(path);
  check_signature(path);
  try {
    const auto file = netcdf::File::open(path);
    const Group root = file.root();
    if (!root.has_attribute(layout::version_attribute)) {
      throw InputError(
          fmt::format("{}: is a NetCDF or HDF5 file, but not a chain file of Starling", path.string()));
    }
    const auto version = root.number<std::int64_t>(layout::version_attribute);
    if (version != layout::version) {
      throw InputError(fmt::format("{}: is a chain file of layout version {}, this Starling reads version {}",
                                   path.string(), version, layout::version));
    }
    Chain chain;
    chain.header = read_header(root, path.string());
    if (parts != ChainParts::header) read_draws(root, chain);
    if (parts == ChainParts::all) {
      read_replay(root, chain);
      read_log_likelihood(root, chain);
    }
    chain.observed = read_observed(root);
    chain.results.complete = root.number<signed char>("complete") != 0;
    chain.results.latents = read_latents(root);
    chain.results.monte_carlo = read_monte_carlo(root, chain.header.parameters.size());
    chain.results.attributes = texts_with(root, layout::result_prefix);
    return chain;
  } catch (const RunError& error) {
    throw InputError(fmt::format("{}; the file is damaged or cut short", error.what()));
  }
}

}  // namespace starling
