// The likelihoods of theta over posterior samples, and over nodes that stand for them.
#include <fmt/format.h>

#include <optional>

#include "models/frames.hpp"
#include "models/kernel_likelihood.hpp"
#include "models/sample_density.hpp"
#include "starling/error.hpp"
#include "starling/model.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Over the catalog's samples, or the nodes that stand for them, without a correction or a word on their
/// error.
class CatalogSamplesLikelihood : public SamplesLikelihood {
 public:
  using SamplesLikelihood::SamplesLikelihood;

 protected:
  WeightedSamples values(std::size_t i) const override {
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
  void rebase(std::span<const double> reference, std::span<const double> others) override {
    SamplesLikelihood::rebase(reference, others);
    error_kernel_.reset();
    if (correction_ != BiasCorrection::none) make_error_kernel();
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

  /// Corrections of the bias are made of every sample.
  bool by_nodes() const override { return correction_ == BiasCorrection::none; }
  double integration_error(std::span<const double> draws) const override {
    if (!nodes_) return 0;
    // at some of the draws, too: densities of one's own may be less smooth than they say
    const std::size_t d = parts_.dimension, n = draws.size() / d, checks = std::min<std::size_t>(n, 8);
    std::vector<std::vector<double>> thetas;
    for (std::size_t k = 0; k < checks; ++k)
      thetas.push_back(prepared(framed(draws.subspan(k * (n / checks) * d, d))));
    std::vector<double> errors(parts_.catalog.size());
    parallel_for(errors.size(), parts_.backend.threads, 64, [&](std::size_t i) {
      const WeightedSamples samples = values(i), nodes = nodes_->of(i);
      const auto log_sum = [&](const auto& c, const WeightedSamples& values) {
        return sums_of(starling::log_weights(*parts_.population, c, values)).log_sum();
      };
      for (const auto& c : thetas) {
        const double of_samples = log_sum(c, samples), of_nodes = log_sum(c, nodes);
        if (of_samples != of_nodes) errors[i] = std::max(errors[i], std::abs(of_samples - of_nodes));
      }
    });
    return std::max(nodes_->error, *std::max_element(errors.begin(), errors.end()));
  }

  MonteCarloError monte_carlo(std::span<const double> theta) override {
    MonteCarloError error;
    const auto c = prepared(framed(theta));
    const std::size_t n = parts_.catalog.size();
    std::vector<MonteCarloError::Object> all(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double k = static_cast<double>(offsets()[i + 1] - offsets()[i]);
      const WeightSums s = sums_of(log_weights(c, i));
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
  /// Nodes that are right at others stand for the samples where that halves their number.
  double build(ObjectTable<double>& objects, std::span<const double> others) override {
    nodes_.reset();
    if (by_nodes() && !others.empty()) {
      std::vector<NodesPoint> points{nodes_point(*parts_.population, reference_)};
      for (std::size_t k = 0; k + parts_.dimension <= others.size(); k += parts_.dimension)
        points.push_back(nodes_point(*parts_.population, framed(others.subspan(k, parts_.dimension))));
      nodes_ = nodes_for_samples(
          *parts_.population, objects.size, [this](std::size_t i) { return values(i); }, points,
          parts_.tolerance, parts_.backend.threads);
      if (nodes_->mu.size() > offsets().back() / 2) nodes_.reset();
    }
    if (!nodes_) return CatalogSamplesLikelihood::build(objects, others);
    double value = fill(objects, nodes_->offset, [this](std::size_t i) { return nodes_->of(i); });
    for (std::size_t i = 0; i < objects.size; ++i) value += weight(i) * nodes_->shift[i];
    return value;
  }
  void make_error_kernel() {
    ObjectTable<double> objects;
    objects.size = parts_.catalog.size();
    objects.weight.assign(parts_.catalog.weight.begin(), parts_.catalog.weight.end());
    CatalogSamplesLikelihood::build(objects, {});
    if (correction_ == BiasCorrection::jackknife)
      for (std::size_t i = 0; i < objects.size; ++i)
        objects.column[1].push_back(jackknife_constant(offsets()[i + 1] - offsets()[i]));
    error_kernel_ = parts_.population->kernel(Term::samples_error, parts_.backend, objects);
  }
  /// As SamplesErrorTerm gives it: [output][theta].
  std::vector<double> errors(std::span<const double> theta) {
    if (!error_kernel_) make_error_kernel();
    std::vector<double> out(3 * (theta.size() / parts_.dimension));
    sum(*error_kernel_, coefficients_, theta, out);
    return out;
  }
  /// The same of one object, in double.
  [[nodiscard]] double correction_of(const std::vector<double>& log_weight) const {
    const WeightSums s = sums_of(log_weight);
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
    return -(k - 1) / k * logs - jackknife_constant(log_weight.size());
  }
  BiasCorrection correction_;
  std::optional<SampleNodes> nodes_;  // in the place of the samples
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
