// Theta given the latents, and the latents given theta.
#include "models/joint.hpp"

#include <algorithm>
#include <cmath>

#include "backends/parallel.hpp"
#include "models/latent_inputs.hpp"
#include "models/normal_draw.hpp"
#include "models/object_acceptance.hpp"

namespace starling {
namespace {

/// A coefficient as the kernels have it: sums taken relative to it must be read with the same number.
double as_in_kernels(double value, bool double_precision) {
  return double_precision ? value : static_cast<double>(static_cast<float>(value));
}

class LatentTarget final : public JointTarget {
 public:
  LatentTarget(const Parts& parts, const FitOptions& options, bool collapsed)
      : parts_(parts),
        update_(parse_latent_update(options.latents)),
        n_(static_cast<double>(parts.catalog.size())),
        chains_(options.ensembles * options.walkers),
        updates_(update_ == LatentUpdate::metropolis ? static_cast<std::uint32_t>(options.latent_updates)
                                                     : 1),
        seed_(options.seed),
        double_precision_(parts.backend.kind == BackendKind::reference),
        population_sums_(parts.population->population_sums()),
        sum_count_(population_sums_ + kMeasurementSums + 1) {
    const auto objects = latent_objects(parts_, 0, parts_.catalog.size());
    LatentSetup setup;
    setup.chains = chains_;
    setup.kept = !collapsed;
    if (parts_.measurement && parts_.measurement->normal_like())
      for (const double w : objects.column[1]) sum_w_ += w;
    if (update_ == LatentUpdate::metropolis) {
      const std::vector<double> noise(parts_.measurement_dimension, 1.0);
      for (std::size_t i = 0; i < parts_.catalog.size(); ++i)
        setup.scale.push_back(first_scale(parts_, objects, i, noise));
    }
    kernel_ = parts_.population->latents(update_, parts_.backend, objects, setup);
    const int coefficients =
        kLatentCoefficients + parts_.population->prepared_size() + kMeasurementCoefficients;
    table_.resize(chains_, coefficients);
    transforms_.assign(chains_, {1.0, 0.0});
    sums_.resize(chains_ * sum_count_);
    values_.resize(sums_.size());
  }

  void start(std::span<const double> theta) override { run(0, theta, LatentStep::Collect::nothing, true); }

  void sweep(std::uint32_t sweep, std::span<const double> theta, LatentStep::Collect collect) override {
    if (update_ != LatentUpdate::metropolis && collect == LatentStep::Collect::accepted)
      collect = LatentStep::Collect::nothing;  // all are
    run(sweep + 1, theta, collect, false);     // the first latents have number 0
  }
  void draw(std::span<const Draw> draws) override {
    if (draws.empty()) return;
    std::vector<WalkerTable> tables(draws.size(), table_);
    std::vector<LatentStep> steps;
    for (const auto& [sweep, theta] : draws)
      steps.push_back(step_of(sweep + 1, LatentStep::Collect::drawn, false));
    constexpr std::array<double, 2> stays{1, 0};
    parallel_for(draws.size() * chains_, parts_.backend.threads, 64, [&](std::size_t i) {
      const std::size_t k = i / chains_, c = i % chains_;
      tables[k].set(c, stays);
      set_column(tables[k], c, draws[k].theta, false);
    });
    kernel_->draw(steps, tables);
    table_ = std::move(tables.back());
    current_.assign(draws.back().theta.begin(), draws.back().theta.end());
  }

  void adapt(std::uint32_t sweep) override {
    if (update_ != LatentUpdate::metropolis) return;
    kernel_->adapt(adaptation_gain(sweep), static_cast<double>(updates_ * chains_));
    object_acceptance_.add(adaptation_gain(sweep));
  }

  bool centred_is_cheap() const override {
    return parts_.population->has_statistics() && (!measurement_has_theta() || analytic());
  }
  bool noncentred_is_cheap() const override { return analytic(); }

  void centred(std::span<const std::size_t> chains, std::span<const double> theta,
               std::span<double> out) override {
    population_part(chains, theta, out);
    if (!measurement_has_theta()) return;
    std::vector<double> noise(chains.size());
    measurement_part(chains, {}, theta, noise);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += noise[i];
  }

  void noncentred(std::span<const std::size_t> chains, std::span<const double> before,
                  std::span<const double> theta, std::span<double> out) override {
    measurement_part(chains, before, theta, out);
  }

  bool draws_theta() const override {
    return parts_.population->is_normal() && parts_.measurement && analytic() && n_ > 2;
  }

