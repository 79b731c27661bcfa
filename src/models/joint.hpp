/// Binds a catalog, a population, a measurement with normal noise and a backend to a JointTarget, and replays
/// single latents by the same formulas.
#pragma once

#include "models/likelihoods.hpp"

namespace starling {

/// The two ways to update the latents of (P, M), and what their kernels need of theta.
template <class P, class M>
struct ExactUpdate {
  using Latent = ExactNormalLatent;
  static std::array<double, 3> column(std::span<const double> framed, std::span<const double> noise) {
    return {framed[0], 1 / (framed[1] * framed[1]), M::prepare(noise)[0]};
  }
};
template <class P, class M>
struct MetropolisUpdate {
  using Latent = MetropolisLatent<P, NormalNoiseFormulas>;
  static std::array<double, P::prepared_size + 1> column(std::span<const double> framed,
                                                         std::span<const double> noise) {
    const auto p = P::prepare(framed);
    std::array<double, P::prepared_size + 1> c;
    std::copy(p.begin(), p.end(), c.begin());
    c.back() = M::prepare(noise)[0];
    return c;
  }
};

/// Objects as the latent kernels read them: x and 1 / sigma^2 in the frame.
inline ObjectTable<double> latent_objects(const Catalog& catalog, Frame frame) {
  ObjectTable<double> objects;
  objects.size = catalog.size();
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const double sigma = (catalog.sigma.empty() ? 1 : catalog.sigma_of(i)) / frame.scale;
    objects.column[0].push_back(frame.to(catalog.x[i]));
    objects.column[1].push_back(1 / (sigma * sigma));
  }
  return objects;
}

/// First proposal scale of one object: 2.4 times the width of its latent's conditional distribution, for a
/// population about as wide as the frame.
inline double first_scale(double precision) {
  return 2.4 / std::sqrt(1 + precision);
}

/// mu <- a mu + b that carries latents from theta `before` to `after` at fixed eta.
template <class P>
std::pair<double, double> eta_transform(std::span<const double> before, std::span<const double> after,
                                        Frame frame) {
  if constexpr (LocationScale<P>) {
    const auto [m, s] = P::location_scale(to_frame<P>(before, frame));
    const auto [m1, s1] = P::location_scale(to_frame<P>(after, frame));
    return {s1 / s, m1 - s1 / s * m};
  } else {
    return {1, 0};
  }
}

template <class P, class M, class Update>
class NormalNoiseJoint final : public JointTarget {
  using Latent = typename Update::Latent;
  static constexpr std::size_t kPopulation = statistics_size<P>();
  static_assert(HasStatistics<P>, "the joint fit needs a population with sufficient statistics");

 public:
  NormalNoiseJoint(const Catalog& catalog, const FitOptions& options, const Backend& backend,
                   std::size_t dimension)
      : frame_(frame_of<P>(catalog)),
        n_(static_cast<double>(catalog.size())),
        dimension_(dimension),
        population_dimension_(P::parameters().size()),
        chains_(options.ensembles * options.walkers),
        updates_(static_cast<std::uint32_t>(options.latent_updates)),
        seed_(options.seed) {
    const auto objects = latent_objects(catalog, frame_);
    x_ = objects.column[0];
    LatentSetup setup;
    setup.chains = chains_;
    for (const double w : objects.column[1]) {
      sum_w_ += w;
      if (Latent::metropolis) setup.scale.push_back(first_scale(w));
    }
    kernel_ = make_latent_kernel<Latent>(backend, objects, setup);
    table_.resize(chains_, Latent::coefficients);
    transforms_.assign(chains_, {1.0, 0.0});
    sums_.resize(chains_ * latent_sums<Latent>());
    values_.resize(sums_.size());
  }

  void start(std::span<const double> theta) override { run(0, theta, LatentStep::Collect::nothing, true); }

  void sweep(std::uint32_t sweep, std::span<const double> theta, LatentStep::Collect collect) override {
    run(sweep + 1, theta, collect, false);  // the first latents have number 0
  }

  void adapt(std::uint32_t sweep) override {
    if (Latent::metropolis) kernel_->adapt(adaptation_gain(sweep), static_cast<double>(updates_ * chains_));
  }

