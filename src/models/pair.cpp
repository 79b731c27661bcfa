// What can be done with a population seen through a measurement: the ModelDefinition of any pair.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "models/definition.hpp"
#include "models/frames.hpp"
#include "models/joint.hpp"
#include "models/likelihoods.hpp"
#include "models/pieces.hpp"
#include "models/quadrature.hpp"
#include "models/registry.hpp"
#include "models/sample_density.hpp"
#include "models/selection.hpp"
#include "models/vector_pair.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

class Pair final : public ModelDefinition {
 public:
  Pair(NamedPair pair, bool rate)
      : population_(std::move(pair.population)),
        measurement_(std::move(pair.measurement)),
        density_components_(pair.density_components) {
    parameters_ = population_.model->parameters();
    population_dimension_ = parameters_.size();
    if (measurement_.model)
      for (const auto& p : measurement_.model->parameters()) add(p);
    measurement_dimension_ = parameters_.size() - population_dimension_;
    if (rate) add(rate_parameter());
  }

  const std::string& population() const override { return population_.text; }
  const std::string& measurement() const override { return measurement_.text; }
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  std::size_t population_dimension() const override { return population_dimension_; }
  std::vector<Column> columns() const override {
    return sampled() ? std::vector<Column>{} : measurement_.model->columns();
  }
  std::unique_ptr<SelectionFactor> selection(const Catalog& catalog, const Selection& selection,
                                             const FitOptions& options,
                                             const Backend& backend) const override {
    return selection.any() ? selection_factor(parts_of(catalog, options, backend), selection) : nullptr;
  }
  double log_constraint(std::span<const double> theta) const override {
    return population_.model->log_constraint(theta.first(population_dimension_));
  }

  void check(const Catalog& catalog, Method method) const override {
    if (catalog.x.empty()) throw InputError("the catalog has no objects");
    if (sampled()) {
      if (!catalog.has_samples())
        throw InputError(
            fmt::format("measurement '{}' needs posterior samples of every object: name their dataset",
                        measurement_.text));
    } else {
      check_columns(catalog, method);
    }
    if (method == Method::naive) check_points(catalog);
    if (method == Method::joint && !catalog.weight.empty())
      throw InputError(
          "weights have no meaning in a joint fit, where every object has one latent: use the method naive "
          "or marginal");
  }

  std::vector<std::string> integrals() const override {
    if (sampled()) return {density() ? "quadrature" : "samples"};
    if (closed_form() || noisy_density()) return {"exact", "quadrature"};
    return {"quadrature"};
  }
  std::vector<std::string> latent_updates() const override {
    if (sampled()) return {"samples"};
    if (closed_form()) return {"exact", "metropolis"};
    return {"metropolis"};
  }
  bool prefers_collapsed() const override { return sampled() || closed_form(); }
  bool can_interweave() const override { return !sampled() && population_.model->is_location_scale(); }

  Start estimate(const Catalog& catalog, Method method, std::span<const double> noise) const override {
    std::optional<std::span<const double>> theta;
    if (method != Method::naive) theta = noise;
    return population_.model->estimate(summary_of(measurement_.model.get(), theta, catalog));
  }

  std::unique_ptr<Likelihood> likelihood(const Catalog& catalog, Method method,
                                         std::span<const double> reference, const FitOptions& options,
                                         const Backend& backend) const override {
    if (method == Method::naive) return point_likelihood(parts_of(catalog, options, backend), reference);
    const auto p = parts(catalog, options, backend);
    if (density()) return density_likelihood(p, reference);
    if (sampled()) {
      const auto correction = parse_bias_correction(options.bias_correction);
      if (correction == BiasCorrection::gaussian && options.note)
        if (const std::size_t far = objects_far_from_normal(catalog); far > 0)
          options.note(
              fmt::format("the samples of {} of {} objects are far from normal, which bias correction "
                          "gaussian takes them for",
                          far, catalog.size()));
      return samples_likelihood(p, reference, correction);
    }
    if (integral_of(options) != "exact") return quadrature_likelihood(p, reference);
    return closed_form() ? exact_likelihood(p, reference) : noisy_density_likelihood(p, reference);
  }
  std::unique_ptr<JointTarget> joint(const Catalog& catalog, const FitOptions& options, bool collapsed,
                                     const Backend& backend) const override {
    return joint_target(parts(catalog, options, backend), options, collapsed);
  }
  LatentReplays replay(const Catalog& catalog, const ReplaySetup& setup) const override {
    if (density())
      return [this, &catalog, setup](std::size_t object) {
        return replay_latents(parts_with(nodes_of(catalog, {object, object + 1}, 1), catalog, {}, {}), object,
                              setup);
      };
    return [p = parts_of(catalog, {}, {}), setup](std::size_t object) {
      return replay_latents(p, object, setup);
    };
  }