  bool draw_centred(std::size_t chain, HostStream& stream, std::span<double> theta) const override {
    const double* sums = &values_[chain * sum_count_];
    const auto drawn = draw_mean_and_width(sums[0], sums[1], n_, stream);
    if (drawn) from_frame(coefficient(chain, kLatentCoefficients) + drawn->mean, drawn->sd, theta);
    return drawn.has_value();
  }

  /// Each latent moves by p + q (mu - origin), see measurement_part: the two are normal.
  bool draw_noncentred(std::size_t chain, std::span<const double> before, HostStream& stream,
                       std::span<double> theta) const override {
    const double* n = &values_[chain * sum_count_ + population_sums_];
    const double f =
        *parts_.measurement->precision_factor(parts_.measurement->prepare(noise(theta), parts_.frame));
    // Cholesky factor of the precision
    const double l11 = std::sqrt(f * sum_w_), l21 = f * n[kSumWU] / l11, rest = f * n[kSumWU2] - l21 * l21;
    if (!(rest > 0)) return false;
    const double l22 = std::sqrt(rest);
    const double y1 = f * n[kSumWV] / l11, y2 = (f * n[kSumWVU] - l21 * y1) / l22;
    const double z1 = stream.normal(), z2 = stream.normal();
    const double q = (y2 + z2) / l22, p = (y1 + z1 - l21 * q) / l11;
    const auto from =
        parts_.population->location_scale(framed(before.subspan(chain * parts_.dimension, parts_.dimension)));
    from_frame(from->first + p - q * (coefficient(chain, kOrigin) - from->first), from->second * (1 + q),
               theta);
    return true;
  }

  double transform(std::size_t chain, std::span<const double> before, std::span<const double> theta,
                   double centred_before, double noncentred_before, double noncentred_after) override {
    transforms_[chain] = eta_transform(*parts_.population, framed(before), framed(theta));
    return centred_before - (measurement_has_theta() ? noncentred_before : 0) -
           n_ * std::log(transforms_[chain].first) + noncentred_after;
  }

  LatentMoments finish(LatentStep::Collect collect, double draws) override {
    if (collect != LatentStep::Collect::nothing) {
      for (std::size_t c = 0; c < chains_; ++c) set_transform(c);
      collect_last(*kernel_, table_, collect);
    }
    const std::size_t n = parts_.catalog.size();
    LatentMoments moments{std::vector<double>(n), std::vector<double>(n), {}};
    kernel_->moments(moments.mean, moments.sd);
    const double count = draws * static_cast<double>(chains_);
    for (std::size_t begin = 0; begin < n; begin += 256 * kTile) {
      const std::size_t end = std::min(n, begin + 256 * kTile);
      const auto center = latent_objects(parts_, begin, end).column[0];
      for (std::size_t i = begin; i < end; ++i)
        sums_to_moments(moments.mean[i], moments.sd[i], count, center[i - begin], parts_.frame);
    }
    return moments;
  }

  double acceptance() const override {
    if (update_ != LatentUpdate::metropolis) return 1;
    double accepted = 0;
    for (std::size_t c = 0; c < chains_; ++c) accepted += values_[(c + 1) * sum_count_ - 1];
    return accepted / (n_ * static_cast<double>(chains_) * updates_);
  }

  void begin_acceptance_of_objects() override { object_acceptance_.begin(log_scales()); }
  std::vector<double> acceptance_of_objects() override {
    const double wanted = -std::log(adapted_scale(1., 0., 1., 1.));
    return object_acceptance_.since_begin(log_scales(), wanted);
  }

  void state(State& state) override {
    object_acceptance_.state(state);
    state.list(current_);
    state.array(table_.values.data(), table_.values.size());
    state.array(values_.data(), values_.size());
    for (auto& [a, b] : transforms_) state.number(a), state.number(b);
    kernel_->state(state);
  }

