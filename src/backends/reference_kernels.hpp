/// The reference backend: one thread, double precision, the standard library's functions, no tiles. The
/// oracle for the other backends; slow.
#pragma once

#include <algorithm>
#include <cmath>

#include "backends/kernels.hpp"
#include "formulas/terms.hpp"
#include "formulas/vector_latents.hpp"

namespace starling::reference {

template <int N>
Coefficients<double, N> column(const WalkerTable& walkers, std::uint64_t w) {
  Coefficients<double, N> c;
  for (int j = 0; j < N; ++j) c[j] = walkers.values[static_cast<std::uint64_t>(j) * walkers.walkers + w];
  return c;
}

template <class Term>
class Likelihood final : public LikelihoodKernel {
 public:
  explicit Likelihood(const ObjectTable<double>& objects) : objects_(converted<double>(objects)) {}

  void sum(const WalkerTable& walkers, std::span<FixedSum> out) override {
    const auto view = objects_.view();
    for (std::uint64_t w = 0; w < walkers.walkers; ++w) {
      const auto c = column<Term::coefficients>(walkers, w);
      for (std::uint64_t j = 0; j < Term::outputs; ++j) out[j * walkers.walkers + w] = {};
      for (std::uint64_t i = 0; i < view.size; ++i) {
        const auto term = strip_sums<Term>(c, view, i, i + 1);
        for (std::uint64_t j = 0; j < Term::outputs; ++j)
          out[j * walkers.walkers + w] += FixedSum::of(term[static_cast<int>(j)]);
      }
    }
  }

 private:
  ObjectTable<double> objects_;
};

/// One chain's latents, and what latent_strip reports of them.
struct Access {
  double* latents;
  double* deviation;
  double* count;

  double load(std::uint64_t i) const { return latents[i]; }
  void store(std::uint64_t i, double mu) const { latents[i] = mu; }
  void moments(std::uint64_t i, double d) const { deviation[i] = d; }
  void accepted(std::uint64_t i, double n) const { count[i] += n; }
};

template <class Latent>
class Latents final : public LatentKernel {
 public:
  Latents(const ObjectTable<double>& objects, const LatentSetup& setup)
      : objects_(objects),
        chains_(setup.chains),
        each_(latents_per_object<Latent>(objects)),
        scales_each_(scales_per_object<Latent>(objects)),
        latents_(setup.kept ? objects.size * each_ * setup.chains : 0),
        scale_(setup.scale),
        sum_(objects.size * each_),
        squares_(objects.size * each_),
        accepted_(objects.size * scales_each_) {}

  void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) override {
    const auto view = objects_.view();
    std::fill(accepted_.begin(), accepted_.end(), 0.0);
    std::vector<double> deviation(sum_.size());
    const bool drawn = step.collect == LatentStep::Collect::drawn;
    for (std::uint64_t w = 0; w < chains_; ++w) {
      const auto c = column<Latent::coefficients>(walkers, w);
      std::vector<double> not_kept(drawn ? sum_.size() : 0);
      double* const latents = drawn ? not_kept.data() : latents_.data() + w * sum_.size();
      Coefficients<double, sums_of_latents<Latent>()> sums;
      if constexpr (of_vectors<Latent>()) {
        sums = {};
        for (std::uint64_t i = 0; i < view.size; ++i) {
          double collected[Latent::collected] = {};
          const int count =
              update_vector<Latent, double>(c, step, view, i, scale_.data(), static_cast<std::uint32_t>(w),
                                            latents + i * each_, sums, collected);
          for (int j = 0; j < count; ++j)
            if (step.collect != LatentStep::Collect::accepted)
              deviation[i * each_ + static_cast<unsigned>(j)] = collected[j];
            else
              accepted_[i * scales_each_ + static_cast<unsigned>(j)] += collected[j];
        }
      } else {
        Access access{latents, deviation.data(), accepted_.data()};
        const auto chain = static_cast<std::uint32_t>(w);
        if constexpr (!Latent::metropolis)
          if (drawn) draw_strip<Latent>(c, step, view, chain, 0, view.size, access);
        if (!drawn) sums = latent_strip<Latent>(c, step, view, scale_.data(), chain, 0, view.size, access);
      }
      if (drawn || step.collect == LatentStep::Collect::moments)
        for (std::size_t k = 0; k < sum_.size(); ++k) {
          sum_[k] += deviation[k];
          squares_[k] += deviation[k] * deviation[k];
        }
      if (!step.sums()) continue;
      for (std::uint64_t j = 0; j < sums_of_latents<Latent>(); ++j)
        out[j * chains_ + w] = FixedSum::of(sums[static_cast<int>(j)]);
    }
  }

  void sum(LatentSum what, const WalkerTable& walkers, std::span<const std::uint8_t> wanted,
           std::span<FixedSum> out) override {
    const auto view = objects_.view();
    for (std::uint64_t w = 0; w < chains_; ++w) {
      if (!wanted.empty() && wanted[w / kGroup] == 0) continue;
      const auto c = column<Latent::coefficients>(walkers, w);
      double* const latents = latents_.data() + w * sum_.size();
      double sum = 0;
      if constexpr (of_vectors<Latent>()) {
        for (std::uint64_t i = 0; i < view.size; ++i)
          sum += vector_sum<Latent, double>(what, c, view, i, latents + i * each_);
      } else {
        const Access access{latents, nullptr, nullptr};
        sum = latent_sum_strip<Latent, double>(what, c, view, 0, view.size, access)[0];
      }
      out[w] = FixedSum::of(sum);
    }
  }

  void adapt(double gain, double trials) override {
    for (std::uint64_t i = 0; i < objects_.size; ++i)
      if constexpr (of_vectors<Latent>())
        adapt_factor(scale_.data() + i * scales_each_, static_cast<int>(each_),
                     accepted_.data() + i * scales_each_, trials, gain);
      else
        scale_[i] = adapted_scale(scale_[i], accepted_[i], trials, gain);
  }
  void moments(std::span<double> sum, std::span<double> squares) override {
    std::copy(sum_.begin(), sum_.end(), sum.begin());
    std::copy(squares_.begin(), squares_.end(), squares.begin());
  }
  void scales(std::span<double> out) override { std::copy(scale_.begin(), scale_.end(), out.begin()); }

  void latents(std::span<double> out) override {
    for (std::uint64_t i = 0; i < sum_.size(); ++i)
      for (std::uint64_t c = 0; c < chains_; ++c) out[i * chains_ + c] = latents_[c * sum_.size() + i];
  }

  void state(State& state) override {
    state.array(latents_.data(), latents_.size());
    for (auto* values : {&sum_, &squares_, &scale_}) state.array(values->data(), values->size());
  }

 private:
  ObjectTable<double> objects_;
  std::uint64_t chains_, each_, scales_each_;  // latents, and numbers of a proposal, per object
  std::vector<double> latents_;                // [chain][latent]
  std::vector<double> scale_, sum_, squares_, accepted_;
};

template <class Term>
std::unique_ptr<LikelihoodKernel> make_likelihood(const ObjectTable<double>& objects) {
  return std::make_unique<Likelihood<Term>>(objects);
}
template <class Latent>
std::unique_ptr<LatentKernel> make_latents(const ObjectTable<double>& objects, const LatentSetup& setup) {
  return std::make_unique<Latents<Latent>>(objects, setup);
}

}  // namespace starling::reference