  LatentsGivenTheta latents_given_theta(const Catalog& catalog) const override {
    return [this, &catalog](std::size_t object) -> LatentDraw {
      if (density())
        return [this, nodes = density_nodes(catalog, *population_.model, density_components_, step_of_nodes(),
                                            object)](std::span<const double> theta, HostStream& stream) {
          return std::vector{one_of_the_samples(nodes.mu, nodes.log_interim, theta, stream)};
        };
      if (sampled())
        return [this, &catalog, object](std::span<const double> theta, HostStream& stream) {
          const std::size_t begin = catalog.offsets[object], count = catalog.offsets[object + 1] - begin;
          const std::span<const double> samples = catalog.samples, interim = catalog.log_interim;
          return std::vector{one_of_the_samples(samples.subspan(begin, count),
                                                interim.empty() ? interim : interim.subspan(begin, count),
                                                theta, stream)};
        };
      return [this, datum = measurement_.model->datum(Rows(*measurement_.model, catalog)[object], Frame{})](
                 std::span<const double> theta, HostStream& stream) {
        return std::vector{measured_latent(datum, theta, stream)};
      };
    };
  }
  bool sums_say_all(const Catalog& catalog, Method method, const FitOptions& options) const override {
    if (method == Method::naive) return population_.model->has_statistics();
    return method == Method::marginal && closed_form() && integral_of(options) == "exact" &&
           has_one_noise(*measurement_.model, catalog);
  }
  std::size_t numbers_beside_columns(const Catalog& catalog) const override {
    // nodes of every component, fewer where an object needs fewer components
    const auto nodes = density() ? static_cast<std::size_t>(12 / step_of_nodes()) *
                                       static_cast<std::size_t>(density_components_) * catalog.size()
                                 : 0;
    return catalog.more_numbers() + nodes;
  }
  std::vector<std::string> caveats(const Catalog& catalog, Method method, std::span<const double> theta,
                                   int threads) const override {
    if (method == Method::naive) {
      if (!noise_is_known(catalog)) return {};
      const auto* m = measurement_.model.get();
      const std::size_t every = 1 + catalog.size() / 10'000;  // so many are enough for this
      return naive_caveat(
          noise_share(points_of(m, catalog, every), noise_variances(m, noise_part(theta), catalog, every)),
          catalog.size());
    }
    if (!density()) return sampled() ? samples_caveat(catalog) : std::vector<std::string>{};
    return density_caveats(catalog, *population_.model, theta.first(population_dimension_),
                           density_components_, step_of_nodes(), threads);
  }

 private:
  /// By its normal distribution, or by inverting the cumulative sum of the nodes of the integral over mu.
  [[nodiscard]] double measured_latent(const Datum<double>& datum, std::span<const double> theta,
                                       HostStream& stream) const {
    if (!closed_form()) {
      const auto point = quadrature_point(*population_.model, *measurement_.model,
                                          theta.first(population_dimension_), noise_part(theta), Frame{});
      return draw_latent(*population_.model, *measurement_.model, datum, point, stream);
    }
    const double noise_variance =
        measurement_.model->variance(measurement_.model->prepare(noise_part(theta), Frame{}), datum);
    const double variance = 1 / (1 / noise_variance + 1 / (theta[1] * theta[1]));
    return variance * (datum.center / noise_variance + theta[0] / (theta[1] * theta[1])) +
           std::sqrt(variance) * stream.normal();
  }

  void add(const Parameter& p) {
    for (const auto& other : parameters_)
      if (other.name == p.name)
        throw InputError(fmt::format("population '{}' with measurement '{}' has two parameters '{}'",
                                     population_.text, measurement_.text, p.name));
    parameters_.push_back(p);
  }
  [[nodiscard]] std::span<const double> noise_part(std::span<const double> theta) const {
    return theta.subspan(population_dimension_, measurement_dimension_);
  }
  [[nodiscard]] bool sampled() const { return measurement_.model == nullptr; }
  /// Whether mixtures fitted to the samples stand for them.
  [[nodiscard]] bool density() const { return density_components_ > 0; }
  [[nodiscard]] bool closed_form() const {
    return !sampled() && population_.model->is_normal() && measurement_.model->normal_like();
  }

  /// Whether the integral over mu has a closed form, but latents cannot be drawn exactly in kernels.
  [[nodiscard]] bool noisy_density() const {
    return !sampled() && population_.model->has_noisy_density() && measurement_.model->normal_like();
  }

