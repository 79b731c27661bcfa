// The joint fit of objects with several latents: theta given the latents, and the latents given theta.
#include <algorithm>
#include <cmath>

#include "models/joint.hpp"
#include "models/object_acceptance.hpp"
#include "models/vector_pair.hpp"

namespace starling {
namespace {

VectorRows rows_of(LatentUpdate update) {
  return update == LatentUpdate::exact     ? VectorRows::covariances
         : update == LatentUpdate::samples ? VectorRows::samples
                                           : VectorRows::numbers;
}

/// First proposals: as wide as the likelihood, 2.4 / sqrt(d) times, each component by itself.
void add_first_factor(const VectorParts& parts, std::size_t i, std::vector<double>& out) {
  const std::size_t d = parts.latents();
  std::vector<double> sd(d);
  parts.model->spread(vector_row(*parts.model, parts.catalog, i), sd);
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t k = 0; k <= j; ++k)
      out.push_back(j == k ? 2.4 / std::sqrt(static_cast<double>(d)) * sd[j] / parts.frames[j].scale : 0.0);
}

/// The transform of the latents that carries them from theta `before` to `after` at fixed eta, in the frames:
/// all a_j, and then all b_j, as they stand in the coefficients. `before` empty: none.
std::vector<double> eta_transform(const VectorParts& parts, std::span<const double> before,
                                  std::span<const double> after) {
  const auto most = static_cast<std::size_t>(parts.model->transform_size()) / 2;
  std::vector<double> transform(2 * most, 0.0);
  std::fill_n(transform.begin(), most, 1.0);
  if (before.empty()) return transform;
  const auto from = parts.model->location_scales(parts.population(before)),
             to = parts.model->location_scales(parts.population(after));
  for (std::size_t j = 0; j < from.size(); ++j) {
    const Frame& frame = parts.frames[j];
    transform[j] = to[j].second / from[j].second;
    transform[most + j] = frame.to(to[j].first) - transform[j] * frame.to(from[j].first);
  }
  return transform;
}

class VectorTarget final : public JointTarget {
 public:
  VectorTarget(const VectorParts& parts, const FitOptions& options, bool collapsed)
      : parts_(parts),
        update_(parse_latent_update(options.latents)),
        objects_(parts.catalog.size()),
        chains_(options.ensembles * options.walkers),
        updates_(update_ == LatentUpdate::metropolis ? static_cast<std::uint32_t>(options.latent_updates)
                                                     : 1),
        seed_(options.seed) {
    LatentSetup setup;
    setup.chains = chains_;
    setup.kept = !collapsed;
    if (update_ == LatentUpdate::metropolis)
      for (std::size_t i = 0; i < objects_; ++i) add_first_factor(parts_, i, setup.scale);
    const auto objects = vector_objects(parts_, rows_of(update_), 0, objects_);
    kernel_ = parts_.model->latents(update_, parts_.backend, objects, setup);
    table_.resize(chains_, parts_.model->coefficients(update_));
    transforms_.assign(chains_, eta_transform(parts_, {}, {}));
    sums_.resize(chains_ * kVectorSums);
    values_.resize(sums_.size());
  }

  void start(std::span<const double> theta) override { run(0, theta, LatentStep::Collect::nothing, true); }
  void sweep(std::uint32_t sweep, std::span<const double> theta, LatentStep::Collect collect) override {
    run(sweep + 1, theta, collect, false);  // the first latents have number 0
  }
  void draw(std::span<const Draw> draws) override {
    for (const auto& [sweep, theta] : draws) run(sweep + 1, theta, LatentStep::Collect::drawn, false);
  }
  void adapt(std::uint32_t sweep) override {
    if (update_ != LatentUpdate::metropolis) return;
    kernel_->adapt(adaptation_gain(sweep), static_cast<double>(updates_ * chains_));
    object_acceptance_.add(adaptation_gain(sweep));
  }

  bool centred_is_cheap() const override { return false; }
  bool noncentred_is_cheap() const override { return false; }
  /// The population's density is all that most of them ask for, the least part of an update.
  std::size_t dear_moves() const override { return 5; }
  std::size_t dear_moves_at_fixed_eta() const override { return 2; }

  void centred(std::span<const std::size_t> chains, std::span<const double> theta,
               std::span<double> out) override {
    through_the_objects(LatentSum::population, chains, {}, theta, out);
    if (parts_.measurement_dimension == 0) return;
    std::vector<double> noise(chains.size());
    through_the_objects(LatentSum::measurement, chains, {}, theta, noise);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += noise[i];
  }
  void noncentred(std::span<const std::size_t> chains, std::span<const double> before,
                  std::span<const double> theta, std::span<double> out) override {
    through_the_objects(LatentSum::measurement, chains, before, theta, out);
  }
  double transform(std::size_t chain, std::span<const double> before, std::span<const double> theta,
                   double centred_before, double noncentred_before, double noncentred_after) override {
    transforms_[chain] = eta_transform(parts_, before, theta);
    double log_jacobian = 0;
    for (std::size_t j = 0; j < parts_.latents(); ++j) log_jacobian += std::log(transforms_[chain][j]);
    return centred_before - (parts_.measurement_dimension > 0 ? noncentred_before : 0) -
           static_cast<double>(objects_) * log_jacobian + noncentred_after;
  }

