// The likelihoods of theta.
#include "models/likelihoods.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "formulas/terms.hpp"
#include "models/frames.hpp"
#include "models/quadrature.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class KernelLikelihood : public Likelihood {
 public:
  explicit KernelLikelihood(const Parts& parts) : parts_(parts) {}

  void evaluate(std::span<const double> theta, std::span<double> log_likelihood) override {
    sum(*kernel_, coefficients_, theta, log_likelihood);
    for (double& l : log_likelihood) l += reference_value_;
  }
  void rebase(std::span<const double> reference, std::span<const double> others) override {
    reference_ = parts_.population->to_frame(population(reference), parts_.frame);
    const auto n = noise(reference);
    reference_noise_ = {n.begin(), n.end()};
    ObjectTable<double> objects;
    objects.size = parts_.catalog.size();
    objects.weight = parts_.catalog.weight;
    kernel_.reset();  // two catalogs need not be in memory
    reference_value_ = build(objects, others);
    kernel_ = make_kernel(objects);
  }
  void variance(std::span<const double>, std::span<double> v) override { std::fill(v.begin(), v.end(), 0.0); }
  MonteCarloError monte_carlo(std::span<const double>) override { return {}; }
  double integration_error() const override { return 0; }

 protected:
  /// Fills the objects' columns for reference_ and returns ln L(reference), in the catalog's units.
  virtual double build(ObjectTable<double>& objects, std::span<const double> others) = 0;
  virtual std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) = 0;
  /// The coefficients of one walker, coefficients_ of them.
  virtual void column(std::span<const double> theta, double* out) const = 0;

  void sum(LikelihoodKernel& kernel, int coefficients, std::span<const double> theta, std::span<double> out) {
    const std::size_t n = out.size();
    table_.resize(n, coefficients);
    column_.resize(static_cast<std::size_t>(coefficients));
    for (std::size_t w = 0; w < n; ++w) {
      column(theta.subspan(w * parts_.dimension, parts_.dimension), column_.data());
      table_.set(w, column_);
    }
    sums_.resize(n);
    kernel.sum(table_, sums_);
    for (std::size_t w = 0; w < n; ++w) out[w] = sums_[w].value();
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
    return parts_.population->to_frame(population(theta), parts_.frame);
  }
  [[nodiscard]] std::vector<double> prepared(std::span<const double> framed_theta) const {
    std::vector<double> out(static_cast<std::size_t>(parts_.population->prepared_size()));
    parts_.population->prepare(framed_theta, out.data());
    return out;
  }
  [[nodiscard]] double log_scale() const { return std::log(parts_.frame.scale); }

  Parts parts_;
  int coefficients_ = 0;
  std::vector<double> reference_, reference_noise_;  // the first in the frame
  double reference_value_ = 0;
  std::unique_ptr<LikelihoodKernel> kernel_;

 private:
  WalkerTable table_;
  std::vector<double> column_;
  std::vector<FixedSum> sums_;
};

class PointLikelihood final : public KernelLikelihood {
 public:
  explicit PointLikelihood(const Parts& parts)
      : KernelLikelihood(parts), points_(points_of(parts.measurement.get(), parts.catalog)) {
    for (double& x : points_) x = parts.frame.to(x);
    coefficients_ = parts.population->difference_size();
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    parts_.population->log_density(prepared(framed(theta)), points_, out);
    for (double& l : out) l -= log_scale();
  }

 private:
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    std::vector<double> l(points_.size());
    parts_.population->log_density(prepared(reference_), points_, l);
    double sum = 0;
    for (std::size_t i = 0; i < l.size(); ++i) {
      // a point that is impossible at the reference may stand for any value there
      if (!(l[i] > -kInfinity)) l[i] = 0;
      sum += weight(i) * (l[i] - log_scale());
    }
    objects.column[0] = points_;
    if (!parts_.population->has_ratio()) objects.column[1] = std::move(l);
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::point, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    parts_.population->difference(framed(theta), reference_, out);
  }
  std::vector<double> points_;
};

