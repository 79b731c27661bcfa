/// Binds a catalog, a term and a backend to a Likelihood: objects are brought to the kernels' units and to a
/// reference theta once, in double; theta is prepared per walker, in double; the kernel sums differences to
/// the reference.
#pragma once

#include <cmath>

#include "formulas/terms.hpp"
#include "models/definition.hpp"

namespace starling {

/// Units in which the catalog is of order one, for populations that allow them.
template <class P>
Frame frame_of(const Catalog& catalog) {
  if constexpr (LocationScale<P>) {
    const auto m = point_moments(catalog);
    double scale = std::sqrt(m.variance);
    if (!(scale > 0)) scale = catalog.sigma.empty() ? 1 : catalog.sigma_of(0);
    return {m.mean, scale};
  } else {
    return {};
  }
}

template <class Term>
class KernelLikelihood : public Likelihood {
 public:
  void evaluate(std::span<const double> theta, std::span<double> log_likelihood) override {
    sum(*kernel_, theta, log_likelihood);
    for (double& l : log_likelihood) l += reference_value_;
  }
  void rebase(std::span<const double> reference) override {
    reference_.assign(reference.begin(), reference.end());
    ObjectTable<double> objects;
    objects.size = catalog_.size();
    objects.weight = catalog_.weight;
    reference_value_ = build(objects);
    kernel_ = make_likelihood_kernel<Term>(backend_, objects);
  }
  void variance(std::span<const double>, std::span<double> v) override { std::fill(v.begin(), v.end(), 0.0); }
  MonteCarloError monte_carlo(std::span<const double>) override { return {}; }

 protected:
  KernelLikelihood(const Catalog& catalog, Frame frame, const Backend& backend, std::size_t dimension)
      : catalog_(catalog), frame_(frame), backend_(backend), dimension_(dimension) {}

  /// Fills the objects' columns for reference_ and returns ln L(reference), in the catalog's units.
  virtual double build(ObjectTable<double>& objects) = 0;
  /// The coefficients of one walker.
  virtual std::array<double, Term::coefficients> column(std::span<const double> theta) const = 0;

  void sum(LikelihoodKernel& kernel, std::span<const double> theta, std::span<double> out) {
    const std::size_t n = out.size();
    table_.resize(n, Term::coefficients);
    for (std::size_t w = 0; w < n; ++w) table_.set(w, column(theta.subspan(w * dimension_, dimension_)));
    sums_.resize(n);
    kernel.sum(table_, sums_);
    for (std::size_t w = 0; w < n; ++w) out[w] = sums_[w].value();
  }
  [[nodiscard]] double weight(std::size_t i) const {
    return catalog_.weight.empty() ? 1 : catalog_.weight[i];
  }

  const Catalog& catalog_;
  Frame frame_;
  Backend backend_;
  std::size_t dimension_;
  std::vector<double> reference_;
  double reference_value_ = 0;
  std::unique_ptr<LikelihoodKernel> kernel_;

 private:
  WalkerTable table_;
  std::vector<FixedSum> sums_;
};

/// The naive fit of the points. theta may have parameters after the population's; they do not enter.
template <class P>
class PointLikelihood final : public KernelLikelihood<PointTerm<P>> {
  using Base = KernelLikelihood<PointTerm<P>>;

 public:
  PointLikelihood(const Catalog& catalog, std::span<const double> reference, const Backend& backend)
      : Base(catalog, frame_of<P>(catalog), backend, reference.size()) {
    this->rebase(reference);
  }

 private:
  double build(ObjectTable<double>& objects) override {
    const auto prepared = P::prepare(to_frame<P>(this->reference_, this->frame_));
    Coefficients<double, P::prepared_size> c;
    std::copy(prepared.begin(), prepared.end(), c.v);
    double sum = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      objects.column[0].push_back(this->frame_.to(this->catalog_.x[i]));
      sum += this->weight(i) * (P::log_density(c, objects.column[0][i]) - std::log(this->frame_.scale));
    }
    return sum;
  }
  std::array<double, PointTerm<P>::coefficients> column(std::span<const double> theta) const override {
    return prepare_ratio<P>(to_frame<P>(theta, this->frame_), to_frame<P>(this->reference_, this->frame_));
  }
};

/// Normal population and normal noise, integrated in closed form.
template <class M>
class NormalMarginalLikelihood final : public KernelLikelihood<NormalMarginalTerm> {
 public:
  NormalMarginalLikelihood(const Catalog& catalog, std::span<const double> reference, const Backend& backend)
      : KernelLikelihood(catalog, frame_of<NormalPopulation>(catalog), backend, reference.size()) {
    rebase(reference);
  }

 private:
  struct Point {
    double m, s2, q;  // mean, variance, noise_scale^2 in the frame
  };
  [[nodiscard]] Point point(std::span<const double> theta) const {
    const auto t = NormalPopulation::to_frame(theta.first(2), frame_);
    return {t[0], t[1] * t[1], 1 / M::prepare(theta.subspan(2))[0]};
  }
  double build(ObjectTable<double>& objects) override {
    const Point r = point(reference_);
    double sum = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const double alpha = (catalog_.sigma.empty() ? 1 : catalog_.sigma_of(i)) / frame_.scale;
      const double y = frame_.to(catalog_.x[i]) - r.m, v = r.s2 + r.q * alpha * alpha;
      objects.column[0].push_back(y);
      objects.column[1].push_back(1 / v);
      sum += weight(i) * (-0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 - std::log(frame_.scale));
    }
    return sum;
  }
  std::array<double, 3> column(std::span<const double> theta) const override {
    const Point p = point(theta), r = point(reference_);
    const double dq = (p.q - r.q) / r.q;
    return {p.m - r.m, dq, p.s2 - r.s2 - dq * r.s2};
  }
};