  LatentMoments finish(LatentStep::Collect collect, double draws) override {
    if (collect != LatentStep::Collect::nothing) {
      for (std::size_t c = 0; c < chains_; ++c) set_transform(c);
      collect_last(*kernel_, table_, collect);
    }
    const std::size_t d = parts_.latents();
    LatentMoments moments{std::vector<double>(objects_ * d), std::vector<double>(objects_ * d), {}};
    kernel_->moments(moments.mean, moments.sd);
    if (d > 1) moments.names = parts_.model->latents();
    const double count = draws * static_cast<double>(chains_);
    for (std::size_t i = 0; i < objects_; ++i) {
      const auto point = vector_point(parts_, i);
      for (std::size_t j = 0; j < d; ++j)
        sums_to_moments(moments.mean[i * d + j], moments.sd[i * d + j], count, parts_.frames[j].to(point[j]),
                        parts_.frames[j]);
    }
    return moments;
  }

  double acceptance() const override {
    if (update_ != LatentUpdate::metropolis) return 1;
    double accepted = 0;
    for (std::size_t c = 0; c < chains_; ++c) accepted += values_[kSumAccepted * chains_ + c];
    return accepted / (static_cast<double>(objects_ * chains_) * updates_);
  }

  void begin_acceptance_of_objects() override { object_acceptance_.begin(log_sizes()); }
  std::vector<double> acceptance_of_objects() override {
    return object_acceptance_.since_begin(
        log_sizes(), static_cast<double>(wanted_acceptance(static_cast<int>(parts_.latents()))));
  }

  void state(State& state) override {
    object_acceptance_.state(state);
    state.list(current_);
    state.array(table_.values.data(), table_.values.size());
    state.array(values_.data(), values_.size());
    for (auto& transform : transforms_) state.array(transform.data(), transform.size());
    kernel_->state(state);
  }

 private:
  /// 2 / d ln |L| of the proposals' factors L: adapt_factor adds gain (accepted share - wanted share).
  [[nodiscard]] std::vector<double> log_sizes() {
    if (update_ != LatentUpdate::metropolis) return {};
    const auto d = static_cast<int>(parts_.latents());
    const auto each = static_cast<std::size_t>(triangle(d));
    std::vector<double> factors(objects_ * each), sizes(objects_);
    kernel_->scales(factors);
    for (std::size_t i = 0; i < objects_; ++i)
      for (int j = 0; j < d; ++j)
        sizes[i] += 2. / d * std::log(std::abs(factors[i * each + static_cast<std::size_t>(packed(j, j))]));
    return sizes;
  }
  /// What transform left to do, which is then done.
  void set_transform(std::size_t chain) {
    table_.set(chain, transforms_[chain]);
    transforms_[chain] = eta_transform(parts_, {}, {});
  }
  void set_column(WalkerTable& table, std::size_t chain, std::span<const double> transform,
                  std::span<const double> theta) {
    column_.resize(static_cast<std::size_t>(table.coefficients));
    parts_.model->prepare(update_, parts_.population(theta), parts_.noise(theta), parts_.frames,
                          column_.data());
    std::copy(transform.begin(), transform.end(), column_.begin());
    table.set(chain, column_);
  }
  [[nodiscard]] bool is_current(std::size_t chain, std::span<const double> theta) const {
    return std::equal(theta.begin(), theta.end(),
                      current_.begin() + static_cast<std::ptrdiff_t>(chain * parts_.dimension));
  }

  /// A sum over all objects for these chains, of the measurement after the latents followed theta from
  /// `before` (empty: they stay). At the theta of the last sweep it is known.
  void through_the_objects(LatentSum what, std::span<const std::size_t> chains,
                           std::span<const double> before, std::span<const double> theta,
                           std::span<double> out) {
    const std::size_t d = parts_.dimension;
    const std::size_t row = what == LatentSum::population ? kSumLogPopulation : kSumLogMeasurement;
    WalkerTable proposals = table_;
    std::vector<std::uint8_t> groups(groups_of(chains_));
    std::vector<std::size_t> unknown;
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const auto t = theta.subspan(i * d, d);
      const auto from = before.empty() ? before : before.subspan(chains[i] * d, d);
      const bool stay = from.empty() || std::equal(t.begin(), t.end(), from.begin());
      // the likelihood of the latents knows theta by the measurement's own parameters alone
      const bool same = what == LatentSum::measurement && parts_.measurement_dimension == 0;
      if (stay && (same || is_current(chains[i], t))) {
        out[i] = values_[row * chains_ + chains[i]];
        continue;
      }
      unknown.push_back(i);
      groups[chains[i] / kGroup] = 1;
      set_column(proposals, chains[i], eta_transform(parts_, from, t), t);
    }
    if (unknown.empty()) return;
    std::vector<FixedSum> sums(chains_);
    kernel_->sum(what, proposals, groups, sums);
    for (const std::size_t i : unknown) out[i] = sums[chains[i]].value();
  }

