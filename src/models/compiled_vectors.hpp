/// Structs that satisfy VectorPopulation and VectorMeasurement as a VectorModel. Included by
/// compile_model.cpp alone.
#pragma once

#include <algorithm>
#include <limits>

#include "backends/dispatch.hpp"
#include "models/compiled.hpp"
#include "models/vector_model.hpp"
#include "starling/error.hpp"

namespace starling {

template <VectorPopulation P, VectorMeasurement M>
class CompiledVectors final : public VectorModel {
 public:
  explicit CompiledVectors(P p) : p_(std::move(p)) {}

  std::vector<Parameter> population_parameters() const override { return p_.parameters(); }
  std::vector<std::string> latents() const override { return p_.latents(); }
  std::vector<Column> covariates() const override { return covariates_of<P>(); }
  Start estimate(const VectorPoints& points) const override { return p_.estimate(points); }
  double log_constraint(std::span<const double> theta) const override {
    if constexpr (HasConstraint<P>)
      return p_.log_constraint(theta);
    else
      return 0;
  }
  void draw(std::span<const double> theta, std::span<const double> covariates, HostStream& stream,
            std::span<double> mu) const override {
    p_.draw(theta, covariates, stream, mu);
  }
  bool is_normal() const override { return HasNormalComponents<P>; }
  std::vector<std::pair<double, double>> location_scales(
      [[maybe_unused]] std::span<const double> theta) const override {
    if constexpr (HasLocationScales<P>)
      return p_.location_scales(theta);
    else
      return {};
  }
  std::vector<std::size_t> location_scale_parameters() const override {
    if constexpr (HasLocationScales<P>)
      return p_.location_scale_parameters();
    else
      return {};
  }
  std::pair<double, double> support() const override {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if constexpr (requires { p_.support(); })
      return p_.support();
    else
      return {-infinity, infinity};
  }

  std::vector<Parameter> measurement_parameters() const override { return m_.parameters(); }
  std::vector<Column> columns() const override { return M::columns(dimension()); }
  std::vector<ArrayColumn> arrays() const override { return arrays_of<M>(); }
  bool has_normal_noise() const override { return HasNoiseCovariance<M>; }
  std::string complaint([[maybe_unused]] const VectorRow& row) const override {
    if constexpr (requires { m_.complaint(row); })
      return m_.complaint(row);
    else
      return "";
  }
  void start(const VectorRow& row, std::span<double> mu) const override { m_.start(row, mu); }
  void spread(const VectorRow& row, std::span<double> sd) const override { m_.spread(row, sd); }
  std::vector<double> numbers(const VectorRow& row, std::span<const Frame> frames) const override {
    return m_.numbers(row, frames);
  }
  std::vector<double> point_and_covariance([[maybe_unused]] const VectorRow& row,
                                           [[maybe_unused]] std::span<const Frame> frames) const override {
    if constexpr (HasNoiseCovariance<M>)
      return m_.point_and_covariance(row, frames);
    else
      return {};
  }
  std::vector<double> draw_values([[maybe_unused]] std::span<const double> theta,
                                  [[maybe_unused]] const VectorRow& row,
                                  [[maybe_unused]] std::span<const double> mu,
                                  [[maybe_unused]] HostStream& stream) const override {
    if constexpr (HasVectorDraw<M>)
      return m_.draw(theta, row, mu, stream);
    else
      return {};
  }

  int coefficients(VectorTerm term) const override {
    if constexpr (HasNormalComponents<P>)
      if (term == VectorTerm::exact) return NormalComponentsTerm<P>::coefficients;
    return P::prepared_size;
  }
  void prepare(VectorTerm term, std::span<const double> theta, std::span<const Frame> frames,
               double* out) const override {
    if constexpr (HasNormalComponents<P>) {
      const auto all = framed(p_.components(theta), frames);
      if (term != VectorTerm::exact) {
        const auto c = P::prepare_density(all);
        std::copy(c.begin(), c.end(), out);
        return;
      }
      using Closed = NormalComponentsTerm<P>;
      std::fill_n(out, Closed::coefficients, 0.0);
      for (const auto& one : all) {
        const int d = static_cast<int>(one.mean.size());
        auto root = one.covariance;  // its factor, the diagonal as it is
        cholesky(root.data(), d);
        for (int j = 0; j < d; ++j) {
          auto& diagonal = root[static_cast<std::size_t>(packed(j, j))];
          diagonal = 1 / diagonal;
        }
        out[0] = P::log_weight(one);
        std::copy(one.mean.begin(), one.mean.end(), out + 1);
        std::copy(one.covariance.begin(), one.covariance.end(), out + 1 + Closed::most);
        std::copy(root.begin(), root.end(), out + 1 + Closed::most + triangle(Closed::most));
        out += Closed::component_size;
      }
    } else {
      const auto c = p_.prepare(theta);
      std::copy(c.begin(), c.end(), out);
    }
  }
  int transform_size() const override { return 2 * P::most_latents; }
  int coefficients(LatentUpdate update) const override {
    return vector_coefficients<P>(coefficients(term_of(update)));
  }
  void prepare(LatentUpdate update, std::span<const double> theta, std::span<const double> noise,
               std::span<const Frame> frames, double* out) const override {
    out += transform_size();
    prepare(term_of(update), theta, frames, out);
    const auto c = m_.prepare(noise);
    std::copy(c.begin(), c.end(), out + coefficients(term_of(update)));
  }

