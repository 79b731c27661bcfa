// The likelihoods of theta, but for those by quadrature.
#include "formulas/terms.hpp"
#include "models/frames.hpp"
#include "models/kernel_likelihood.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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

}  // namespace starling
