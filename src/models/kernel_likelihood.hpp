/// What the likelihoods have in common: a kernel that sums differences to a reference theta, and sums over
/// given values of mu. For the files that make likelihoods.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/parallel.hpp"
#include "models/likelihoods.hpp"
#include "models/sample_nodes.hpp"

namespace starling {

/// Binds a catalog, a model and a kernel: what differs is in build, make_kernel and column.
class KernelLikelihood : public Likelihood {
 public:
  explicit KernelLikelihood(const Parts& parts) : parts_(parts) {}

  void evaluate(std::span<const double> theta, std::span<double> log_likelihood) override {
    sum(*kernel_, coefficients_, theta, log_likelihood);
    for (double& l : log_likelihood) l += reference_value_;
  }
  void rebase(std::span<const double> reference, std::span<const double> others) override {
    reference_ = parts_.framed(reference);
    const auto n = noise(reference);
    reference_noise_ = {n.begin(), n.end()};
    ObjectTable<double> objects;
    objects.size = parts_.catalog.size();
    objects.weight.assign(parts_.catalog.weight.begin(), parts_.catalog.weight.end());
    kernel_.reset();  // two catalogs need not be in memory
    reference_value_ = build(objects, others);
    terms_ = objects.offset.empty() ? objects.size : objects.offset.back();
    kernel_ = make_kernel(objects);
  }
  std::uint64_t terms() const override { return terms_; }
  void variance(std::span<const double>, std::span<double> v) override { std::fill(v.begin(), v.end(), 0.0); }
  MonteCarloError monte_carlo(std::span<const double>) override { return {}; }
  bool by_nodes() const override { return false; }
  double integration_error(std::span<const double>) const override { return 0; }

 protected:
  /// Fills the objects' columns for reference_ and returns ln L(reference), in the catalog's units.
  virtual double build(ObjectTable<double>& objects, std::span<const double> others) = 0;
  virtual std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) = 0;
  /// The coefficients of one walker, coefficients_ of them.
  virtual void column(std::span<const double> theta, double* out) const = 0;

  /// out: [output][theta]
  void sum(LikelihoodKernel& kernel, int coefficients, std::span<const double> theta,
           std::span<double> out) const {
    const std::size_t n = theta.size() / parts_.dimension;
    WalkerTable table;
    table.resize(n, coefficients);
    std::vector<double> of_one(static_cast<std::size_t>(coefficients));
    for (std::size_t w = 0; w < n; ++w) {
      column(theta.subspan(w * parts_.dimension, parts_.dimension), of_one.data());
      table.set(w, of_one);
    }
    std::vector<FixedSum> sums(out.size());
    kernel.sum(table, sums);
    for (std::size_t w = 0; w < out.size(); ++w) out[w] = sums[w].value();
  }
  [[nodiscard]] double weight(std::size_t i) const {
    return parts_.catalog.weight.empty() ? 1 : parts_.catalog.weight[i];
  }
  [[nodiscard]] std::span<const double> population(std::span<const double> theta) const {
    return theta.first(parts_.population_dimension);
  }
  [[nodiscard]] std::span<const double> noise(std::span<const double> theta) const {
    return theta.subspan(parts_.population_dimension, parts_.measurement_dimension);
  }
  [[nodiscard]] std::vector<double> framed(std::span<const double> theta) const {
    return parts_.framed(theta);
  }
  [[nodiscard]] std::vector<double> prepared(std::span<const double> framed_theta) const {
    return parts_.population->prepared(framed_theta);
  }
  [[nodiscard]] double log_scale() const { return std::log(parts_.frame.scale); }

  Parts parts_;
  int coefficients_ = 0;
  std::vector<double> reference_, reference_noise_;  // the first in the frame
  double reference_value_ = 0;
  std::unique_ptr<LikelihoodKernel> kernel_;

 private:
  std::uint64_t terms_ = 0;
};

/// Sums over given values of mu with given log interim densities: posterior samples, or nodes of a
/// quadrature, whose weights and likelihoods stand in the interim density's place.
class SamplesLikelihood : public KernelLikelihood {
 public:
  explicit SamplesLikelihood(const Parts& parts) : KernelLikelihood(parts) {
    coefficients_ = (parts.population->has_ratio() ? parts.population->difference_size() : 0) +
                    parts.population->prepared_size();
  }

  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto c = prepared(framed(theta));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = sums_of(log_weights(c, i)).log_sum() + constant(i);
  }

 protected:
  /// Object i's samples; views that last until the next call from the same thread.
  [[nodiscard]] virtual WeightedSamples values(std::size_t i) const = 0;
  [[nodiscard]] virtual const std::vector<std::uint64_t>& offsets() const = 0;
  /// What ln L_i has beside the logarithm of the sum.
  [[nodiscard]] virtual double constant(std::size_t i) const = 0;

  [[nodiscard]] std::vector<double> log_weights(std::span<const double> prepared_theta, std::size_t i) const {
    return starling::log_weights(*parts_.population, prepared_theta, values(i));
  }

  double build(ObjectTable<double>& objects, std::span<const double>) override {
    return fill(objects, offsets(), [this](std::size_t i) { return values(i); });
  }
  /// The columns of objects, from `values`, which offsets count.
  template <class ValuesOf>
  double fill(ObjectTable<double>& objects, const std::vector<std::uint64_t>& offsets,
              const ValuesOf& values) const {
    const auto c = prepared(reference_);
    objects.offset = offsets;
    const std::size_t total = objects.offset.back();
    const bool stored = !parts_.population->has_ratio();
    objects.sample[0].resize(total);
    objects.sample[1].resize(total);
    if (!values(0).log_interim.empty()) objects.sample[2].resize(total);
    if (stored) objects.sample[3].resize(total);
    objects.column[0].resize(objects.size);
    parallel_for(objects.size, parts_.backend.threads, 64, [&](std::size_t i) {
      static thread_local std::vector<double> l;
      const WeightedSamples v = values(i);
      const std::size_t begin = objects.offset[i], count = v.mu.size();
      l.resize(count);
      parts_.population->log_density(c, v.mu, l);
      if (stored) {  // samples where the reference has no density get a small one instead
        const double top = *std::max_element(l.begin(), l.end());
        for (double& p : l) p = top > -std::numeric_limits<double>::infinity() ? std::max(p, top - 20) : 0;
        std::copy(l.begin(), l.end(), objects.sample[3].begin() + static_cast<std::ptrdiff_t>(begin));
      }
      if (!v.log_interim.empty())
        for (std::size_t k = 0; k < count; ++k) l[k] -= objects.sample[2][begin + k] = v.log_interim[k];
      const double log_sum = sums_of(l).log_sum();
      for (std::size_t k = 0; k < count; ++k) {
        objects.sample[0][begin + k] = v.mu[k];
        objects.sample[1][begin + k] = std::exp(l[k] - log_sum);
      }
      objects.column[0][i] = log_sum;
    });
    double value = 0;
    for (std::size_t i = 0; i < objects.size; ++i) value += weight(i) * (objects.column[0][i] + constant(i));
    return value;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::samples, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    const auto t = framed(theta);
    if (parts_.population->has_ratio()) {
      parts_.population->difference(t, reference_, out);
      out += parts_.population->difference_size();
    }
    parts_.population->prepare(t, out);
  }
};

/// An L at its first reference.
template <class L, class... More>
std::unique_ptr<Likelihood> made(const Parts& parts, std::span<const double> reference, More... more) {
  auto likelihood = std::make_unique<L>(parts, more...);
  likelihood->rebase(reference, {});
  return likelihood;
}

}  // namespace starling