  double centred(std::size_t chain, std::span<const double> theta) const override {
    const auto t = to_frame<P>(population(theta), frame_);
    const double* s = values_.data() + chain * latent_sums<Latent>();
    return P::log_density_sum(t, std::span(s, kPopulation), n_) + noise_term(theta, s[kPopulation + kSumWV2]);
  }

  double noncentred(std::size_t chain, std::span<const double> before,
                    std::span<const double> theta) const override {
    const auto [a, p] = eta_transform<P>(population(before), population(theta), frame_);
    const double q = a - 1;  // each latent moves by p + q mu
    const double* n = values_.data() + chain * latent_sums<Latent>() + kPopulation;
    // sum of w (x - mu - p - q mu)^2
    const double change = p * n[kSumWV] + q * n[kSumWVMu] -
                          0.5 * (p * p * sum_w_ + 2 * p * q * n[kSumWMu] + q * q * n[kSumWMu2]);
    return noise_term(theta, n[kSumWV2] - 2 * change);
  }

  double joint(std::size_t chain, std::span<const double> before,
               std::span<const double> theta) const override {
    const auto [a, b] = eta_transform<P>(population(before), population(theta), frame_);
    const auto t = to_frame<P>(population(before), frame_);
    const double* s = values_.data() + chain * latent_sums<Latent>();
    return P::log_density_sum(t, std::span(s, kPopulation), n_) - n_ * std::log(a) +
           noncentred(chain, before, theta);
  }

  void transform(std::size_t chain, std::span<const double> before, std::span<const double> theta) override {
    transforms_[chain] = eta_transform<P>(population(before), population(theta), frame_);
  }

  LatentMoments finish(std::uint32_t sweep, LatentStep::Collect collect, double draws) override {
    LatentStep step;
    step.seed = seed_;
    step.sweep = sweep + 1;
    step.updates = 0;
    step.collect = collect;
    for (std::size_t c = 0; c < chains_; ++c) {
      table_.values[c] = transforms_[c].first;
      table_.values[chains_ + c] = transforms_[c].second;
    }
    kernel_->sweep(step, table_, sums_);
    std::vector<double> sum(x_.size()), squares(x_.size());
    kernel_->moments(sum, squares);
    LatentMoments moments;
    const double count = draws * static_cast<double>(chains_);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const double mean = sum[i] / count;
      moments.mean.push_back(frame_.from(x_[i] + mean));
      moments.sd.push_back(frame_.scale *
                           std::sqrt(std::max(0.0, squares[i] / count - mean * mean) * count / (count - 1)));
    }
    return moments;
  }

  double acceptance() const override {
    double accepted = 0;
    for (std::size_t c = 0; c < chains_; ++c) accepted += values_[(c + 1) * latent_sums<Latent>() - 1];
    return accepted / (n_ * static_cast<double>(chains_) * (Latent::metropolis ? updates_ : 1));
  }

 private:
  [[nodiscard]] std::span<const double> population(std::span<const double> theta) const {
    return theta.first(population_dimension_);
  }
  /// -n ln(noise_scale) - residuals / (2 noise_scale^2), with residuals = sum of w (x - mu)^2.
  [[nodiscard]] double noise_term(std::span<const double> theta, double residuals) const {
    const double inverse = M::prepare(theta.subspan(population_dimension_))[0];
    return 0.5 * (n_ * std::log(inverse) - inverse * residuals);
  }

  void run(std::uint32_t number, std::span<const double> theta, LatentStep::Collect collect, bool start) {
    for (std::size_t c = 0; c < chains_; ++c) {
      const auto t = theta.subspan(c * dimension_, dimension_);
      const std::array<double, 2> transform{transforms_[c].first, transforms_[c].second};
      table_.set(c, transform);
      table_.set(c, Update::column(to_frame<P>(population(t), frame_), t.subspan(population_dimension_)),
                 kTransform);
      transforms_[c] = {1.0, 0.0};
    }
    LatentStep step;
    step.seed = seed_;
    step.sweep = number;
    step.updates = Latent::metropolis ? updates_ : 1;
    step.start = start ? 1 : 0;
    step.collect = collect == LatentStep::Collect::accepted && !Latent::metropolis
                       ? LatentStep::Collect::nothing
                       : collect;
    kernel_->sweep(step, table_, sums_);
    constexpr std::size_t count = latent_sums<Latent>();
    for (std::size_t c = 0; c < chains_; ++c)
      for (std::size_t j = 0; j < count; ++j) values_[c * count + j] = sums_[j * chains_ + c].value();
  }

  Frame frame_;
  double n_;
  std::size_t dimension_, population_dimension_, chains_;
  std::uint32_t updates_;
  std::uint64_t seed_;
  std::vector<double> x_;
  double sum_w_ = 0;
  std::unique_ptr<LatentKernel> kernel_;
  WalkerTable table_;
  std::vector<std::pair<double, double>> transforms_;  // left to do, per chain
  std::vector<FixedSum> sums_;
  std::vector<double> values_;  // [chain][sum]
};

