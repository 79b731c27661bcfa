// The likelihoods of theta, but for those by quadrature.
#include <fmt/format.h>

#include "formulas/terms.hpp"
#include "models/frames.hpp"
#include "models/kernel_likelihood.hpp"
#include "models/sample_density.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

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
    double sum = 0;
    in_pieces(objects.size, [&](std::uint64_t begin, std::uint64_t end) {
      const auto l = at_reference(begin, end);
      for (std::uint64_t i = begin; i < end; ++i) sum += weight(i) * (l[i - begin] - log_scale());
    });
    objects.make_columns = [this](std::uint64_t begin, std::uint64_t end) {
      ObjectColumns<double> column;
      const auto points = points_of_piece(begin, end);
      column[0].assign(points.begin(), points.end());
      if (!parts_.population->has_ratio()) column[1] = at_reference(begin, end);
      return column;
    };
    return sum;
  }
  [[nodiscard]] std::span<const double> points_of_piece(std::uint64_t begin, std::uint64_t end) const {
    return std::span(points_).subspan(begin, end - begin);
  }
  /// ln p(point | reference) in the frame, of objects [begin, end).
  [[nodiscard]] std::vector<double> at_reference(std::uint64_t begin, std::uint64_t end) const {
    std::vector<double> l(end - begin);
    parts_.population->log_density(prepared(reference_), points_of_piece(begin, end), l);
    for (double& v : l)
      if (!(v > -kInfinity)) v = 0;  // it may stand for any value where it is impossible
    return l;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::point, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    parts_.population->difference(framed(theta), reference_, out);
  }
  std::vector<double> points_;
};

/// d(frame's x) / dx behind normal noise, in logarithm: sigma in the frame over sigma, whatever the
/// measurement's units.
double log_jacobian(const Parts& parts, Row row, const Datum<double>& d) {
  return -0.5 * std::log(d.v[0]) + parts.measurement->log_constant(row, parts.frame) + 0.91893853320467274178;
}

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
      out[i] = -0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 + log_jacobian(parts_, row, d);
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
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    const Theta r = at(reference_, reference_noise_);
    double sum = 0;
    for (std::size_t i = 0; i < objects.size; ++i) {
      const auto row = rows_[i];
      const auto d = parts_.measurement->datum(row, parts_.frame);
      const double y = d.center - r.m, v = r.s2 + r.q / d.v[0];
      sum += weight(i) *
             (-0.5 * (y * y / v + std::log(v)) - 0.91893853320467274178 + log_jacobian(parts_, row, d));
    }
    objects.make_columns = [this, r](std::uint64_t begin, std::uint64_t end) {
      ObjectColumns<double> column;
      for (std::uint64_t i = begin; i < end; ++i) {
        const auto d = parts_.measurement->datum(rows_[i], parts_.frame);
        column[0].push_back(d.center - r.m);
        column[1].push_back(1 / (r.s2 + r.q / d.v[0]));
      }
      return column;
    };
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

/// Populations whose density behind normal noise has a closed form: mixtures of normals.
class NoisyDensityLikelihood final : public KernelLikelihood {
 public:
  explicit NoisyDensityLikelihood(const Parts& parts) : KernelLikelihood(parts) {
    coefficients_ = parts.population->prepared_size() + kMeasurementCoefficients;
    const Rows rows(*parts.measurement, parts.catalog);
    for (std::size_t i = 0; i < parts.catalog.size(); ++i) {
      const auto row = rows[i];
      const auto d = parts.measurement->datum(row, parts.frame);
      x_.push_back(d.center);
      precision_.push_back(d.v[0]);
      jacobian_.push_back(log_jacobian(parts, row, d));
    }
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    log_densities(framed(theta), noise(theta), out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += jacobian_[i];
  }

 private:
  void log_densities(std::span<const double> framed_theta, std::span<const double> noise_theta,
                     std::span<double> out) const {
    const auto c = parts_.measurement->prepare(noise_theta, parts_.frame);
    std::vector<double> variance(x_.size());
    for (std::size_t i = 0; i < x_.size(); ++i)
      variance[i] = parts_.measurement->variance(c, {x_[i], {precision_[i], 0, 0}});
    parts_.population->log_density_with_noise(prepared(framed_theta), x_, variance, out);
  }
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    std::vector<double> l(x_.size());
    log_densities(reference_, reference_noise_, l);
    double sum = 0;
    for (std::size_t i = 0; i < l.size(); ++i) sum += weight(i) * (l[i] + jacobian_[i]);
    objects.measurement = parts_.measurement->number();
    objects.column[0] = x_;
    objects.column[1] = precision_;
    objects.column[2] = std::move(l);
    return sum;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::noisy_density, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    parts_.population->prepare(framed(theta), out);
    const auto c = parts_.measurement->prepare(noise(theta), parts_.frame);
    std::copy(c.begin(), c.end(), out + parts_.population->prepared_size());
  }
  std::vector<double> x_, precision_, jacobian_;
};