class ExactLikelihood final : public KernelLikelihood {
 public:
  explicit ExactLikelihood(const Parts& parts)
      : KernelLikelihood(parts), rows_(*parts.measurement, parts.catalog) {
    coefficients_ = NormalMarginalTerm::coefficients;
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const Theta t = at(framed(theta), noise(theta));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto row = rows_[i];
      const auto d = parts_.measurement->datum(row, parts_.frame);
      const double y = d.center - t.m, v = t.s2 + parts_.measurement->variance(t.noise, d);
      out[i] = -0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 + jacobian(row, d);
    }
  }

 private:
  struct Theta {
    double m, s2, q;  // mean, variance (an extra scatter included), scale of the noise's variance
    std::array<double, kMeasurementCoefficients> noise;
  };
  [[nodiscard]] Theta at(std::span<const double> framed_theta, std::span<const double> noise_theta) const {
    const auto c = parts_.measurement->prepare(noise_theta, parts_.frame);
    const double s2 = framed_theta[1] * framed_theta[1];
    if (const auto factor = parts_.measurement->precision_factor(c))
      return {framed_theta[0], s2, 1 / *factor, c};
    return {framed_theta[0], s2 + c[0], 1, c};  // an extra scatter is one with the population's
  }
  /// d(frame's x) / dx, in logarithm: sigma in the frame over sigma, whatever the measurement's units.
  [[nodiscard]] double jacobian(Row row, const Datum<double>& d) const {
    return -0.5 * std::log(d.v[0]) + parts_.measurement->log_constant(row, parts_.frame) +
           0.91893853320467274178;
  }
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    const Theta r = at(reference_, reference_noise_);
    double sum = 0;
    objects.column[0].reserve(objects.size);
    objects.column[1].reserve(objects.size);
    for (std::size_t i = 0; i < objects.size; ++i) {
      const auto row = rows_[i];
      const auto d = parts_.measurement->datum(row, parts_.frame);
      const double y = d.center - r.m, v = r.s2 + r.q / d.v[0];
      objects.column[0].push_back(y);
      objects.column[1].push_back(1 / v);
      sum += weight(i) * (-0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 + jacobian(row, d));
    }
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::exact, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    const Theta p = at(framed(theta), noise(theta)), r = at(reference_, reference_noise_);
    const double dq = (p.q - r.q) / r.q;
    out[0] = p.m - r.m;
    out[1] = dq;
    out[2] = p.s2 - r.s2 - dq * r.s2;
  }
  Rows rows_;
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
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Sums s = sums(log_weights(c, i));
      out[i] = s.sum > 0 ? s.largest + std::log(s.sum) + constant(i) : -kInfinity;
    }
  }

 protected:
  /// mu (in the frame) and log interim densities of object i's samples; views that last until the next call
  /// from the same thread.
  struct Values {
    std::span<const double> mu, log_interim;  // the second empty: flat
  };
  [[nodiscard]] virtual Values values(std::size_t i) const = 0;
  [[nodiscard]] virtual const std::vector<std::uint64_t>& offsets() const = 0;
  /// What ln L_i has beside the logarithm of the sum.
  [[nodiscard]] virtual double constant(std::size_t i) const = 0;

  struct Sums {
    double largest, sum, squares;  // of the weights, in units of exp(largest)
  };
  [[nodiscard]] static Sums sums(const std::vector<double>& log_weight) {
    Sums s{-kInfinity, 0, 0};
    for (const double l : log_weight) s.largest = std::max(s.largest, l);
    if (!(s.largest > -kInfinity)) return s;
    for (const double l : log_weight) {
      const double w = std::exp(l - s.largest);
      s.sum += w;
      s.squares += w * w;
    }
    return s;
  }
  [[nodiscard]] std::vector<double> log_weights(std::span<const double> prepared_theta, std::size_t i) const {
    const Values v = values(i);
    std::vector<double> l(v.mu.size());
    parts_.population->log_density(prepared_theta, v.mu, l);
    if (!v.log_interim.empty())
      for (std::size_t k = 0; k < l.size(); ++k) l[k] -= v.log_interim[k];
    return l;
  }

  double build(ObjectTable<double>& objects, std::span<const double>) override {
    const auto c = prepared(reference_);
    objects.offset = offsets();
    const std::size_t total = objects.offset.back();
    const bool stored = !parts_.population->has_ratio();
    objects.sample[0].resize(total);
    objects.sample[1].resize(total);
    if (!values(0).log_interim.empty()) objects.sample[2].resize(total);
    if (stored) objects.sample[3].resize(total);
    objects.column[0].resize(objects.size);
    double value = 0;
    std::vector<double> l;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const Values v = values(i);
      const std::size_t begin = objects.offset[i], count = v.mu.size();
      l.resize(count);
      parts_.population->log_density(c, v.mu, l);
      if (stored) {  // samples where the reference has no density get a small one instead
        const double top = *std::max_element(l.begin(), l.end());
        for (double& p : l) p = top > -kInfinity ? std::max(p, top - 20) : 0;
        std::copy(l.begin(), l.end(), objects.sample[3].begin() + static_cast<std::ptrdiff_t>(begin));
      }
      if (!v.log_interim.empty())
        for (std::size_t k = 0; k < count; ++k) l[k] -= objects.sample[2][begin + k] = v.log_interim[k];
      const Sums s = sums(l);
      const double log_sum = s.largest + std::log(s.sum);
      for (std::size_t k = 0; k < count; ++k) {
        objects.sample[0][begin + k] = v.mu[k];
        objects.sample[1][begin + k] = std::exp(l[k] - log_sum);
      }
      objects.column[0][i] = log_sum;
      value += weight(i) * (log_sum + constant(i));
    }
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

