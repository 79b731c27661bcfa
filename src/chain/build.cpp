/// A chain file (NetCDF-4, ArviZ InferenceData layout) made of a journal, read once from front to back.
#include "chain/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/files.hpp"
#include "chain/journal.hpp"
#include "chain/layout.hpp"
#include "chain/netcdf.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

using netcdf::Group;

constexpr std::size_t chunk_values = 1 << 17;  // 1 MiB of doubles: quick to read, small in memory

/// Equal chunks: the last one takes its whole room in the file, too.
std::size_t chunk_length(std::size_t row, std::size_t planned) {
  const std::size_t most = std::max<std::size_t>(chunk_values / row, 1),
                    n = std::max<std::size_t>(planned, 1), chunks = (n + most - 1) / most;
  return (n + chunks - 1) / chunks;
}

std::vector<std::int64_t> count_up(std::size_t n) {
  std::vector<std::int64_t> values(n);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

void put_index(const Group& group, int variable, std::size_t n) {
  if (n > 0) group.put(variable, {0}, {n}, count_up(n).data());
}

/// What ArviZ wants to know about a group of draws, and of the file.
void put_creation(const Group& group, const JournalHead& head) {
  group.put_attribute(NC_GLOBAL, "created_at", head.created_at);
  group.put_attribute(NC_GLOBAL, "creation_library", "Starling");
  group.put_attribute(NC_GLOBAL, "creation_library_version", STARLING_VERSION);
  group.put_attribute(NC_GLOBAL, "creation_library_language", "C++");
  group.put_attribute(NC_GLOBAL, "inference_library", "Starling");
  group.put_attribute(NC_GLOBAL, "inference_library_version", STARLING_VERSION);
  group.put_attribute(NC_GLOBAL, "sample_dims", std::vector<std::string>{"chain", "draw"});
}

/// Variables of one group, [chain][draw] each, filled by rows [chain][variable] that come draw by draw.
template <class T>
class DrawVariables {
 public:
  DrawVariables(Group group, const std::vector<int>& dimensions, const std::vector<std::string>& names,
                std::size_t chains, std::size_t planned)
      : group_(group), chains_(chains), length_(chunk_length(chains, planned)) {
    for (const std::string& name : names) {
      variables_.push_back(group.add_variable<T>(name, dimensions, {chains, length_}));
      group.put_attribute(variables_.back(), "coordinates", "ensemble walker");
    }
  }

  [[nodiscard]] int variable(std::size_t i) const { return variables_[i]; }

  void add(const T* row) {
    rows_.insert(rows_.end(), row, row + chains_ * variables_.size());
    if (rows_.size() == length_ * chains_ * variables_.size()) flush();
  }

  void flush() {
    const std::size_t n = rows_.size() / (chains_ * variables_.size());
    if (n == 0) return;
    std::vector<T> values(chains_ * n);
    for (std::size_t v = 0; v < variables_.size(); ++v) {
      for (std::size_t c = 0; c < chains_; ++c) {
        for (std::size_t d = 0; d < n; ++d)
          values[c * n + d] = rows_[(d * chains_ + c) * variables_.size() + v];
      }
      group_.put(variables_[v], {0, written_}, {chains_, n}, values.data());
    }
    written_ += n;
    rows_.clear();
  }

  [[nodiscard]] std::size_t written() const { return written_; }

 private:
  Group group_;
  std::size_t chains_, length_, written_ = 0;
  std::vector<int> variables_;
  std::vector<T> rows_;
};

/// A group whose variables have the dimensions chain and draw, and their coordinates.
struct DrawGroup {
  DrawGroup(const Group& root, const char* name, const JournalHead& head)
      : group(root.add_group(name)),
        dimensions{group.add_dimension("chain", head.header.chains()),
                   group.add_dimension("draw", NC_UNLIMITED)} {
    put_creation(group, head);
    const auto coordinate = [&](const char* label) {
      return group.add_variable<std::int64_t>(label, {dimensions[0]});
    };
    const std::size_t chains = head.header.chains();
    put_index(group, coordinate("chain"), chains);
    draw = group.add_variable<std::int64_t>("draw", {dimensions[1]}, {4096});
    std::vector<std::int64_t> ensemble(chains), walker(chains);
    for (std::size_t c = 0; c < chains; ++c) {
      ensemble[c] = static_cast<std::int64_t>(c / head.header.walkers);
      walker[c] = static_cast<std::int64_t>(c % head.header.walkers);
    }
    group.put(coordinate("ensemble"), {0}, {chains}, ensemble.data());
    group.put(coordinate("walker"), {0}, {chains}, walker.data());
  }

  void finish(std::size_t draws) const { put_index(group, draw, draws); }

  Group group;
  std::vector<int> dimensions;
  int draw = 0;
};

/// Parameters' draws: the posterior, or the warm-up.
class ParameterDraws {
 public:
  ParameterDraws(const Group& root, const char* name, const JournalHead& head, std::size_t planned)
      : group_(root, name, head),
        variables_(group_.group, group_.dimensions, head.header.parameters, head.header.chains(), planned) {
    for (std::size_t p = 0; p < head.header.parameters.size(); ++p) {
      group_.group.put_attribute(variables_.variable(p), "prior", head.header.priors[p]);
    }
  }
  void add(const double* theta) { variables_.add(theta); }
  void finish() {
    variables_.flush();
    group_.finish(variables_.written());
  }

 private:
  DrawGroup group_;
  DrawVariables<double> variables_;
};

class SampleStats {
 public:
  SampleStats(const Group& root, const JournalHead& head, std::size_t planned)
      : group_(root, layout::sample_stats, head),
        lp_(group_.group, group_.dimensions, {"lp"}, head.header.chains(), planned),
        acceptance_(group_.group, group_.dimensions, {"acceptance_rate"}, head.header.chains(), planned) {}
  void add(const double* lp, const float* acceptance) {
    lp_.add(lp);
    acceptance_.add(acceptance);
  }
  void finish() {
    lp_.flush();
    acceptance_.flush();
    group_.finish(lp_.written());
  }

 private:
  DrawGroup group_;
  DrawVariables<double> lp_;
  DrawVariables<float> acceptance_;
};

/// The dimension object with the row number as coordinate, and the ids beside it.
int add_objects(const Group& group, std::size_t n, const std::vector<std::string>& id) {
  const int object = group.add_dimension("object", n);
  put_index(group, group.add_variable<std::int64_t>("object", {object}), n);
  if (!id.empty()) group.put_strings(group.add_variable("id", NC_STRING, {object}, {}), id);
  return object;
}

/// ln L_i of every object, for some of the draws: [chain][draw][object].
class LogLikelihoods {
 public:
  LogLikelihoods(const Group& root, const JournalHead& head)
      : group_(root, layout::log_likelihood, head), chains_(head.header.chains()), objects_(head.objects) {
    const bool has_id = head.observed.id.size() == objects_;
    const int object =
        add_objects(group_.group, objects_, has_id ? head.observed.id : std::vector<std::string>{});
    variable_ = group_.group.add_variable<float>(
        "x", {group_.dimensions[0], group_.dimensions[1], object},
        {std::clamp<std::size_t>(chunk_values / objects_, 1, chains_), 1, std::min(objects_, chunk_values)});
    group_.group.put_attribute(variable_, "coordinates", has_id ? "ensemble walker id" : "ensemble walker");
  }

  void add(const std::vector<std::size_t>& draws, const std::vector<float>& values) {
    const std::size_t row = chains_ * objects_;
    for (std::size_t k = 0; k < draws.size(); ++k) {
      group_.group.put(variable_, {0, draws_.size(), 0}, {chains_, 1, objects_}, values.data() + k * row);
      draws_.push_back(static_cast<std::int64_t>(draws[k]));
    }
  }
  /// The coordinate says which draws of the posterior these are.
  void finish() const { group_.group.put(group_.draw, {0}, {draws_.size()}, draws_.data()); }

 private:
  DrawGroup group_;
  std::size_t chains_, objects_;
  int variable_ = 0;
  std::vector<std::int64_t> draws_;
};

/// theta of every sweep, from which latents are replayed: [sweep][chain][parameter], as the blocks hold it.
class ReplayWriter {
 public:
  ReplayWriter(const Group& root, const ChainHeader& header)
      : group_(root.add_group(layout::replay)),
        chains_(header.chains()),
        parameters_(header.parameters.size()),
        length_(chunk_length(chains_ * parameters_, header.burn_in + header.steps)) {
    const std::vector<int> dimensions{group_.add_dimension("sweep", NC_UNLIMITED),
                                      group_.add_dimension("chain", chains_),
                                      group_.add_dimension("parameter", parameters_)};
    group_.put_strings(group_.add_variable("parameter", NC_STRING, {dimensions[2]}, {}), header.parameters);
    const auto add = [&](const char* name) {
      return group_.add_variable<double>(name, dimensions, {length_, chains_, parameters_});
    };
    theta_ = {add("theta"), {}};
    centred_ = {add("theta_centred"), {}};
  }

  void add(const double* theta, const double* centred) {
    const std::size_t row = chains_ * parameters_;
    theta_.rows.insert(theta_.rows.end(), theta, theta + row);
    centred_.rows.insert(centred_.rows.end(), centred, centred + row);
    if (theta_.rows.size() == length_ * row) flush();
  }

  void flush() {
    const std::size_t n = theta_.rows.size() / (chains_ * parameters_);
    if (n == 0) return;
    for (Variable* v : {&theta_, &centred_}) {
      group_.put(v->id, {written_, 0, 0}, {n, chains_, parameters_}, v->rows.data());
      v->rows.clear();
    }
    written_ += n;
  }

 private:
  struct Variable {
    int id = 0;
    std::vector<double> rows;
  };

  Group group_;
  std::size_t chains_, parameters_, length_, written_ = 0;
  Variable theta_, centred_;
};

void put_texts(const Group& group, const std::string& prefix,
               const std::map<std::string, std::string>& texts) {
  for (const auto& [name, text] : texts) group.put_attribute(NC_GLOBAL, prefix + name, text);
}

void put_header(const Group& root, const JournalHead& head) {
  const ChainHeader& h = head.header;
  root.put_number<std::int64_t>(layout::version_attribute, layout::version);
  root.put_attribute(NC_GLOBAL, "method", h.method);
  root.put_attribute(NC_GLOBAL, "population", h.population);
  root.put_attribute(NC_GLOBAL, "measurement", h.measurement);
  root.put_attribute(NC_GLOBAL, "integral", h.integral);
  root.put_attribute(NC_GLOBAL, "latent_update", h.latent_update);
  root.put_attribute(NC_GLOBAL, "parameters", h.parameters);
  root.put_attribute(NC_GLOBAL, "priors", h.priors);
  root.put_number("ensembles", static_cast<std::int64_t>(h.ensembles));
  root.put_number("walkers", static_cast<std::int64_t>(h.walkers));
  root.put_number("burn_in", static_cast<std::int64_t>(h.burn_in));
  root.put_number("steps", static_cast<std::int64_t>(h.steps));
  root.put_number("thin", static_cast<std::int64_t>(h.thin));
  root.put_number("seed", h.seed);
  root.put_number("interweaving", static_cast<signed char>(h.interweaving));
  root.put_attribute(NC_GLOBAL, "device", h.device);
  put_creation(root, head);
}

void put_objects(const Group& group, int object, const char* name, std::span<const double> values,
                 bool has_id) {
  if (values.empty()) return;
  const std::size_t n = values.size();
  const int variable = group.add_variable<double>(name, {object}, {std::min(n, chunk_values)});
  if (has_id) group.put_attribute(variable, "coordinates", "id");
  group.put(variable, {0}, {n}, values.data());
}

void put_observed(const Group& root, const JournalHead& head) {
  const Catalog& catalog = head.observed;
  const Group group = root.add_group(layout::observed_data);
  group.put_attribute(NC_GLOBAL, "source", catalog.source);
  group.put_attribute(NC_GLOBAL, "hash", catalog.hash);
  group.put_number("objects", static_cast<std::int64_t>(head.objects));
  group.put_number("has_samples", static_cast<signed char>(head.has_samples));
  if (catalog.size() == 0) return;
  const int object = add_objects(group, catalog.size(), catalog.id);
  const bool has_id = !catalog.id.empty();
  put_objects(group, object, "x", catalog.x, has_id);
  put_objects(group, object, "weight", catalog.weight, has_id);
  std::vector<std::string> roles;
  for (const auto& [role, values] : catalog.columns) {
    put_objects(group, object, (layout::column_prefix + role).c_str(), values, has_id);
    roles.push_back(role);
  }
  if (!roles.empty()) group.put_attribute(NC_GLOBAL, "columns", roles);
  if (catalog.sigma.size() == 1) {
    group.put(group.add_variable<double>("sigma", {}), {}, {}, catalog.sigma.data());
  } else {
    put_objects(group, object, "sigma", catalog.sigma, has_id);
  }
}

/// Names of the components, where an object has several latents.
std::vector<std::string> names_of_latents(const ChainHeader& header) {
  std::vector<std::string> names;
  const auto text = header.attributes.find("latents");
  if (text == header.attributes.end()) return names;
  std::istringstream in(text->second);
  for (std::string name; in >> name;) names.push_back(name);
  return names;
}

void put_latents(const Group& root, const LatentMoments& latents, const std::vector<std::string>& names,
                 const std::vector<std::string>& id) {
  if (latents.mean.empty()) return;
  const Group group = root.add_group(layout::latent_moments);
  const std::size_t each = std::max<std::size_t>(1, names.size()), n = latents.mean.size() / each;
  if (n * each != latents.mean.size() || latents.sd.size() != latents.mean.size())
    throw RunError(
        fmt::format("the journal holds moments of {} and {} latents, expected as many of both, {} per object",
                    latents.mean.size(), latents.sd.size(), each));
  const bool has_id = id.size() == n;
  const int object = add_objects(group, n, has_id ? id : std::vector<std::string>{});
  if (names.empty()) {
    put_objects(group, object, "mean", latents.mean, has_id);
    put_objects(group, object, "sd", latents.sd, has_id);
    return;
  }
  const int latent = group.add_dimension("latent", each);
  group.put_strings(group.add_variable("latent", NC_STRING, {latent}, {}), names);
  for (const auto& [name, values] : {std::pair{"mean", &latents.mean}, {"sd", &latents.sd}}) {
    const int variable =
        group.add_variable<double>(name, {object, latent}, {std::min(n, chunk_values / each + 1), each});
    if (has_id) group.put_attribute(variable, "coordinates", "id");
    group.put(variable, {0, 0}, {n, each}, values->data());
  }
}

void put_monte_carlo(const Group& root, const MonteCarloError& error,
                     const std::vector<std::string>& parameters) {
  if (error.variance == 0 && error.worst.empty() && error.expected_bias.empty()) return;
  const Group group = root.add_group(layout::monte_carlo);
  group.put(group.add_variable<double>("variance", {}), {}, {}, &error.variance);
  if (!error.expected_bias.empty()) {
    const int parameter = group.add_dimension("parameter", error.expected_bias.size());
    if (parameters.size() == error.expected_bias.size()) {
      group.put_strings(group.add_variable("parameter", NC_STRING, {parameter}, {}), parameters);
    }
    const int variable = group.add_variable<double>("expected_bias", {parameter});
    group.put(variable, {0}, {error.expected_bias.size()}, error.expected_bias.data());
  }
  const std::size_t n = error.worst.size();
  if (n == 0) return;
  const int worst = group.add_dimension("worst", n);
  std::vector<std::int64_t> index;
  std::vector<double> variance, n_eff, samples, needed;
  for (const auto& object : error.worst) {
    index.push_back(static_cast<std::int64_t>(object.index));
    variance.push_back(object.variance);
    n_eff.push_back(object.n_eff);
    samples.push_back(object.samples);
    needed.push_back(object.needed);
  }
  group.put(group.add_variable<std::int64_t>("worst_object", {worst}), {0}, {n}, index.data());
  group.put(group.add_variable<double>("worst_variance", {worst}), {0}, {n}, variance.data());
  group.put(group.add_variable<double>("worst_n_eff", {worst}), {0}, {n}, n_eff.data());
  group.put(group.add_variable<double>("worst_samples", {worst}), {0}, {n}, samples.data());
  group.put(group.add_variable<double>("worst_needed", {worst}), {0}, {n}, needed.data());
}

/// Sends the records of a journal to the groups of a file.
class Builder {
 public:
  explicit Builder(const Group& root) : root_(root) {}

  void head(const JournalHead& head) {
    head_ = head;
    const ChainHeader& h = head_.header;
    const std::size_t planned = h.steps / h.thin;
    put_header(root_, head_);
    posterior_.emplace(root_, layout::posterior, head_, planned);
    stats_.emplace(root_, head_, planned);
    if (head_.keep_warmup) warmup_.emplace(root_, layout::warmup_posterior, head_, h.burn_in);
    if (h.method == "joint") replay_.emplace(root_, h);
    put_observed(root_, head_);
  }

  void block(const ChainBlock& block) {
    const ChainHeader& h = head_.header;
    const std::size_t row = h.chains() * h.parameters.size();
    for (std::size_t s = 0; s < block.sweeps; ++s) {
      const std::size_t sweep = block.first_sweep + s;
      if (replay_) replay_->add(block.theta.data() + s * row, block.theta_centred.data() + s * row);
      if (warmup_ && sweep < h.burn_in) warmup_->add(block.theta.data() + s * row);
      if (h.keeps(sweep)) {
        posterior_->add(block.theta.data() + s * row);
        stats_->add(block.lp.data() + s * h.chains(), block.acceptance.data() + s * h.chains());
      }
    }
    if (!block.log_likelihood.empty()) {
      const auto draws = log_likelihood_draws(h, block);
      const std::size_t objects = block.log_likelihood.size() / (draws.size() * h.chains());
      if (objects != head_.objects)
        throw RunError(fmt::format("the journal holds log-likelihoods of {} objects, expected {}", objects,
                                   head_.objects));
      if (!likelihoods_) likelihoods_.emplace(root_, head_);
      likelihoods_->add(draws, block.log_likelihood);
    }
    sweeps_ += block.sweeps;
  }

  void results(const ChainResults& results) { results_ = results; }

  void plan(const JournalPlan& plan) {
    head_.header.steps = plan.steps;
    for (const auto& [name, text] : plan.attributes) head_.header.attributes[name] = text;
  }

  void finish() {
    if (!posterior_) throw RunError("the journal of the run ends before its first record does");
    posterior_->finish();
    stats_->finish();
    if (warmup_) warmup_->finish();
    if (likelihoods_) likelihoods_->finish();
    if (replay_) replay_->flush();
    put_latents(root_, results_.latents, names_of_latents(head_.header), head_.observed.id);
    put_monte_carlo(root_, results_.monte_carlo, head_.header.parameters);
    const std::size_t steps = results_.steps > 0 ? results_.steps : head_.header.steps;
    root_.put_number("steps", static_cast<std::int64_t>(steps));
    put_texts(root_, layout::run_prefix, head_.header.attributes);
    root_.put_number("complete", static_cast<signed char>(results_.complete));
    put_texts(root_, layout::result_prefix, results_.attributes);
  }

  [[nodiscard]] std::size_t sweeps() const { return sweeps_; }

 private:
  Group root_;
  JournalHead head_;
  ChainResults results_;
  std::size_t sweeps_ = 0;
  std::optional<ParameterDraws> posterior_, warmup_;
  std::optional<SampleStats> stats_;
  std::optional<LogLikelihoods> likelihoods_;
  std::optional<ReplayWriter> replay_;
};

}  // namespace

std::size_t build_chain_file(const std::filesystem::path& journal, const std::filesystem::path& path) {
  std::size_t sweeps = 0;
  replace_file(path, [&](const std::filesystem::path& temporary) {
    auto file = netcdf::File::create(temporary);
    Builder builder(file.root());
    read_journal(journal, {[&](const JournalHead& head) { builder.head(head); },
                           [&](const ChainBlock& block) { builder.block(block); },
                           [&](const ChainResults& results) { builder.results(results); },
                           [&](const JournalPlan& plan) { builder.plan(plan); }});
    builder.finish();
    file.close();
    sweeps = builder.sweeps();
  });
  return sweeps;
}

}  // namespace starling