  /// Whether the catalog has what only a naive fit can do without.
  [[nodiscard]] bool noise_is_known(const Catalog& catalog) const {
    const auto needed = columns();
    return !catalog.sigma.empty() || std::none_of(needed.begin(), needed.end(), [](const Column& column) {
      return column.required && column.role == "sigma";
    });
  }

  void check_columns(const Catalog& catalog, Method method) const {
    // points are taken as they are: noise is not asked for
    Rows(*measurement_.model, catalog, method == Method::naive ? Rows::Use::points : Rows::Use::all)
        .check(*measurement_.model);
  }

  /// The naive fit takes points as true values: they must be possible ones.
  void check_points(const Catalog& catalog) const {
    if (population_.model->support_moves()) return;
    const std::pair<double, double> support = population_.model->support(population_.model->some_theta());
    in_pieces(catalog, [&](std::uint64_t begin, std::uint64_t end) {
      const auto points = points_between(measurement_.model.get(), catalog, begin, end);
      for (std::size_t i = 0; i < points.size(); ++i)
        if (!(points[i] >= support.first && points[i] <= support.second))
          throw InputError(fmt::format(
              "row {}: {} cannot be a true value of population '{}', which lies in [{}, {}]: a naive fit "
              "is not possible, marginal and joint ones are",
              begin + i, points[i], population_.text, support.first, support.second));
    });
  }

  /// Distance of the nodes of a density; finer where an end of the population's support may fall between.
  [[nodiscard]] double step_of_nodes() const { return population_.model->support_moves() ? 1. / 32 : 1. / 8; }
  [[nodiscard]] std::shared_ptr<const Catalog> nodes_of(const Catalog& catalog, ObjectRange objects,
                                                        int threads) const {
    return std::make_shared<Catalog>(
        with_density(catalog, *population_.model, density_components_, step_of_nodes(), objects, threads));
  }
  [[nodiscard]] Parts parts(const Catalog& catalog, const FitOptions& options, const Backend& backend) const {
    return parts_with(density() ? nodes_of(catalog, {0, catalog.size()}, backend.threads) : nullptr, catalog,
                      options, backend);
  }
  /// With nodes in place of the samples, if there are any.
  [[nodiscard]] Parts parts_with(std::shared_ptr<const Catalog> nodes, const Catalog& catalog,
                                 const FitOptions& options, const Backend& backend) const {
    auto p = parts_of(nodes ? *nodes : catalog, options, backend);
    p.nodes = std::move(nodes);
    return p;
  }
  [[nodiscard]] Parts parts_of(const Catalog& catalog, const FitOptions& options,
                               const Backend& backend) const {
    const auto& p = *population_.model;
    const auto* m = measurement_.model.get();
    const bool shifts = p.frame_shifts() && (m == nullptr || m->frame_shifts());
    const bool scales = p.frame_scales() && (m == nullptr || m->frame_scales());
    const Frame frame = frame_of(points_of(m, catalog, enough_of(catalog.size())), shifts, scales);
    return {catalog,
            p.in_frame(frame),
            measurement_.model,
            frame,
            population_dimension_,
            measurement_dimension_,
            parameters_.size(),
            backend,
            options.quadrature_tolerance};
  }
  /// log_interim: empty if it is flat.
  [[nodiscard]] double one_of_the_samples(std::span<const double> samples,
                                          std::span<const double> log_interim, std::span<const double> theta,
                                          HostStream& stream) const {
    std::vector<double> weight(samples.size());
    population_.model->log_density(population_.model->prepared(theta), samples, weight);
    for (std::size_t k = 0; k < log_interim.size(); ++k) weight[k] -= log_interim[k];
    const double largest = *std::max_element(weight.begin(), weight.end());
    double total = 0;
    for (double& w : weight) total += w = std::exp(w - largest);
    double u = stream.uniform() * total;
    std::size_t k = 0;
    while (k + 1 < weight.size() && u >= weight[k]) u -= weight[k++];
    return samples[k];
  }

  Named<PopulationModel> population_;
  Named<MeasurementModel> measurement_;
  std::vector<Parameter> parameters_;
  std::size_t population_dimension_ = 0, measurement_dimension_ = 0;
  int density_components_;
};

}  // namespace

Parameter rate_parameter() {
  return {"rate", 0, std::numeric_limits<double>::infinity(),
          "expected number of objects in the population, seen or not", "log_uniform(1e-3, 1e12)"};
}

std::shared_ptr<const ModelDefinition> find_definition(std::string_view population,
                                                       std::string_view measurement, bool rate) {
  if (auto vectors = find_vectors(population, measurement, rate)) return vectors;
  auto pair = find_pair(population, measurement);
  if (!pair.why_not.empty()) throw InputError(pair.why_not);
  return std::make_shared<Pair>(std::move(pair), rate);
}

}  // namespace starling