class PosteriorSamplesLikelihood final : public SamplesLikelihood {
 public:
  explicit PosteriorSamplesLikelihood(const Parts& parts) : SamplesLikelihood(parts) {}

  void variance(std::span<const double> theta, std::span<double> v) override {
    if (!variance_kernel_) {
      ObjectTable<double> objects;
      objects.size = parts_.catalog.size();
      objects.weight = parts_.catalog.weight;
      build(objects, {});
      variance_kernel_ = parts_.population->kernel(Term::samples_variance, parts_.backend, objects);
    }
    sum(*variance_kernel_, coefficients_, theta, v);
  }

  MonteCarloError monte_carlo(std::span<const double> theta) override {
    MonteCarloError error;
    const auto c = prepared(framed(theta));
    const std::size_t n = parts_.catalog.size();
    std::vector<MonteCarloError::Object> all(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double k = static_cast<double>(offsets()[i + 1] - offsets()[i]);
      const Sums s = sums(log_weights(c, i));
      const double n_eff = s.sum > 0 ? s.sum * s.sum / s.squares : 0, w = weight(i);
      const double share = n_eff > 0 ? w * w * (1 / n_eff - 1 / k) : kInfinity;
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
  Values values(std::size_t i) const override {
    static thread_local std::vector<double> mu;
    const Catalog& catalog = parts_.catalog;
    const std::size_t begin = catalog.offsets[i], count = catalog.offsets[i + 1] - begin;
    mu.resize(count);
    for (std::size_t k = 0; k < count; ++k) mu[k] = parts_.frame.to(catalog.samples[begin + k]);
    const std::span<const double> interim = catalog.log_interim;
    return {mu, interim.empty() ? interim : interim.subspan(begin, count)};
  }
  const std::vector<std::uint64_t>& offsets() const override { return parts_.catalog.offsets; }
  double constant(std::size_t i) const override {
    return -std::log(static_cast<double>(offsets()[i + 1] - offsets()[i])) - log_scale();
  }
  std::unique_ptr<LikelihoodKernel> variance_kernel_;
};

/// The points at which nodes must be right: the reference and the others.
std::vector<QuadraturePoint> points_for(const Parts& parts, std::span<const double> reference,
                                        std::span<const double> reference_noise,
                                        std::span<const double> others) {
  std::vector<QuadraturePoint> points;
  points.push_back(
      quadrature_point(*parts.population, *parts.measurement, reference, reference_noise, parts.frame));
  for (std::size_t k = 0; k + parts.dimension <= others.size(); k += parts.dimension) {
    const auto theta = others.subspan(k, parts.dimension);
    points.push_back(quadrature_point(
        *parts.population, *parts.measurement,
        parts.population->to_frame(theta.first(parts.population_dimension), parts.frame),
        theta.subspan(parts.population_dimension, parts.measurement_dimension), parts.frame));
  }
  return points;
}

/// Nodes of all objects.
std::vector<ObjectNodes> place_all(const Parts& parts, const Rows& rows,
                                   const std::vector<QuadraturePoint>& points, double& error) {
  std::vector<ObjectNodes> all(parts.catalog.size());
  double worst = 0;
#pragma omp parallel for num_threads(parts.backend.threads) schedule(dynamic, 64) reduction(max : worst)
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = place_nodes(*parts.population, *parts.measurement,
                         parts.measurement->datum(rows[i], parts.frame), points, parts.tolerance);
    worst = std::max(worst, all[i].error);
  }
  error = worst;
  return all;
}

/// Quadrature where neither the support nor the measurement depends on theta: nodes as samples.
class FixedNodesLikelihood final : public SamplesLikelihood {
 public:
  explicit FixedNodesLikelihood(const Parts& parts)
      : SamplesLikelihood(parts), rows_(*parts.measurement, parts.catalog) {}
  double integration_error() const override { return error_; }