  void run(std::uint32_t number, std::span<const double> theta, LatentStep::Collect collect, bool start) {
    for (std::size_t c = 0; c < chains_; ++c) {
      set_column(table_, c, transforms_[c], theta.subspan(c * parts_.dimension, parts_.dimension));
      set_transform(c);
    }
    current_.assign(theta.begin(), theta.end());
    LatentStep step;
    step.seed = seed_;
    step.sweep = number;
    step.updates = updates_;
    step.start = start ? 1 : 0;
    step.collect = collect == LatentStep::Collect::accepted && update_ != LatentUpdate::metropolis
                       ? LatentStep::Collect::nothing
                       : collect;
    kernel_->sweep(step, table_, sums_);
    if (!step.sums()) return;
    for (std::size_t k = 0; k < sums_.size(); ++k) values_[k] = sums_[k].value();
  }

  VectorParts parts_;
  LatentUpdate update_;
  std::size_t objects_, chains_;
  std::uint32_t updates_;
  std::uint64_t seed_;
  std::unique_ptr<LatentKernel> kernel_;
  WalkerTable table_;
  std::vector<std::vector<double>> transforms_;  // left to do, per chain
  ObjectAcceptance object_acceptance_;
  std::vector<double> column_, current_;  // the second: theta of the last sweep, [chain][d]
  std::vector<FixedSum> sums_;
  std::vector<double> values_;  // [sum][chain]
};

}  // namespace

std::unique_ptr<JointTarget> vector_target(const VectorParts& parts, const FitOptions& options,
                                           bool collapsed) {
  return std::make_unique<VectorTarget>(parts, options, collapsed);
}

std::vector<double> replay_vectors(const VectorParts& parts, std::size_t object, const ReplaySetup& setup) {
  const std::size_t chains = setup.chains, d = parts.dimension, components = parts.latents();
  const auto update = parse_latent_update(setup.latent_update);
  // the kernels themselves, on a catalog of this one object: its random numbers depend on its place
  Backend backend;
  backend.kind = setup.double_precision ? BackendKind::reference : BackendKind::cpu;
  LatentSetup latents;
  latents.chains = chains;
  if (update == LatentUpdate::metropolis) add_first_factor(parts, object, latents.scale);
  const auto kernel = parts.model->latents(
      update, backend, vector_objects(parts, rows_of(update), object, object + 1), latents);
  WalkerTable table;
  table.resize(chains, parts.model->coefficients(update));
  std::vector<std::vector<double>> transforms(chains, eta_transform(parts, {}, {}));
  std::vector<double> column(static_cast<std::size_t>(table.coefficients));
  std::vector<FixedSum> sums(chains * kVectorSums);
  const auto sweep = [&](std::uint32_t number, std::span<const double> theta, bool start, bool adapts) {
    LatentStep step;
    step.seed = setup.seed;
    step.sweep = number;
    step.updates = update == LatentUpdate::metropolis ? setup.updates : 1;
    step.start = start ? 1 : 0;
    if (adapts && update == LatentUpdate::metropolis) step.collect = LatentStep::Collect::accepted;
    for (std::size_t c = 0; c < chains; ++c) {
      const auto t = theta.subspan(c * d, d);
      parts.model->prepare(update, parts.population(t), parts.noise(t), parts.frames, column.data());
      std::copy(transforms[c].begin(), transforms[c].end(), column.begin());
      table.set(c, column);
    }
    kernel->sweep(step, table, sums);
  };
  const auto sweep_of = [&](std::span<const double> all, std::size_t t) {
    return all.subspan(t * chains * d, chains * d);
  };
  const auto moved = [&](double mu, double a, double b) {  // as the kernels will, when next they touch it
    return setup.double_precision
               ? std::fma(a, mu, b)
               : static_cast<double>(
                     std::fma(static_cast<float>(a), static_cast<float>(mu), static_cast<float>(b)));
  };

  std::vector<double> out(setup.sweeps * chains * components), mu(components * chains);
  const std::size_t most = transforms[0].size() / 2;
  sweep(0, setup.start, true, false);
  for (std::size_t t = 0; t < setup.sweeps; ++t) {
    const auto before = setup.theta_first ? sweep_of(setup.theta, t)
                        : t == 0          ? setup.start
                                          : sweep_of(setup.theta, t - 1);
    const bool adapts = t < setup.burn_in && update == LatentUpdate::metropolis;
    sweep(static_cast<std::uint32_t>(t) + 1, before, false, adapts);
    if (adapts) kernel->adapt(adaptation_gain(t), static_cast<double>(setup.updates * chains));
    kernel->latents(mu);
    for (std::size_t c = 0; c < chains; ++c) {
      transforms[c] = eta_transform(parts, sweep_of(setup.theta_centred, t).subspan(c * d, d),
                                    sweep_of(setup.theta, t).subspan(c * d, d));
      for (std::size_t j = 0; j < components; ++j)
        out[(t * chains + c) * components + j] =
            parts.frames[j].from(moved(mu[j * chains + c], transforms[c][j], transforms[c][most + j]));
    }
  }
  return out;
}

}  // namespace starling