/// Over the catalog's samples, or the nodes that stand for them, without a correction or a word on their
/// error.
class CatalogSamplesLikelihood : public SamplesLikelihood {
 public:
  using SamplesLikelihood::SamplesLikelihood;

 protected:
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
};

class PosteriorSamplesLikelihood final : public CatalogSamplesLikelihood {
 public:
  PosteriorSamplesLikelihood(const Parts& parts, BiasCorrection correction)
      : CatalogSamplesLikelihood(parts), correction_(correction) {}

  void evaluate(std::span<const double> theta, std::span<double> log_likelihood) override {
    SamplesLikelihood::evaluate(theta, log_likelihood);
    if (correction_ == BiasCorrection::none) return;
    const std::size_t n = log_likelihood.size();
    const auto error = errors(theta);
    const double* correction = error.data() + (correction_ == BiasCorrection::first_order ? n : 2 * n);
    for (std::size_t w = 0; w < n; ++w) {
      log_likelihood[w] += correction[w];
      // where one sample says all the jackknife has nothing left to estimate from
      if (!std::isfinite(log_likelihood[w])) log_likelihood[w] = -kInfinity;
    }
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    SamplesLikelihood::pointwise(theta, out);
    if (correction_ == BiasCorrection::none) return;
    const auto c = prepared(framed(theta));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] += correction_of(log_weights(c, i));
      if (!std::isfinite(out[i])) out[i] = -kInfinity;
    }
  }
  void variance(std::span<const double> theta, std::span<double> v) override {
    const auto error = errors(theta);
    std::copy_n(error.begin(), v.size(), v.begin());
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
  /// As SamplesErrorTerm gives it: [output][theta].
  std::vector<double> errors(std::span<const double> theta) {
    if (!error_kernel_) {
      ObjectTable<double> objects;
      objects.size = parts_.catalog.size();
      objects.weight = parts_.catalog.weight;
      build(objects, {});
      error_kernel_ = parts_.population->kernel(Term::samples_error, parts_.backend, objects);
    }
    std::vector<double> out(3 * (theta.size() / parts_.dimension));
    sum(*error_kernel_, coefficients_, theta, out);
    return out;
  }
  /// The same of one object, in double.
  [[nodiscard]] double correction_of(const std::vector<double>& log_weight) const {
    const Sums s = sums(log_weight);
    const double k = static_cast<double>(log_weight.size());
    if (!(s.sum > 0)) return 0;
    if (correction_ == BiasCorrection::first_order) return 0.5 * (s.squares / (s.sum * s.sum) - 1 / k);
    if (k < 2) return 0;
    double logs = 0, rest = 0;  // what the largest weight leaves is summed by itself
    const auto largest = std::max_element(log_weight.begin(), log_weight.end());
    for (auto l = log_weight.begin(); l != log_weight.end(); ++l) {
      if (l == largest) continue;
      rest += std::exp(*l - s.largest);
      logs += std::log1p(-std::exp(*l - s.largest) / s.sum);
    }
    logs += std::log(rest / s.sum);
    return -(k - 1) / k * logs - (k - 1) * std::log1p(1 / (k - 1));
  }
  BiasCorrection correction_;
  std::unique_ptr<LikelihoodKernel> error_kernel_;
};