 private:
  double build(ObjectTable<double>& objects, std::span<const double> others) override {
    const auto points = points_for(parts_, reference_, reference_noise_, others);
    const auto nodes = place_all(parts_, rows_, points, error_);
    const auto c = parts_.measurement->prepare({}, parts_.frame);
    offsets_.assign(1, 0);
    for (const auto& n : nodes) offsets_.push_back(offsets_.back() + n.rule->t.size());
    mu_.resize(offsets_.back());
    log_interim_.resize(offsets_.back());
    constant_.resize(nodes.size());
    const auto threads = parts_.backend.threads;
#pragma omp parallel for num_threads(threads)
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto row = rows_[i];
      const auto datum = parts_.measurement->datum(row, parts_.frame);
      const auto& [a, b, rule, error] = nodes[i];
      const std::size_t begin = offsets_[i], count = rule->t.size();
      const std::span<double> mu(mu_.data() + begin, count), l(log_interim_.data() + begin, count);
      for (std::size_t k = 0; k < count; ++k) mu[k] = a + (b - a) * rule->t[k];
      parts_.measurement->log_likelihood(c, datum, mu, l);
      // the peak of the likelihood goes to the constant: floats need not hold it
      const double top = *std::max_element(l.begin(), l.end());
      for (std::size_t k = 0; k < count; ++k) l[k] = top - l[k] - rule->log_weight[k] - std::log(b - a);
      // where the likelihood is 0 a node counts for nothing
      for (double& v : l) v = v < 1e30 ? v : 1e30;
      constant_[i] = top + parts_.measurement->log_constant(row, parts_.frame);
    }
    return SamplesLikelihood::build(objects, {});
  }
  Values values(std::size_t i) const override {
    const std::size_t begin = offsets_[i], count = offsets_[i + 1] - begin;
    return {std::span(mu_).subspan(begin, count), std::span(log_interim_).subspan(begin, count)};
  }
  const std::vector<std::uint64_t>& offsets() const override {
    return offsets_;
  }
  double constant(std::size_t i) const override {
    return constant_[i];
  }