  std::unique_ptr<LikelihoodKernel> kernel(VectorTerm term, const Backend& backend,
                                           const ObjectTable<double>& objects) const override {
    return with_term(term, [&]<class Term>() { return make_likelihood_kernel<Term>(backend, objects); });
  }
  std::unique_ptr<LatentKernel> latents(LatentUpdate update, const Backend& backend,
                                        const ObjectTable<double>& objects,
                                        const LatentSetup& setup) const override {
    return with_latent(update,
                       [&]<class Latent>() { return make_latent_kernel<Latent>(backend, objects, setup); });
  }
  double evaluate(VectorTerm term, std::span<const double> coefficients, const ObjectView<double>& objects,
                  std::uint64_t i, double* second) const override {
    return with_term(term, [&]<class Term>() {
      const auto out =
          Term::template evaluate<double, double>(taken<Term::coefficients>(coefficients), objects, i);
      if constexpr (Term::outputs > 1)
        if (second != nullptr) *second = out[1];
      return out[0];
    });
  }
  void draw_given_theta(LatentUpdate update, std::span<const double> coefficients,
                        const ObjectView<double>& objects, std::uint64_t i, std::uint64_t seed,
                        std::span<double> mu) const override {
    with_latent(update, [&]<class Latent>() {
      LatentStep step;
      step.seed = seed;
      Coefficients<double, kVectorSums> sums{};
      double all[kMostLatents] = {}, collected[triangle(kMostLatents)];
      update_vector<Latent, double>(taken<Latent::coefficients>(coefficients), step, objects, i,
                                    static_cast<const double*>(nullptr), 0, all, sums, collected);
      std::copy_n(all, mu.size(), mu.begin());
      return 0;
    });
  }

 private:
  [[nodiscard]] int dimension() const { return static_cast<int>(p_.latents().size()); }
  /// The term whose coefficients an update shares.
  static VectorTerm term_of(LatentUpdate update) {
    return update == LatentUpdate::exact ? VectorTerm::exact : VectorTerm::point;
  }
  template <int N>
  static Coefficients<double, N> taken(std::span<const double> values) {
    Coefficients<double, N> c;
    std::copy_n(values.begin(), N, c.v);
    return c;
  }
  template <class F>
  static auto with_term(VectorTerm term, const F& f) {
    if constexpr (HasNormalComponents<P>)
      if (term == VectorTerm::exact) return f.template operator()<NormalComponentsTerm<P>>();
    if (term == VectorTerm::samples) return f.template operator()<VectorSamplesTerm<P>>();
    if (term == VectorTerm::injections) return f.template operator()<VectorInjectionTerm<P>>();
    return f.template operator()<VectorPointTerm<P>>();
  }
  template <class F>
  static auto with_latent(LatentUpdate update, const F& f) {
    if constexpr (HasNormalComponents<P>)
      if (update == LatentUpdate::exact) return f.template operator()<VectorExact<P>>();
    if (update == LatentUpdate::samples) return f.template operator()<VectorSampled<P>>();
    return f.template operator()<VectorMetropolis<P, M>>();
  }
  static std::vector<NormalComponent> framed(std::vector<NormalComponent> all,
                                             std::span<const Frame> frames) {
    for (auto& one : all)
      for (std::size_t j = 0; j < one.mean.size(); ++j) {
        one.mean[j] = frames[j].to(one.mean[j]);
        for (std::size_t k = 0; k <= j; ++k)
          one.covariance[static_cast<std::size_t>(packed(static_cast<int>(j), static_cast<int>(k)))] /=
              frames[j].scale * frames[k].scale;
      }
    return all;
  }
  P p_;
  M m_{};
};

template <VectorPopulation P, VectorMeasurement M>
VectorEntry vector_entry_of() {
#ifdef STARLING_MODEL_NORMAL
  static_assert(HasNormalComponents<P>, "NORMAL is for populations that are sums of normal distributions");
#else
  static_assert(!HasNormalComponents<P>, "a population that is a sum of normal distributions is NORMAL, too");
#endif
  VectorEntry entry{std::string(P::name),
                    std::string(M::name),
                    std::string(P::meaning),
                    std::string(M::meaning),
                    {},
                    nullptr};
  if constexpr (HasArguments<P>) entry.arguments = P::arguments();
  entry.make = [](std::span<const double> arguments) -> std::shared_ptr<const VectorModel> {
    return std::make_shared<CompiledVectors<P, M>>(make_population<P>(arguments));
  };
  return entry;
}

}  // namespace starling