 private:
  [[nodiscard]] std::vector<double> log_scales() {
    if (update_ != LatentUpdate::metropolis) return {};
    std::vector<double> scales(parts_.catalog.size());
    kernel_->scales(scales);
    for (double& scale : scales) scale = std::log(scale);
    return scales;
  }
  [[nodiscard]] std::vector<double> framed(std::span<const double> theta) const {
    return parts_.framed(theta);
  }
  [[nodiscard]] std::span<const double> noise(std::span<const double> theta) const {
    return theta.subspan(parts_.population_dimension, parts_.measurement_dimension);
  }
  /// Of the normal population.
  void from_frame(double mu, double sigma, std::span<double> theta) const {
    theta[0] = parts_.frame.from(mu);
    theta[1] = parts_.frame.scale * sigma;
  }
  [[nodiscard]] bool measurement_has_theta() const { return parts_.measurement_dimension > 0; }
  /// Whether sums say all about the measurement.
  [[nodiscard]] bool analytic() const {
    if (!parts_.measurement) return true;
    const std::vector<double> any(parts_.measurement_dimension, 1.0);
    const auto c = parts_.measurement->prepare(any, parts_.frame);
    return parts_.measurement->precision_factor(c).has_value();
  }
  /// Coefficients of the last sweep: what its sums are relative to.
  [[nodiscard]] double coefficient(std::size_t chain, std::size_t j) const {
    return as_in_kernels(table_.values[j * chains_ + chain], double_precision_);
  }
  [[nodiscard]] bool is_current(std::size_t chain, std::span<const double> theta) const {
    return std::equal(theta.begin(), theta.end(),
                      current_.begin() + static_cast<std::ptrdiff_t>(chain * parts_.dimension));
  }

  /// Whether the latents need not follow a theta, `before` being those of all chains, or empty.
  [[nodiscard]] bool stays(std::size_t chain, std::span<const double> before,
                           std::span<const double> theta) const {
    return before.empty() ||
           std::equal(theta.begin(), theta.end(),
                      before.begin() + static_cast<std::ptrdiff_t>(chain * parts_.dimension));
  }

  /// ln p(latents | theta)
  void population_part(std::span<const std::size_t> chains, std::span<const double> theta,
                       std::span<double> out) {
    const std::size_t d = parts_.dimension;
    const auto size = static_cast<std::size_t>(parts_.population->prepared_size());
    if (parts_.population->has_statistics()) {
      std::vector<double> current(size);
      for (std::size_t i = 0; i < chains.size(); ++i) {
        for (std::size_t j = 0; j < size; ++j) current[j] = coefficient(chains[i], kLatentCoefficients + j);
        out[i] = parts_.population->log_density_sum(
            framed(theta.subspan(i * d, d)), current,
            std::span(values_).subspan(chains[i] * sum_count_, population_sums_), n_);
      }
      return;
    }
    through_the_objects(LatentSum::population, chains, {}, theta, out, [&](std::size_t i) {
      return is_current(chains[i], theta.subspan(i * d, d)) ? &values_[chains[i] * sum_count_] : nullptr;
    });
  }

  /// ln p(x | latents, theta) after the latents followed theta from `before` (empty: they stay).
  void measurement_part(std::span<const std::size_t> chains, std::span<const double> before,
                        std::span<const double> theta, std::span<double> out) {
    const std::size_t d = parts_.dimension;
    if (!parts_.measurement) {
      std::fill(out.begin(), out.end(), 0.0);
      return;
    }
    if (!analytic()) {
      through_the_objects(LatentSum::measurement, chains, before, theta, out, [&](std::size_t i) {
        const auto t = theta.subspan(i * d, d);
        const bool same_noise = !measurement_has_theta() || is_current(chains[i], t);
        return stays(chains[i], before, t) && same_noise
                   ? &values_[chains[i] * sum_count_ + population_sums_ + kSumLogLikelihood]
                   : nullptr;
      });
      return;
    }
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const auto t = theta.subspan(i * d, d);
      const double* n = &values_[chains[i] * sum_count_ + population_sums_];
      double residuals = n[kSumWV2];
      if (!stays(chains[i], before, t)) {
        const auto b = framed(before.subspan(chains[i] * d, d));
        const auto from = parts_.population->location_scale(b),
                   to = parts_.population->location_scale(framed(t));
        if (from) {
          // each latent moves by p + q (mu - origin)
          const double q = to->second / from->second - 1;
          const double p = to->first - from->first + q * (coefficient(chains[i], kOrigin) - from->first);
          residuals -= 2 * (p * n[kSumWV] + q * n[kSumWVU]) -
                       (p * p * sum_w_ + 2 * p * q * n[kSumWU] + q * q * n[kSumWU2]);
        }
      }
      // -n ln(noise_scale) - residuals / (2 noise_scale^2)
      const double f =
          *parts_.measurement->precision_factor(parts_.measurement->prepare(noise(t), parts_.frame));
      out[i] = 0.5 * (n_ * std::log(f) - f * residuals);
    }
  }