/// Recomputes one object's latents of every sweep and chain, bit for bit as the kernels of real type R
/// computed them.
template <class P, class M, class Update, class R>
std::vector<double> replay_latents(const Catalog& catalog, std::size_t object, const ReplaySetup& setup) {
  using Latent = typename Update::Latent;
  const Frame frame = frame_of<P>(catalog);
  const std::size_t dp = P::parameters().size(), chains = setup.chains, d = setup.start.size() / chains;
  const double sigma = (catalog.sigma.empty() ? 1 : catalog.sigma_of(object)) / frame.scale;
  const Datum<R> datum{static_cast<R>(frame.to(catalog.x[object])), static_cast<R>(1 / (sigma * sigma))};
  R scale = static_cast<R>(first_scale(1 / (sigma * sigma)));

  std::vector<R> mu(chains);
  std::vector<double> out(setup.sweeps * chains);
  // One update of this object in every chain; returns the number of accepted proposals.
  const auto update = [&](std::uint32_t number, std::span<const double> theta, bool start) {
    LatentStep step;
    step.seed = setup.seed;
    step.sweep = number;
    step.updates = setup.updates;
    step.start = start ? 1 : 0;
    R accepted_in_all(0);
    for (std::size_t c = 0; c < chains; ++c) {
      const auto t = theta.subspan(c * d, d);
      const auto column = Update::column(to_frame<P>(t.first(dp), frame), t.subspan(dp));
      Coefficients<R, Latent::coefficients> k{};
      for (std::size_t j = 0; j < column.size(); ++j)
        k[kTransform + static_cast<int>(j)] = static_cast<R>(column[j]);
      // the object keeps its place in its quad, on which its random numbers depend
      Datum<R> data[4] = {datum, datum, datum, datum};
      R scales[4] = {scale, scale, scale, scale}, accepted[4], four[4];
      for (R& m : four) m = start ? datum.x : mu[c];
      Latent::template update<R>(k, step, object / 4, static_cast<std::uint32_t>(c), data, scales, four,
                                 accepted);
      mu[c] = four[object % 4];
      accepted_in_all += accepted[object % 4];
    }
    return accepted_in_all;
  };
  const auto sweep_of = [&](std::span<const double> all, std::size_t t) {
    return all.subspan(t * chains * d, chains * d);
  };

  update(0, setup.start, true);
  for (std::size_t t = 0; t < setup.sweeps; ++t) {
    const auto before =
        setup.theta_first ? sweep_of(setup.theta, t) : (t == 0 ? setup.start : sweep_of(setup.theta, t - 1));
    const R accepted = update(static_cast<std::uint32_t>(t) + 1, before, false);
    if (Latent::metropolis && t < setup.burn_in)
      scale = adapted_scale(scale, accepted, static_cast<R>(static_cast<double>(setup.updates * chains)),
                            static_cast<R>(adaptation_gain(t)));
    for (std::size_t c = 0; c < chains; ++c) {
      const auto [a, b] = eta_transform<P>(sweep_of(setup.theta_centred, t).subspan(c * d, dp),
                                           sweep_of(setup.theta, t).subspan(c * d, dp), frame);
      mu[c] = math::fma(static_cast<R>(a), mu[c], static_cast<R>(b));
      out[t * chains + c] = frame.from(static_cast<double>(mu[c]));
    }
  }
  return out;
}

}  // namespace starling
