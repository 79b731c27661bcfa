// What can be done with a population of several latents per object: the ModelDefinition of such a pair.
#include "models/vector_pair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <Eigen/Dense>
#include <limits>

#include "models/frames.hpp"
#include "models/measurement_model.hpp"
#include "models/registry.hpp"
#include "models/selection.hpp"
#include "starling/error.hpp"
#include "starling/measurements/samples.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class VectorPair final : public ModelDefinition {
 public:
  VectorPair(Named<VectorModel> population, std::string measurement, bool rate)
      : model_(std::move(population.model)),
        population_(std::move(population.text)),
        measurement_(measurement) {
    parameters_ = model_->population_parameters();
    population_dimension_ = parameters_.size();
    if (!sampled())
      for (const auto& p : model_->measurement_parameters()) parameters_.push_back(p);
    measurement_dimension_ = parameters_.size() - population_dimension_;
    if (rate) parameters_.push_back(rate_parameter());
  }

  const std::string& population() const override { return population_; }
  const std::string& measurement() const override { return measurement_; }
  const std::vector<Parameter>& parameters() const override { return parameters_; }
  std::size_t population_dimension() const override { return population_dimension_; }
  std::vector<std::string> latents() const override { return model_->latents(); }
  std::vector<Column> columns() const override {
    auto all = sampled() ? std::vector<Column>{} : model_->columns();
    for (const auto& column : model_->covariates()) all.push_back(column);
    return all;
  }
  std::vector<ArrayColumn> arrays() const override {
    return sampled() ? std::vector<ArrayColumn>{} : model_->arrays();
  }
  std::unique_ptr<SelectionFactor> selection(const Catalog& catalog, const Selection& selection,
                                             const FitOptions& options,
                                             const Backend& backend) const override {
    if (!selection.any()) return nullptr;
    const Selected selected{number_of_objects(catalog), parameters_.size()};
    if (selection.kind == Selection::Kind::none) return rate_factor(selection, selected);
    if (selection.kind != Selection::Kind::injections)
      throw InputError(
          fmt::format("population '{}': with several latents per object, or covariates, what was selected is "
                      "known by injections: injections(FILE, NUMBER)",
                      population_));
    return injection_factor(vector_injections(parts(catalog, options, backend), selection), selection,
                            selected);
  }
  double log_constraint(std::span<const double> theta) const override {
    return model_->log_constraint(theta.first(population_dimension_));
  }

  void check(const Catalog& catalog, Method method) const override {
    if (catalog.x.empty()) throw InputError("the catalog has no objects");
    if (sampled() && !catalog.has_samples())
      throw InputError("measurement 'samples' needs posterior samples of every object: name their datasets");
    if (sampled() && catalog.samples.size() != catalog.offsets.back() * latents().size())
      throw InputError(fmt::format(
          "population '{}' has {} latents per object ({}): name as many datasets of samples, with commas",
          population_, latents().size(), fmt::join(latents(), ", ")));
    check_columns(catalog);
    if (method == Method::marginal && integrals().front() == kJointOnly)
      throw InputError(
          fmt::format("population '{}' with measurement '{}': the likelihood has no integral over {} latents "
                      "that could be had; fit it jointly, or from posterior samples",
                      population_, measurement_, latents().size()));
    if (method == Method::joint && !catalog.weight.empty())
      throw InputError(
          "weights have no meaning in a joint fit, where every object has its own latents: use the method "
          "naive or marginal");
  }

  std::vector<std::string> integrals() const override {
    if (sampled()) return {"samples"};
    if (closed_form()) return {"exact"};
    return {model_->has_normal_noise() && latents().size() <= 2 ? "quadrature" : kJointOnly};
  }
  std::vector<std::string> latent_updates() const override {
    if (sampled()) return {"samples"};
    if (closed_form()) return {"exact", "metropolis"};
    return {"metropolis"};
  }
  bool prefers_collapsed() const override { return sampled() || closed_form(); }
  bool can_interweave() const override { return !sampled() && !model_->location_scale_parameters().empty(); }
  bool moves_at_fixed_eta(std::size_t parameter) const override {
    const auto all = model_->location_scale_parameters();
    return parameter >= population_dimension_ || std::find(all.begin(), all.end(), parameter) != all.end();
  }

  Start estimate(const Catalog& catalog, Method method, std::span<const double>) const override {
    return model_->estimate(points_of(catalog, method != Method::naive));
  }

  /// The noise is measured along the direction where it makes up most of the points' covariance.
  std::vector<std::string> caveats(const Catalog& catalog, Method method, std::span<const double>,
                                   int) const override {
    if (method != Method::naive) return sampled() ? samples_caveat(catalog) : std::vector<std::string>{};
    const auto points = points_of(catalog, true);
    const auto matrix = [&](const std::vector<double>& values) {
      const auto d = static_cast<int>(latents().size());
      Eigen::MatrixXd m(d, d);
      for (int j = 0; j < d; ++j)
        for (int k = 0; k <= j; ++k) m(j, k) = m(k, j) = values[static_cast<std::size_t>(packed(j, k))];
      return m;
    };
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> shares(
        matrix(points.noise), matrix(points.covariance), Eigen::EigenvaluesOnly);
    return naive_caveat(shares.eigenvalues().maxCoeff(), catalog.size());
  }

  std::unique_ptr<Likelihood> likelihood(const Catalog& catalog, Method method,
                                         std::span<const double> reference, const FitOptions& options,
                                         const Backend& backend) const override {
    const auto p = parts(catalog, options, backend);
    if (method == Method::naive) return vector_likelihood(p, VectorRows::points, reference);
    check(catalog, Method::marginal);
    const bool first_order = options.bias_correction == "first-order";
    if (options.bias_correction != "none" && !first_order)
      throw InputError(fmt::format("bias correction {} is for one latent per object: use first-order",
                                   options.bias_correction));
    if (first_order && !catalog.weight.empty())
      throw InputError("bias correction first-order of several latents is for catalogs without weights");
    return vector_likelihood(p,
                             sampled()       ? VectorRows::samples
                             : closed_form() ? VectorRows::covariances
                                             : VectorRows::nodes,
                             reference, first_order);
  }
  std::unique_ptr<JointTarget> joint(const Catalog& catalog, const FitOptions& options, bool collapsed,
                                     const Backend& backend) const override {
    return vector_target(parts(catalog, options, backend), options, collapsed);
  }
  LatentReplays replay(const Catalog& catalog, const ReplaySetup& setup) const override {
    return
        [p = parts(catalog, {}, {}), setup](std::size_t object) { return replay_vectors(p, object, setup); };
  }

  LatentsGivenTheta latents_given_theta(const Catalog& catalog) const override {
    return [this, p = parts(catalog, {}, {})](std::size_t object) -> LatentDraw {
      const auto rows = sampled()       ? VectorRows::samples
                        : closed_form() ? VectorRows::covariances
                                        : VectorRows::nodes;
      const auto objects = vector_objects(p, rows, object, object + 1, latents().size() == 1 ? 384 : 96);
      return [this, p, objects](std::span<const double> theta, HostStream& stream) {
        const auto update = closed_form() ? LatentUpdate::exact : LatentUpdate::samples;
        // no matter which transform: a draw does not depend on the latents before
        std::vector<double> c(static_cast<std::size_t>(model_->coefficients(update))), mu(latents().size());
        model_->prepare(update, p.population(theta), p.noise(theta), p.frames, c.data());
        const auto seed = static_cast<std::uint64_t>(stream.uniform() * 0x1p53);
        model_->draw_given_theta(update, c, objects.view(), 0, seed, mu);
        for (std::size_t j = 0; j < mu.size(); ++j) mu[j] = p.frames[j].from(mu[j]);
        return mu;
      };
    };
  }

 private:
  static constexpr const char* kJointOnly = "joint only";

  [[nodiscard]] bool sampled() const { return measurement_ == Samples::name; }
  [[nodiscard]] bool closed_form() const {
    return !sampled() && model_->is_normal() && model_->has_normal_noise();
  }

  [[nodiscard]] VectorPoints points_of(const Catalog& catalog, bool with_noise) const {
    const auto p = parts(catalog, {}, {});
    const std::size_t d = latents().size(), n = catalog.size();
    const auto numbers = static_cast<std::size_t>(triangle(static_cast<int>(d)));
    VectorPoints points{static_cast<double>(n),
                        std::vector<double>(d),
                        std::vector<double>(numbers),
                        std::vector<double>(numbers),
                        std::vector<double>(d, kInfinity),
                        std::vector<double>(d, -kInfinity)};
    std::vector<std::vector<double>> all;
    for (std::size_t i = 0; i < n; ++i) {
      all.push_back(vector_point(p, i));
      for (std::size_t j = 0; j < d; ++j) {
        const double x = all.back()[j];
        points.mean[j] += x / points.n;
        points.smallest[j] = std::min(points.smallest[j], x);
        points.largest[j] = std::max(points.largest[j], x);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      const auto noise = with_noise ? noise_of(p, i) : std::vector<double>{};
      for (std::size_t j = 0; j < d; ++j)
        for (std::size_t k = 0; k <= j; ++k) {
          const auto place = static_cast<std::size_t>(packed(static_cast<int>(j), static_cast<int>(k)));
          points.covariance[place] += (all[i][j] - points.mean[j]) * (all[i][k] - points.mean[k]) / points.n;
          if (!noise.empty()) points.noise[place] += noise[place] / points.n;
        }
    }
    return points;
  }

  /// Covariance of object i's noise, packed, in the catalog's units; zero where nothing is known of it.
  [[nodiscard]] std::vector<double> noise_of(const VectorParts& p, std::size_t i) const {
    const std::size_t d = p.latents();
    std::vector<double> noise(static_cast<std::size_t>(triangle(static_cast<int>(d))));
    const auto at = [&](std::size_t j, std::size_t k) -> double& {
      return noise[static_cast<std::size_t>(packed(static_cast<int>(j), static_cast<int>(k)))];
    };
    if (sampled()) {
      const auto& samples = p.catalog.samples;
      const std::size_t begin = p.catalog.offsets[i], end = p.catalog.offsets[i + 1];
      const double count = static_cast<double>(end - begin);
      std::vector<double> mean(d);
      for (std::size_t s = begin; s < end; ++s)
        for (std::size_t j = 0; j < d; ++j) mean[j] += samples[s * d + j] / count;
      for (std::size_t s = begin; s < end; ++s)
        for (std::size_t j = 0; j < d; ++j)
          for (std::size_t k = 0; k <= j; ++k)
            at(j, k) += (samples[s * d + j] - mean[j]) * (samples[s * d + k] - mean[k]) / count;
      return noise;
    }
    const auto row = vector_row(*model_, p.catalog, i);
    if (model_->has_normal_noise()) {
      const std::vector<Frame> units(d);
      const auto numbers = model_->point_and_covariance(row, units);
      return {numbers.begin() + static_cast<std::ptrdiff_t>(d), numbers.end()};
    }
    std::vector<double> sd(d);
    model_->spread(row, sd);
    for (std::size_t j = 0; j < d; ++j) at(j, j) = sd[j] * sd[j];
    return noise;
  }

  void check_columns(const Catalog& catalog) const {
    for (const auto& column : columns()) {
      const auto* values = column.role == "x"       ? &catalog.x
                           : column.role == "sigma" ? &catalog.sigma
                                                    : nullptr;
      if (values == nullptr) {
        const auto found = catalog.columns.find(column.role);
        if (found != catalog.columns.end()) values = &found->second;
      }
      if (values == nullptr || values->empty()) {
        if (!column.required) continue;
        throw InputError(
            fmt::format("population '{}' with measurement '{}' needs column '{}' ({}): name it{}",
                        population_, measurement_, column.role, column.meaning,
                        column.role == "sigma" || column.role == "x"
                            ? fmt::format(" by --{}", column.role)
                            : fmt::format(" by --column {}=COLUMN", column.role)));
      }
      for (std::size_t i = 0; i < values->size(); ++i)
        if (const char* expected = complaint_of(column.values, (*values)[i]))
          throw InputError(
              fmt::format("row {}, {} = {}: expected {}", i, column.role, (*values)[i], expected));
    }
    for (const auto& array : arrays())
      if (!catalog.arrays.contains(array.role) || catalog.arrays.at(array.role).empty())
        throw InputError(fmt::format(
            "measurement '{}' needs rows of numbers '{}' ({}): name their dataset by --column {}=DATASET",
            measurement_, array.role, array.meaning, array.role));
    if (sampled()) return;
    for (std::size_t i = 0; i < catalog.size(); ++i)
      if (const auto expected = model_->complaint(vector_row(*model_, catalog, i)); !expected.empty())
        throw InputError(fmt::format("row {}: {}", i, expected));
  }

  [[nodiscard]] VectorParts parts(const Catalog& catalog, const FitOptions& options,
                                  const Backend& backend) const {
    VectorParts p{catalog,
                  model_,
                  sampled(),
                  std::vector<Frame>(latents().size()),
                  population_dimension_,
                  measurement_dimension_,
                  parameters_.size(),
                  backend,
                  options.quadrature_tolerance};
    if (!model_->is_normal() || !(sampled() || model_->has_normal_noise())) return p;
    std::vector<std::vector<double>> points(p.latents());
    for (std::size_t i = 0; i < catalog.size(); ++i) {
      const auto point = vector_point(p, i);
      for (std::size_t j = 0; j < point.size(); ++j) points[j].push_back(point[j]);
    }
    for (std::size_t j = 0; j < points.size(); ++j) p.frames[j] = frame_of(points[j], true, true);
    return p;
  }

  std::shared_ptr<const VectorModel> model_;
  std::string population_, measurement_;
  std::vector<Parameter> parameters_;
  std::size_t population_dimension_ = 0, measurement_dimension_ = 0;
};

}  // namespace

std::shared_ptr<const ModelDefinition> find_vectors(std::string_view population, std::string_view measurement,
                                                    bool rate) {
  if (!names_vectors(population)) return nullptr;
  return std::make_shared<VectorPair>(find_vector_model(population, measurement), std::string(measurement),
                                      rate);
}

}  // namespace starling