  /// A sum over all objects for these chains; known(i): where it is known already, or null.
  template <class Known>
  void through_the_objects(LatentSum what, std::span<const std::size_t> chains,
                           std::span<const double> before, std::span<const double> theta,
                           std::span<double> out, Known known) {
    const std::size_t d = parts_.dimension;
    std::vector<std::uint8_t> groups(groups_of(chains_));
    WalkerTable proposals = table_;
    std::vector<double> column(static_cast<std::size_t>(table_.coefficients) - kOrigin);
    bool any = false;
    for (std::size_t i = 0; i < chains.size(); ++i) {
      if (const double* value = known(i)) {
        out[i] = *value;
        continue;
      }
      any = true;
      const std::size_t c = chains[i];
      const auto t = theta.subspan(i * d, d);
      groups[c / kGroup] = 1;
      std::array<double, 2> transform{1, 0};
      if (!before.empty()) {
        const auto [a, b] = eta_transform(*parts_.population, framed(before.subspan(c * d, d)), framed(t));
        transform = {a, b};
      }
      proposals.set(c, transform);
      latent_column(parts_, t, column.data());
      proposals.set(c, column, kOrigin);
    }
    if (!any) return;
    std::vector<FixedSum> sums(chains_);
    kernel_->sum(what, proposals, groups, sums);
    for (std::size_t i = 0; i < chains.size(); ++i)
      if (known(i) == nullptr) out[i] = sums[chains[i]].value();
  }

  void set_transform(std::size_t chain) {
    const std::array<double, 2> transform{transforms_[chain].first, transforms_[chain].second};
    table_.set(chain, transform);
    transforms_[chain] = {1.0, 0.0};
  }

  /// theta: of all chains.
  void set_column(WalkerTable& table, std::size_t chain, std::span<const double> theta, bool start) const {
    std::vector<double> column(static_cast<std::size_t>(table.coefficients) - kOrigin);
    latent_column(parts_, theta.subspan(chain * parts_.dimension, parts_.dimension), column.data(), start);
    table.set(chain, column, kOrigin);
  }

  [[nodiscard]] LatentStep step_of(std::uint32_t number, LatentStep::Collect collect, bool start) const {
    LatentStep step;
    step.seed = seed_;
    step.sweep = number;
    step.updates = updates_;
    step.start = start ? 1 : 0;
    step.collect = collect == LatentStep::Collect::accepted && update_ != LatentUpdate::metropolis
                       ? LatentStep::Collect::nothing
                       : collect;
    return step;
  }

  void run(std::uint32_t number, std::span<const double> theta, LatentStep::Collect collect, bool start) {
    parallel_for(chains_, parts_.backend.threads, 16, [&](std::size_t c) {
      set_transform(c);
      set_column(table_, c, theta, start);
    });
    current_.assign(theta.begin(), theta.end());
    const LatentStep step = step_of(number, collect, start);
    kernel_->sweep(step, table_, sums_);
    if (!step.sums()) return;
    for (std::size_t c = 0; c < chains_; ++c)
      for (std::size_t j = 0; j < sum_count_; ++j)
        values_[c * sum_count_ + j] = sums_[j * chains_ + c].value();
  }

  Parts parts_;
  LatentUpdate update_;
  double n_;
  std::size_t chains_;
  std::uint32_t updates_;
  std::uint64_t seed_;
  bool double_precision_;
  std::size_t population_sums_, sum_count_;
  double sum_w_ = 0;
  std::unique_ptr<LatentKernel> kernel_;
  WalkerTable table_;
  std::vector<std::pair<double, double>> transforms_;  // left to do, per chain
  ObjectAcceptance object_acceptance_;
  std::vector<double> current_;  // theta of the last sweep, [chain][d]
  std::vector<FixedSum> sums_;
  std::vector<double> values_;  // [chain][sum]
};

}  // namespace

LatentUpdate parse_latent_update(const std::string& name) {
  return name == "exact"     ? LatentUpdate::exact
         : name == "samples" ? LatentUpdate::samples
                             : LatentUpdate::metropolis;
}

void sums_to_moments(double& sum, double& squares, double count, double center, Frame frame) {
  const double mean = sum / count, square = squares / count;
  sum = frame.from(center + mean);
  squares = frame.scale * std::sqrt(std::max(0.0, square - mean * mean) * count / (count - 1));
}

void collect_last(LatentKernel& kernel, const WalkerTable& table, LatentStep::Collect collect) {
  LatentStep step;
  step.updates = 0;
  step.collect = collect;
  kernel.sweep(step, table, {});
}

std::unique_ptr<JointTarget> joint_target(const Parts& parts, const FitOptions& options, bool collapsed) {
  return std::make_unique<LatentTarget>(parts, options, collapsed);
}

}  // namespace starling