/// Importance sampling over posterior samples.
template <class P>
class SamplesLikelihood final : public KernelLikelihood<SamplesTerm<P>> {
  using Base = KernelLikelihood<SamplesTerm<P>>;

 public:
  SamplesLikelihood(const Catalog& catalog, std::span<const double> reference, const Backend& backend)
      : Base(catalog, frame_of<P>(catalog), backend, reference.size()) {
    this->rebase(reference);
  }

  void variance(std::span<const double> theta, std::span<double> v) override {
    if (!variance_kernel_) {
      ObjectTable<double> objects;
      objects.size = this->catalog_.size();
      objects.weight = this->catalog_.weight;
      build(objects);
      variance_kernel_ = make_likelihood_kernel<SamplesVarianceTerm<P>>(this->backend_, objects);
    }
    this->sum(*variance_kernel_, theta, v);
  }

  MonteCarloError monte_carlo(std::span<const double> theta) override {
    MonteCarloError error;
    const auto c = prepared(theta);
    const std::size_t n = this->catalog_.size();
    std::vector<MonteCarloError::Object> all(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double k = static_cast<double>(this->catalog_.offsets[i + 1] - this->catalog_.offsets[i]);
      const auto s = sums(c, i);
      const double n_eff = s.sum * s.sum / s.squares, w = this->weight(i);
      const double share = w * w * (1 / n_eff - 1 / k);
      // its share falls as 1 / K at constant spread of the weights
      all[i] = {i, share, n_eff, k, std::ceil(share * k * static_cast<double>(n))};
      error.variance += share;
    }
    const std::size_t count = std::min<std::size_t>(10, n);
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](const auto& a, const auto& b) {
                        return a.variance != b.variance ? a.variance > b.variance : a.index < b.index;
                      });
    all.resize(count);
    error.worst = std::move(all);
    return error;
  }

 private:
  using Prepared = Coefficients<double, P::prepared_size>;
  struct Sums {
    double largest, sum, squares;  // of the weights, in units of exp(largest)
  };
  [[nodiscard]] Prepared prepared(std::span<const double> theta) const {
    const auto p = P::prepare(to_frame<P>(theta, this->frame_));
    Prepared c;
    std::copy(p.begin(), p.end(), c.v);
    return c;
  }
  [[nodiscard]] double log_weight(const Prepared& c, std::size_t k) const {
    const Catalog& catalog = this->catalog_;
    const double l = P::log_density(c, this->frame_.to(catalog.samples[k]));
    return catalog.log_interim.empty() ? l : l - catalog.log_interim[k];
  }
  [[nodiscard]] Sums sums(const Prepared& c, std::size_t i) const {
    const std::size_t begin = this->catalog_.offsets[i], end = this->catalog_.offsets[i + 1];
    Sums s{-std::numeric_limits<double>::infinity(), 0, 0};
    for (std::size_t k = begin; k < end; ++k) s.largest = std::max(s.largest, log_weight(c, k));
    for (std::size_t k = begin; k < end; ++k) {
      const double w = std::exp(log_weight(c, k) - s.largest);
      s.sum += w;
      s.squares += w * w;
    }
    return s;
  }
  double build(ObjectTable<double>& objects) override {
    const Catalog& catalog = this->catalog_;
    const Prepared c = prepared(this->reference_);
    objects.offset = catalog.offsets;
    objects.sample[2] = catalog.log_interim;
    objects.sample[0].resize(catalog.samples.size());
    objects.sample[1].resize(catalog.samples.size());
    double total = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const std::size_t begin = catalog.offsets[i], end = catalog.offsets[i + 1];
      const Sums s = sums(c, i);
      const double log_sum = s.largest + std::log(s.sum);
      for (std::size_t k = begin; k < end; ++k) {
        objects.sample[0][k] = this->frame_.to(catalog.samples[k]);
        objects.sample[1][k] = std::exp(log_weight(c, k) - log_sum);
      }
      objects.column[0].push_back(log_sum);
      total += this->weight(i) *
               (log_sum - std::log(static_cast<double>(end - begin)) - std::log(this->frame_.scale));
    }
    return total;
  }
  std::array<double, SamplesTerm<P>::coefficients> column(std::span<const double> theta) const override {
    const auto framed = to_frame<P>(theta, this->frame_);
    const auto ratio = prepare_ratio<P>(framed, to_frame<P>(this->reference_, this->frame_));
    const auto plain = P::prepare(framed);
    std::array<double, SamplesTerm<P>::coefficients> c;
    std::copy(ratio.begin(), ratio.end(), c.begin());
    std::copy(plain.begin(), plain.end(), c.begin() + ratio.size());
    return c;
  }

  std::unique_ptr<LikelihoodKernel> variance_kernel_;
};

}  // namespace starling
