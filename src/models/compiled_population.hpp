/// A struct that satisfies Population as a PopulationModel. Included by compile_model.cpp alone.
#pragma once

#include <algorithm>
#include <limits>

#include "backends/dispatch.hpp"
#include "models/compiled.hpp"
#include "models/population_model.hpp"
#include "starling/error.hpp"

namespace starling {

/// One object's latents, by the same update as in the kernels.
template <class Latent, class S>
class CompiledReplay final : public LatentReplay {
 public:
  CompiledReplay(const ObjectTable<double>& objects, std::uint64_t object, const LatentSetup& setup)
      : objects_(converted<S>(objects)), place_(object % kQuad), first_(object - place_), mu_(setup.chains) {
    if (!setup.scale.empty()) scale_ = static_cast<S>(setup.scale[0]);
  }

  double sweep(const LatentStep& step, std::span<const double> columns) override {
    auto view = objects_.view();
    view.first = first_;  // the object keeps its place in its quad, on which its random numbers depend
    const S scales[kQuad] = {scale_, scale_, scale_, scale_};
    const Quad quad{0, kQuad};
    Datum<S> datum[kQuad];
    load_data(view, quad, datum);
    S accepted_in_all(0);
    for (std::size_t chain = 0; chain < mu_.size(); ++chain) {
      Coefficients<S, Latent::coefficients> c;
      for (int j = 0; j < Latent::coefficients; ++j)
        c[j] = static_cast<S>(columns[chain * Latent::coefficients + static_cast<std::size_t>(j)]);
      S four[kQuad], accepted[kQuad] = {};
      for (S& m : four) m = step.start ? datum[0].center : mu_[chain];
      if (step.updates > 0)
        Latent::template update<S, S>(c, step, view, quad, datum, scales, static_cast<std::uint32_t>(chain),
                                      four, accepted);
      mu_[chain] = four[place_];
      accepted_in_all += accepted[place_];
    }
    return accepted_in_all;
  }
  void adapt(double gain, double trials, double accepted) override {
    if (Latent::metropolis)
      scale_ = adapted_scale(scale_, static_cast<S>(accepted), static_cast<S>(trials), static_cast<S>(gain));
  }
  void transform(std::size_t chain, double a, double b) override {
    mu_[chain] = math::fma(static_cast<S>(a), mu_[chain], static_cast<S>(b));
  }
  [[nodiscard]] double value(std::size_t chain) const override { return static_cast<double>(mu_[chain]); }

 private:
  ObjectTable<S> objects_;
  std::uint64_t place_, first_;
  S scale_ = 1;
  std::vector<S> mu_;
};

template <Population P, class Ms>
class CompiledPopulation final : public PopulationModel {
 public:
  explicit CompiledPopulation(P p) : p_(std::move(p)) {}

  std::vector<Parameter> parameters() const override { return p_.parameters(); }
  Start estimate(const Points& points) const override { return p_.estimate(points); }
  double log_constraint(std::span<const double> theta) const override {
    if constexpr (HasConstraint<P>)
      return p_.log_constraint(theta);
    else
      return 0;
  }
  double draw(std::span<const double> theta, HostStream& stream) const override {
    return p_.draw(theta, stream);
  }

  bool frame_shifts() const override {
    if constexpr (HasFrame<P>)
      return P::frame_shifts;
    else
      return false;
  }
  bool frame_scales() const override {
    if constexpr (HasFrame<P>)
      return P::frame_scales;
    else
      return false;
  }
  std::shared_ptr<const PopulationModel> in_frame(Frame frame) const override {
    return std::make_shared<CompiledPopulation>(starling::in_frame(p_, frame));
  }
  void to_frame(std::span<const double> theta, Frame frame, double* out) const override {
    starling::to_frame(p_, theta, frame, out);
  }

  int prepared_size() const override { return P::prepared_size; }
  void prepare(std::span<const double> theta, double* out) const override {
    const auto c = p_.prepare(theta);
    std::copy(c.begin(), c.end(), out);
  }
  void log_density(std::span<const double> prepared, std::span<const double> mu,
                   std::span<double> out) const override {
    const auto c = coefficients(prepared);
    for (std::size_t k = 0; k < mu.size(); ++k) out[k] = P::log_density(c, mu[k]);
  }
  bool has_noisy_density() const override { return HasNoisyDensity<P>; }
  void log_density_with_noise([[maybe_unused]] std::span<const double> prepared,
                              [[maybe_unused]] std::span<const double> x,
                              [[maybe_unused]] std::span<const double> variance,
                              std::span<double> out) const override {
    if constexpr (HasNoisyDensity<P>) {
      const auto c = coefficients(prepared);
      for (std::size_t i = 0; i < x.size(); ++i) out[i] = P::log_density_with_noise(c, x[i], variance[i]);
    } else {
      std::fill(out.begin(), out.end(), std::numeric_limits<double>::quiet_NaN());
    }
  }
  std::pair<double, double> support(std::span<const double> theta) const override {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if constexpr (HasSupport<P>)
      return p_.support(theta);
    else
      return {-infinity, infinity};
  }
  bool support_moves() const override {
    if constexpr (HasSupport<P>)
      return P::support_moves;
    else
      return false;
  }

  bool has_break() const override { return HasBreak<P>; }
  double break_in_support([[maybe_unused]] std::span<const double> theta) const override {
    if constexpr (HasBreak<P>)
      return p_.break_in_support(theta);
    else
      return std::numeric_limits<double>::quiet_NaN();
  }
  bool is_log10() const override { return starling::is_log10<P>(); }

