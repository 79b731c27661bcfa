/// A population and a measurement of several latents per object behind an interface that knows no types.
/// src/models/compiled_vectors.hpp makes one of structs that satisfy VectorPopulation and VectorMeasurement.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/kernels.hpp"
#include "models/population_model.hpp"
#include "starling/catalog.hpp"
#include "starling/vectors.hpp"

namespace starling {

/// The likelihood kernels; formulas/vector_terms.hpp says what each sums. `exact`: a sum of normal
/// distributions behind normal noise. `samples`: posterior samples, and the nodes of a quadrature.
enum class VectorTerm { point, exact, samples, injections };

class VectorModel {
 public:
  virtual ~VectorModel() = default;
  // ---- the population
  [[nodiscard]] virtual std::vector<Parameter> population_parameters() const = 0;
  [[nodiscard]] virtual std::vector<std::string> latents() const = 0;
  [[nodiscard]] virtual std::vector<Column> covariates() const = 0;
  [[nodiscard]] virtual Start estimate(const VectorPoints& points) const = 0;
  /// 0, -infinity or a density: what the parameters' own priors do not say.
  [[nodiscard]] virtual double log_constraint(std::span<const double> theta) const = 0;
  virtual void draw(std::span<const double> theta, std::span<const double> covariates, HostStream& stream,
                    std::span<double> mu) const = 0;
  /// Whether it is a sum of normal distributions: then it can be had in any units, and behind normal noise
  /// its integrals have a closed form.
  [[nodiscard]] virtual bool is_normal() const = 0;
  /// Location and scale of each component; empty where there are none. Which of the parameters they are.
  [[nodiscard]] virtual std::vector<std::pair<double, double>> location_scales(
      std::span<const double> theta) const = 0;
  [[nodiscard]] virtual std::vector<std::size_t> location_scale_parameters() const = 0;
  /// Of one latent: where its density is not 0.
  [[nodiscard]] virtual std::pair<double, double> support() const = 0;

  // ---- the measurement
  [[nodiscard]] virtual std::vector<Parameter> measurement_parameters() const = 0;
  [[nodiscard]] virtual std::vector<Column> columns() const = 0;
  [[nodiscard]] virtual std::vector<ArrayColumn> arrays() const = 0;
  /// Whether its noise is normal, of known covariance.
  [[nodiscard]] virtual bool has_normal_noise() const = 0;
  /// What an object's values are expected to be; "" if they are.
  [[nodiscard]] virtual std::string complaint(const VectorRow& row) const = 0;
  virtual void start(const VectorRow& row, std::span<double> mu) const = 0;
  virtual void spread(const VectorRow& row, std::span<double> sd) const = 0;
  [[nodiscard]] virtual std::vector<double> numbers(const VectorRow& row,
                                                    std::span<const Frame> frames) const = 0;
  /// x, then the covariance of its noise, packed; of normal noise only.
  [[nodiscard]] virtual std::vector<double> point_and_covariance(const VectorRow& row,
                                                                 std::span<const Frame> frames) const = 0;
  /// New measured values, in the order of columns(); empty if it cannot say.
  [[nodiscard]] virtual std::vector<double> draw_values(std::span<const double> theta, const VectorRow& row,
                                                        std::span<const double> mu,
                                                        HostStream& stream) const = 0;

  // ---- coefficients of one walker, in the frames; theta is the population's
  [[nodiscard]] virtual int coefficients(VectorTerm term) const = 0;
  virtual void prepare(VectorTerm term, std::span<const double> theta, std::span<const Frame> frames,
                       double* out) const = 0;
  /// Of an update: first a transform, mu_j <- a_j mu_j + b_j, all a_j and then all b_j, transform_size()
  /// numbers; `prepare` fills in what comes after it.
  [[nodiscard]] virtual int transform_size() const = 0;
  [[nodiscard]] virtual int coefficients(LatentUpdate update) const = 0;
  virtual void prepare(LatentUpdate update, std::span<const double> theta, std::span<const double> noise,
                       std::span<const Frame> frames, double* out) const = 0;

  // ---- kernels, and the same in double
  [[nodiscard]] virtual std::unique_ptr<LikelihoodKernel> kernel(
      VectorTerm term, const Backend& backend, const ObjectTable<double>& objects) const = 0;
  [[nodiscard]] virtual std::unique_ptr<LatentKernel> latents(LatentUpdate update, const Backend& backend,
                                                              const ObjectTable<double>& objects,
                                                              const LatentSetup& setup) const = 0;
  /// The first output of a term for object i; the second (of samples: its share of V) into `second`, if asked
  /// for.
  [[nodiscard]] virtual double evaluate(VectorTerm term, std::span<const double> coefficients,
                                        const ObjectView<double>& objects, std::uint64_t i,
                                        double* second = nullptr) const = 0;
  /// A draw of object i's latents given theta: exact, or one of its samples.
  virtual void draw_given_theta(LatentUpdate update, std::span<const double> coefficients,
                                const ObjectView<double>& objects, std::uint64_t i, std::uint64_t seed,
                                std::span<double> mu) const = 0;
};

/// A population and a measurement that were compiled together, by name.
struct VectorEntry {
  std::string population, measurement;
  std::string meaning, measurement_meaning;
  std::vector<Argument> arguments;  ///< of the population
  std::shared_ptr<const VectorModel> (*make)(std::span<const double> arguments);
};

/// All that are there, and adding one. Throws InputError if the pair is there already.
const std::vector<VectorEntry>& vector_entries();
void add_vector_pair(const VectorEntry& entry);

}  // namespace starling
