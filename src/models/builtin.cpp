// The built-in models: every pair (population, measurement) that there is, and what each can do.
#include <algorithm>

#include "models/definition.hpp"
#include "models/joint.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"

namespace starling {
namespace {

std::vector<Parameter> join(std::vector<Parameter> a, const std::vector<Parameter>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

[[noreturn]] void needs_sigma(std::string_view measurement) {
  throw InputError("measurement '" + std::string(measurement) +
                   "' needs the noise of every object: a column sigma, or one number for all");
}

/// x and sigma of the objects whose noise is at most the median, so that a few of enormous noise (how some
/// catalogs say "not measured") don't spoil a quick estimate.
Catalog less_noisy_half(const Catalog& catalog) {
  Catalog quiet;
  if (catalog.sigma.size() <= 1) {
    quiet.x = catalog.x;
    quiet.sigma = catalog.sigma;
    return quiet;
  }
  auto sorted = catalog.sigma;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  for (std::size_t i = 0; i < catalog.size(); ++i)
    if (catalog.sigma[i] <= *middle) {
      quiet.x.push_back(catalog.x[i]);
      quiet.sigma.push_back(catalog.sigma[i]);
    }
  return quiet;
}

void no_weights_in_joint(const Catalog& catalog, Method method) {
  if (method == Method::joint && !catalog.weight.empty())
    throw InputError(
        "weights have no meaning in a joint fit, where every object has one latent: use the method naive "
        "or marginal");
}

[[noreturn]] void no_joint_fit() {
  throw InputError(
      "the joint fit of posterior samples is not available: use the method marginal, which sums over the "
      "samples, and draw the latents afterwards");
}

/// A normal population seen through normal noise.
template <class M>
class NormalThroughNoise final : public ModelDefinition {
  using P = NormalPopulation;

 public:
  std::string_view population() const override { return P::name; }
  std::string_view measurement() const override { return M::name; }
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  std::size_t population_dimension() const override { return P::parameters().size(); }

  void check(const Catalog& catalog, Method method) const override {
    if (catalog.x.empty()) throw InputError("the catalog has no objects");
    if (catalog.sigma.empty() && M::parameters().empty() && method != Method::naive) needs_sigma(M::name);
    no_weights_in_joint(catalog, method);
  }
  std::string integral() const override { return "exact"; }
  std::string latent_update() const override { return "exact"; }
  bool prefers_collapsed() const override { return !M::parameters().empty(); }
  bool can_interweave() const override { return true; }

  Start estimate(const Catalog& catalog, Method method, std::span<const double> noise) const override {
    if (method == Method::naive) {
      const auto m = point_moments(catalog);
      return P::estimate(static_cast<double>(catalog.size()), m.mean, m.variance, 0);
    }
    const Catalog quiet = less_noisy_half(catalog);
    const auto m = point_moments(quiet);
    const double base = quiet.sigma.empty() ? 1 : mean_noise_variance(quiet);
    return P::estimate(static_cast<double>(quiet.size()), m.mean, m.variance, base / M::prepare(noise)[0]);
  }
  std::unique_ptr<Likelihood> likelihood(const Catalog& catalog, Method method,
                                         std::span<const double> reference,
                                         const Backend& backend) const override {
    if (method == Method::naive) return std::make_unique<PointLikelihood<P>>(catalog, reference, backend);
    return std::make_unique<NormalMarginalLikelihood<M>>(catalog, reference, backend);
  }
  std::unique_ptr<JointTarget> joint(const Catalog& catalog, const FitOptions& options,
                                     const std::string& update, const Backend& backend) const override {
    const std::size_t d = parameters_.size();
    if (update == "exact")
      return std::make_unique<NormalNoiseJoint<P, M, ExactUpdate<P, M>>>(catalog, options, backend, d);
    return std::make_unique<NormalNoiseJoint<P, M, MetropolisUpdate<P, M>>>(catalog, options, backend, d);
  }
  std::vector<double> replay(const Catalog& catalog, std::size_t object,
                             const ReplaySetup& setup) const override {
    const bool exact = setup.latent_update == "exact";
    if (setup.double_precision)
      return exact ? replay_latents<P, M, ExactUpdate<P, M>, double>(catalog, object, setup)
                   : replay_latents<P, M, MetropolisUpdate<P, M>, double>(catalog, object, setup);
    return exact ? replay_latents<P, M, ExactUpdate<P, M>, float>(catalog, object, setup)
                 : replay_latents<P, M, MetropolisUpdate<P, M>, float>(catalog, object, setup);
  }
  double latent_given_theta(const Catalog& catalog, std::size_t object, std::span<const double> theta,
                            HostStream& stream) const override {
    const double alpha = catalog.sigma.empty() ? 1 : catalog.sigma_of(object);
    const double precision_x = M::prepare(theta.subspan(2))[0] / (alpha * alpha),
                 precision = 1 / (theta[1] * theta[1]);
    const double variance = 1 / (precision_x + precision);
    return variance * (precision_x * catalog.x[object] + precision * theta[0]) +
           std::sqrt(variance) * stream.normal();
  }

 private:
  std::vector<Parameter> parameters_ = join(P::parameters(), M::parameters());
};

/// Any population seen through posterior samples of each latent.
template <class P>
class ThroughSamples final : public ModelDefinition {
 public:
  std::string_view population() const override { return P::name; }
  std::string_view measurement() const override { return Samples::name; }
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  std::size_t population_dimension() const override { return P::parameters().size(); }

  void check(const Catalog& catalog, Method method) const override {
    if (!catalog.has_samples())
      throw InputError("measurement 'samples' needs posterior samples of every object: name their dataset");
    if (method == Method::joint) no_joint_fit();
  }
  std::string integral() const override { return "samples"; }
  std::string latent_update() const override { return ""; }
  bool prefers_collapsed() const override { return false; }
  bool can_interweave() const override { return false; }

  Start estimate(const Catalog& catalog, Method method, std::span<const double>) const override {
    const auto m = point_moments(catalog);
    return P::estimate(static_cast<double>(catalog.size()), m.mean, m.variance,
                       method == Method::naive ? 0 : mean_noise_variance(catalog));
  }
  std::unique_ptr<Likelihood> likelihood(const Catalog& catalog, Method method,
                                         std::span<const double> reference,
                                         const Backend& backend) const override {
    if (method == Method::naive) return std::make_unique<PointLikelihood<P>>(catalog, reference, backend);
    return std::make_unique<SamplesLikelihood<P>>(catalog, reference, backend);
  }
  std::unique_ptr<JointTarget> joint(const Catalog&, const FitOptions&, const std::string&,
                                     const Backend&) const override {
    no_joint_fit();
  }
  std::vector<double> replay(const Catalog&, std::size_t, const ReplaySetup&) const override {
    no_joint_fit();
  }
  double latent_given_theta(const Catalog& catalog, std::size_t object, std::span<const double> theta,
                            HostStream& stream) const override {
    const auto p = P::prepare(theta);
    Coefficients<double, P::prepared_size> c;
    std::copy(p.begin(), p.end(), c.v);
    const std::size_t begin = catalog.offsets[object], end = catalog.offsets[object + 1];
    std::vector<double> weight;
    double largest = -std::numeric_limits<double>::infinity(), total = 0;
    for (std::size_t k = begin; k < end; ++k) {
      weight.push_back(P::log_density(c, catalog.samples[k]) -
                       (catalog.log_interim.empty() ? 0 : catalog.log_interim[k]));
      largest = std::max(largest, weight.back());
    }
    for (double& w : weight) total += w = std::exp(w - largest);
    double u = stream.uniform() * total;
    std::size_t k = 0;
    while (k + 1 < weight.size() && u >= weight[k]) u -= weight[k++];
    return catalog.samples[begin + k];
  }

 private:
  std::vector<Parameter> parameters_ = P::parameters();
};

}  // namespace

const std::vector<std::shared_ptr<const ModelDefinition>>& model_definitions() {
  static const std::vector<std::shared_ptr<const ModelDefinition>> all{
      std::make_shared<NormalThroughNoise<NormalNoise>>(),
      std::make_shared<NormalThroughNoise<NormalUnknownNoise>>(),
      std::make_shared<ThroughSamples<NormalPopulation>>(),
  };
  return all;
}

std::vector<NamedThing> known_populations() {
  return {{std::string(NormalPopulation::name), std::string(NormalPopulation::meaning),
           NormalPopulation::parameters()}};
}

std::vector<NamedThing> known_measurements() {
  const auto named = [](auto m) {
    using M = decltype(m);
    return NamedThing{std::string(M::name), std::string(M::meaning), M::parameters()};
  };
  return {named(NormalNoise{}), named(NormalUnknownNoise{}), named(Samples{})};
}

double draw_from_population(std::string_view population, std::span<const double> theta, HostStream& stream) {
  if (population != NormalPopulation::name)
    throw InputError("unknown population '" + std::string(population) + "'" +
                     did_you_mean(population, {std::string(NormalPopulation::name)}));
  return NormalPopulation::draw(theta, stream);
}

PointMoments point_moments(const Catalog& catalog) {
  // about the first point, so that a far-off mean costs no digits
  const double origin = catalog.x[0], n = static_cast<double>(catalog.size());
  double sum = 0, squares = 0;
  for (const double x : catalog.x) sum += x - origin;
  const double mean = origin + sum / n;
  for (const double x : catalog.x) squares += (x - mean) * (x - mean);
  return {mean, squares / n};
}

double mean_noise_variance(const Catalog& catalog) {
  const double n = static_cast<double>(catalog.size());
  double sum = 0;
  if (catalog.has_samples()) {
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      const std::size_t begin = catalog.offsets[i], end = catalog.offsets[i + 1];
      const double k = static_cast<double>(end - begin);
      double mean = 0, squares = 0;
      for (std::size_t j = begin; j < end; ++j) mean += (catalog.samples[j] - catalog.x[i]) / k;
      for (std::size_t j = begin; j < end; ++j)
        squares += std::pow(catalog.samples[j] - catalog.x[i] - mean, 2);
      sum += squares / k;
    }
    return sum / n;
  }
  for (std::size_t i = 0; i < catalog.size(); ++i) sum += catalog.sigma_of(i) * catalog.sigma_of(i);
  return sum / n;
}

}  // namespace starling
