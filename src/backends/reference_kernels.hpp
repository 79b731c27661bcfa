/// The reference backend: one thread, double precision, the standard library's functions, no tiles. The
/// oracle for the other backends; slow.
#pragma once

#include <algorithm>
#include <cmath>

#include "backends/kernels.hpp"
#include "formulas/terms.hpp"

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
  explicit Likelihood(const ObjectTable<double>& objects) : objects_(objects) {}

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
        latents_(objects.size * setup.chains),
        scale_(setup.scale),
        sum_(objects.size),
        squares_(objects.size),
        accepted_(objects.size) {}

  void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) override {
    const auto view = objects_.view();
    const std::uint64_t n = view.size;
    std::fill(accepted_.begin(), accepted_.end(), 0.0);
    std::vector<double> deviation(n);
    for (std::uint64_t w = 0; w < chains_; ++w) {
      Access access{latents_.data() + w * n, deviation.data(), accepted_.data()};
      const auto sums = latent_strip<Latent>(column<Latent::coefficients>(walkers, w), step, view,
                                             scale_.data(), static_cast<std::uint32_t>(w), 0, n, access);
      if (step.collect == LatentStep::Collect::moments)
        for (std::uint64_t i = 0; i < n; ++i) {
          sum_[i] += deviation[i];
          squares_[i] += deviation[i] * deviation[i];
        }
      if (step.updates == 0) continue;
      for (std::uint64_t j = 0; j < latent_sums<Latent>(); ++j)
        out[j * chains_ + w] = FixedSum::of(sums[static_cast<int>(j)]);
    }
  }

  void sum(LatentSum what, const WalkerTable& walkers, std::span<const std::uint8_t> wanted,
           std::span<FixedSum> out) override {
    const auto view = objects_.view();
    for (std::uint64_t w = 0; w < chains_; ++w) {
      if (!wanted.empty() && wanted[w / kGroup] == 0) continue;
      const Access access{latents_.data() + w * view.size, nullptr, nullptr};
      out[w] = FixedSum::of(latent_sum_strip<Latent, double>(what, column<Latent::coefficients>(walkers, w),
                                                             view, 0, view.size, access)[0]);
    }
  }

  void adapt(double gain, double trials) override {
    for (std::uint64_t i = 0; i < objects_.size; ++i)
      scale_[i] = adapted_scale(scale_[i], accepted_[i], trials, gain);
  }
  void moments(std::span<double> sum, std::span<double> squares) override {
    std::copy(sum_.begin(), sum_.end(), sum.begin());
    std::copy(squares_.begin(), squares_.end(), squares.begin());
  }
  void scales(std::span<double> out) override { std::copy(scale_.begin(), scale_.end(), out.begin()); }

  void state(State& state) override {
    state.array(latents_.data(), latents_.size());
    for (auto* values : {&sum_, &squares_, &scale_}) state.array(values->data(), values->size());
  }

 private:
  ObjectTable<double> objects_;
  std::uint64_t chains_;
  std::vector<double> latents_;  // [chain][object]
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