  bool has_ratio() const override { return HasRatio<P>; }
  int difference_size() const override { return starling::difference_size<P>(); }
  void difference(std::span<const double> theta, [[maybe_unused]] std::span<const double> reference,
                  double* out) const override {
    if constexpr (HasRatio<P>) {
      const auto c = p_.prepare_ratio(theta, reference);
      std::copy(c.begin(), c.end(), out);
    } else {
      prepare(theta, out);
    }
  }

  bool has_statistics() const override { return HasStatistics<P>; }
  std::size_t population_sums() const override {
    return static_cast<std::size_t>(starling::population_sums<P>());
  }
  void add_statistics([[maybe_unused]] std::span<const double> current,
                      [[maybe_unused]] std::span<const double> mu,
                      [[maybe_unused]] std::span<const double> weight,
                      [[maybe_unused]] std::span<double> sums) const override {
    if constexpr (HasStatistics<P>) {
      const auto c = coefficients(current);
      for (std::size_t i = 0; i < mu.size(); ++i) {
        const auto one = P::statistics(c, mu[i]);
        for (int k = 0; k < P::statistics_size; ++k)
          sums[static_cast<std::size_t>(k)] += weight.empty() ? one[k] : weight[i] * one[k];
      }
    }
  }
  double log_density_sum([[maybe_unused]] std::span<const double> theta,
                         [[maybe_unused]] std::span<const double> current,
                         [[maybe_unused]] std::span<const double> sums,
                         [[maybe_unused]] double n) const override {
    if constexpr (HasStatistics<P>)
      return p_.log_density_sum(theta, coefficients(current), sums, n);
    else
      return std::numeric_limits<double>::quiet_NaN();
  }
  std::optional<std::pair<double, double>> location_scale(
      [[maybe_unused]] std::span<const double> theta) const override {
    if constexpr (LocationScale<P>)
      return p_.location_scale(theta);
    else
      return std::nullopt;
  }
  bool is_location_scale() const override { return LocationScale<P>; }
  bool is_normal() const override { return std::is_same_v<P, NormalPopulation>; }

  std::unique_ptr<LikelihoodKernel> kernel(Term term, const Backend& backend,
                                           const ObjectTable<double>& objects) const override {
    switch (term) {
      case Term::exact:
        if constexpr (std::is_same_v<P, NormalPopulation>)
          return make_likelihood_kernel<NormalMarginalTerm>(backend, objects);
        else
          throw RunError("this population has no closed form");
      case Term::noisy_density:
        return make_likelihood_kernel<NoisyDensityTerm<P, Ms>>(backend, objects);
      case Term::point:
        return make_likelihood_kernel<PointTerm<P>>(backend, objects);
      case Term::samples:
        return make_likelihood_kernel<SamplesTerm<P>>(backend, objects);
      case Term::samples_error:
        return make_likelihood_kernel<SamplesErrorTerm<P>>(backend, objects);
      case Term::samples_gaussian:
        if constexpr (std::is_same_v<P, NormalPopulation>)
          return make_likelihood_kernel<GaussianSamplesTerm>(backend, objects);
        else
          throw RunError("this population has no closed form");
      case Term::quadrature:
        return make_likelihood_kernel<QuadratureTerm<P, Ms>>(backend, objects);
      case Term::injections:
        return make_likelihood_kernel<InjectionTerm<P>>(backend, objects);
    }
    return nullptr;
  }
  std::unique_ptr<LatentKernel> latents(LatentUpdate update, const Backend& backend,
                                        const ObjectTable<double>& objects,
                                        const LatentSetup& setup) const override {
    if constexpr (std::is_same_v<P, NormalPopulation>)
      if (update == LatentUpdate::exact)
        return make_latent_kernel<ExactNormalLatent<Ms>>(backend, objects, setup);
    if (update == LatentUpdate::samples) return make_latent_kernel<SampledLatent<P>>(backend, objects, setup);
    return make_latent_kernel<MetropolisLatent<P, Ms>>(backend, objects, setup);
  }
  std::unique_ptr<LatentReplay> replay(LatentUpdate update, bool double_precision,
                                       const ObjectTable<double>& objects, std::uint64_t object,
                                       const LatentSetup& setup) const override {
    const auto make = [&]<class Latent>() -> std::unique_ptr<LatentReplay> {
      if (double_precision) return std::make_unique<CompiledReplay<Latent, double>>(objects, object, setup);
      return std::make_unique<CompiledReplay<Latent, float>>(objects, object, setup);
    };
    if constexpr (std::is_same_v<P, NormalPopulation>)
      if (update == LatentUpdate::exact) return make.template operator()<ExactNormalLatent<Ms>>();
    if (update == LatentUpdate::samples) return make.template operator()<SampledLatent<P>>();
    return make.template operator()<MetropolisLatent<P, Ms>>();
  }

 private:
  static Coefficients<double, P::prepared_size> coefficients(std::span<const double> prepared) {
    Coefficients<double, P::prepared_size> c;
    std::copy_n(prepared.begin(), P::prepared_size, c.v);
    return c;
  }
  P p_;
};

template <Population P, class Ms>
PopulationEntry entry_of(std::string_view own_measurement = "") {
  PopulationEntry entry{
      std::string(P::name), std::string(P::meaning), {}, nullptr, std::string(own_measurement)};
  if constexpr (HasArguments<P>) entry.arguments = P::arguments();
  entry.make = [](std::span<const double> arguments) -> std::shared_ptr<const PopulationModel> {
    return std::make_shared<CompiledPopulation<P, Ms>>(make_population<P>(arguments));
  };
  return entry;
}

}  // namespace starling