  Rows rows_;
  std::vector<std::uint64_t> offsets_;
  std::vector<double> mu_, log_interim_, constant_;
  double error_ = 0;
};

/// Quadrature where the support or the measurement depends on theta.
class MovingNodesLikelihood final : public KernelLikelihood {
 public:
  explicit MovingNodesLikelihood(const Parts& parts)
      : KernelLikelihood(parts), rows_(*parts.measurement, parts.catalog) {
    coefficients_ = parts.population->prepared_size() + kMeasurementCoefficients + 2 +
                    (parts.population->has_break() ? 1 : 0);
  }
  double integration_error() const override { return error_; }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto point =
        quadrature_point(*parts_.population, *parts_.measurement, framed(theta), noise(theta), parts_.frame);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto row = rows_[i];
      out[i] = log_integral(*parts_.population, *parts_.measurement,
                            parts_.measurement->datum(row, parts_.frame), point, nodes_[i]) +
               parts_.measurement->log_constant(row, parts_.frame);
    }
  }

 private:
  double build(ObjectTable<double>& objects, std::span<const double> others) override {
    const auto points = points_for(parts_, reference_, reference_noise_, others);
    nodes_ = place_all(parts_, rows_, points, error_);
    objects.measurement = parts_.measurement->number();
    objects.offset.assign(1, 0);
    for (auto& column : objects.column) column.reserve(objects.size);
    double sum = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const auto row = rows_[i];
      const auto datum = parts_.measurement->datum(row, parts_.frame);
      const auto& n = nodes_[i];
      double l = log_integral(*parts_.population, *parts_.measurement, datum, points[0], n);
      if (!(l > -kInfinity)) l = 0;
      objects.column[0].push_back(datum.center);
      for (std::size_t j = 0; j < 3; ++j) objects.column[1 + j].push_back(datum.v[j]);
      objects.column[4].push_back(n.a);
      objects.column[5].push_back(n.b);
      objects.column[6].push_back(l);
      objects.sample[0].insert(objects.sample[0].end(), n.rule->t.begin(), n.rule->t.end());
      objects.sample[1].insert(objects.sample[1].end(), n.rule->log_weight.begin(), n.rule->log_weight.end());
      objects.offset.push_back(objects.sample[0].size());
      sum += weight(i) * (l + parts_.measurement->log_constant(row, parts_.frame));
    }
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::quadrature, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    const auto t = framed(theta);
    parts_.population->prepare(t, out);
    out += parts_.population->prepared_size();
    const auto c = parts_.measurement->prepare(noise(theta), parts_.frame);
    out = std::copy(c.begin(), c.end(), out);
    const auto [lower, upper] = common_support(*parts_.population, *parts_.measurement, t, parts_.frame);
    out[0] = std::max(lower, -1e30);  // finite, as differences are taken
    out[1] = std::min(upper, 1e30);
    if (parts_.population->has_break()) out[2] = parts_.population->break_in_support(t);
  }
  Rows rows_;
  std::vector<ObjectNodes> nodes_;
  double error_ = 0;
};

template <class L>
std::unique_ptr<Likelihood> made(const Parts& parts, std::span<const double> reference) {
  auto likelihood = std::make_unique<L>(parts);
  likelihood->rebase(reference, {});
  return likelihood;
}

}  // namespace

std::unique_ptr<Likelihood> point_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<PointLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> exact_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<ExactLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> samples_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<PosteriorSamplesLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> quadrature_likelihood(const Parts& parts, std::span<const double> reference) {
  if (parts.population->support_moves() || !parts.measurement->parameters().empty())
    return made<MovingNodesLikelihood>(parts, reference);
  return made<FixedNodesLikelihood>(parts, reference);
}

}  // namespace starling