/// Samples of a normal population by their means and variances.
class GaussianSamplesLikelihood final : public KernelLikelihood {
 public:
  explicit GaussianSamplesLikelihood(const Parts& parts) : KernelLikelihood(parts) {
    coefficients_ = GaussianSamplesTerm::coefficients;
    const Catalog& catalog = parts.catalog;
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      const std::size_t begin = catalog.offsets[i], end = catalog.offsets[i + 1];
      const double k = static_cast<double>(end - begin), scale = parts.frame.scale, x = catalog.x[i];
      if (end - begin < 3)
        throw InputError("bias correction gaussian: object " + catalog.names(std::vector<std::size_t>{i}) +
                         " has fewer than 3 samples");
      const auto [mean, squares] = moments_of_samples(catalog, i);
      objects_.push_back({parts.frame.to(x + mean), squares / (k - 1) / (scale * scale), k});
    }
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto t = framed(theta);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = plain(objects_[i], t) + correction(objects_[i], t);
  }
  void variance(std::span<const double> theta, std::span<double> v) override { samples().variance(theta, v); }
  MonteCarloError monte_carlo(std::span<const double> theta) override { return samples().monte_carlo(theta); }

 private:
  struct Object {
    double mean, variance, count;  // of its samples, in the frame
  };
  [[nodiscard]] double plain(const Object& o, std::span<const double> framed_theta) const {
    const double r = o.mean - framed_theta[0], s = framed_theta[1] * framed_theta[1] + o.variance;
    return -0.5 * (r * r / s + std::log(s)) - 0.91893853320467274178 - log_scale();
  }
  [[nodiscard]] static double correction(const Object& o, std::span<const double> framed_theta) {
    const double r = o.mean - framed_theta[0], s = framed_theta[1] * framed_theta[1] + o.variance,
                 v = o.variance;
    return v / (2 * o.count * s) + (r * r / (s * s * s) - 0.5 / (s * s)) * v * v / (o.count - 1);
  }
  double build(ObjectTable<double>& objects, std::span<const double>) override {
    double value = 0;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      const Object& o = objects_[i];
      objects.column[0].push_back(o.mean - reference_[0]);
      objects.column[1].push_back(1 / (reference_[1] * reference_[1] + o.variance));
      objects.column[2].push_back(o.variance / (2 * o.count));
      objects.column[3].push_back(o.variance * o.variance / (o.count - 1));
      value += weight(i) * plain(o, reference_);
    }
    return value;
  }
  std::unique_ptr<LikelihoodKernel> make_kernel(const ObjectTable<double>& objects) override {
    return parts_.population->kernel(Term::samples_gaussian, parts_.backend, objects);
  }
  void column(std::span<const double> theta, double* out) const override {
    const auto t = framed(theta);
    out[0] = t[0] - reference_[0];
    out[1] = 0;
    out[2] = (t[1] - reference_[1]) * (t[1] + reference_[1]);
  }
  /// Of which the Monte Carlo error is told.
  Likelihood& samples() {
    if (!samples_) {
      samples_ = std::make_unique<PosteriorSamplesLikelihood>(parts_, BiasCorrection::none);
      std::vector<double> reference(parts_.dimension, 1.0);
      reference[0] = parts_.frame.from(reference_[0]);
      reference[1] = reference_[1] * parts_.frame.scale;
      samples_->rebase(reference, {});
    }
    return *samples_;
  }
  std::vector<Object> objects_;
  std::unique_ptr<PosteriorSamplesLikelihood> samples_;
};

}  // namespace

std::unique_ptr<Likelihood> point_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<PointLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> exact_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<ExactLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> noisy_density_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<NoisyDensityLikelihood>(parts, reference);
}
std::unique_ptr<Likelihood> samples_likelihood(const Parts& parts, std::span<const double> reference,
                                               BiasCorrection correction) {
  if (correction != BiasCorrection::gaussian)
    return made<PosteriorSamplesLikelihood>(parts, reference, correction);
  if (!parts.population->is_normal())
    throw InputError("bias correction gaussian is for the population normal: use first-order or jackknife");
  if (!parts.catalog.log_interim.empty())
    throw InputError("bias correction gaussian is for a flat interim prior: use first-order or jackknife");
  return made<GaussianSamplesLikelihood>(parts, reference);
}

std::unique_ptr<Likelihood> density_likelihood(const Parts& parts, std::span<const double> reference) {
  return made<CatalogSamplesLikelihood>(parts, reference);
}

BiasCorrection parse_bias_correction(const std::string& text) {
  if (text == "none") return BiasCorrection::none;
  if (text == "first-order") return BiasCorrection::first_order;
  if (text == "jackknife") return BiasCorrection::jackknife;
  if (text == "gaussian") return BiasCorrection::gaussian;
  const std::vector<std::string> known{"none", "first-order", "jackknife", "gaussian"};
  throw InputError(fmt::format("unknown bias correction '{}'{}; expected {}", text, did_you_mean(text, known),
                               fmt::join(known, ", ")));
}

std::size_t objects_far_from_normal(const Catalog& catalog) {
  const std::span<const double> samples = catalog.samples;
  std::size_t far = 0;
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const std::size_t begin = catalog.offsets[i];
    if (is_far_from_normal(samples.subspan(begin, catalog.offsets[i + 1] - begin), 5)) ++far;
  }
  return far;
}

}  // namespace starling
