// New catalogs under a model that was fitted.
#include "sampler/replicate.hpp"

#include <fmt/format.h>

#include <cmath>

#include "models/definition.hpp"
#include "models/frames.hpp"
#include "models/selection.hpp"
#include "models/vector_pair.hpp"
#include "starling/error.hpp"
#include "starling/random.hpp"

namespace starling {
namespace {

HostStream stream_of(std::uint64_t seed, std::uint32_t replicate, std::size_t object, std::uint32_t what) {
  return {seed, replicate, static_cast<std::uint32_t>(object), purpose_word(Purpose::simulation, what)};
}

/// [component][object] of what `points` gives of every object.
template <class PointsOf>
std::vector<double> by_component_of(std::size_t objects, std::size_t components, const PointsOf& points) {
  std::vector<double> all(objects * components);
  for (std::size_t i = 0; i < objects; ++i) {
    const auto own = points(i);
    for (std::size_t j = 0; j < components; ++j) all[j * objects + i] = own[j];
  }
  return all;
}

/// A density from draws: normal kernels of Silverman's width.
std::vector<double> kernel_density(const std::vector<double>& draws, std::span<const double> at) {
  const double n = static_cast<double>(draws.size());
  double mean = 0, square = 0;
  for (const double x : draws) mean += x / n;
  for (const double x : draws) square += (x - mean) * (x - mean) / n;
  const double width = 0.9 * std::sqrt(square) * std::pow(n, -0.2);
  std::vector<double> p(at.size());
  for (std::size_t k = 0; k < at.size(); ++k)
    for (const double x : draws) {
      const double z = (at[k] - x) / width;
      p[k] += std::exp(-0.5 * z * z) / (n * width * 2.50662827463100050242);
    }
  return p;
}

std::shared_ptr<const VectorModel> vectors_of(const Model& model) {
  if (!names_vectors(model.population())) return nullptr;
  return find_vector_model(model.population(), model.measurement()).model;
}

}  // namespace

Replicator::Replicator(const Model& model, const Catalog& catalog, Method method, std::uint64_t seed)
    : model_(model),
      catalog_(catalog),
      vectors_(vectors_of(model)),
      pair_(vectors_ ? NamedPair{} : find_pair(model.population(), model.measurement())),
      points_are_truths_(method == Method::naive || is_of_samples(model.measurement())),
      seed_(seed),
      population_dimension_(model.definition().population_dimension()) {
  using Kind = Selection::Kind;
  const Kind kind = model.selection().kind;
  if (kind == Kind::injections)
    throw InputError(
        "the selection is known by injections only, which do not say whether a new object would be seen: no "
        "catalog can be replicated");
  if (kind == Kind::threshold && points_are_truths_)
    throw InputError(
        fmt::format("a threshold on measured values cuts no catalog of {}, in which none are drawn anew",
                    method == Method::naive ? "a naive fit" : "posterior samples"));
  if (vectors_) {
    measurement_dimension_ = of_latents() ? 0 : vectors_->measurement_parameters().size();
    return;
  }
  if (pair_.measurement.model) measurement_dimension_ = pair_.measurement.model->parameters().size();
  if (points_are_truths_) return;
  const Rows rows(*pair_.measurement.model, catalog);
  for (std::size_t i = 0; i < catalog.size(); ++i) rows_.push_back(rows[i]);
  const auto columns = pair_.measurement.model->columns();
  while (columns[place_of_x_].role != "x") ++place_of_x_;
}

std::span<const double> Replicator::population(std::span<const double> theta) const {
  return theta.first(population_dimension_);
}

std::span<const double> Replicator::noise(std::span<const double> theta) const {
  return theta.subspan(population_dimension_, measurement_dimension_);
}

std::vector<double> Replicator::new_points(std::span<const double> theta, std::size_t object,
                                           HostStream& stream) const {
  std::vector<double> mu(vectors_->latents().size());
  vectors_->draw(population(theta), covariates_of(*vectors_, catalog_, object), stream, mu);
  if (points_are_truths_) return mu;
  auto row = vector_row(*vectors_, catalog_, object);
  row.values = vectors_->draw_values(noise(theta), row, mu, stream);
  if (row.values.empty())
    throw InputError(
        fmt::format("measurement '{}' does not say how measured values are drawn: no catalog can be "
                    "replicated",
                    model_.measurement()));
  vectors_->start(row, mu);
  return mu;
}

std::vector<double> Replicator::observed(std::span<const double> theta, std::uint32_t replicate) const {
  if (!of_latents() && !vectors_) return points_of(pair_.measurement.model.get(), catalog_);
  const auto given_theta =
      of_latents() ? model_.definition().latents_given_theta(catalog_) : LatentsGivenTheta{};
  return by_component_of(catalog_.size(), model_.definition().latents().size(), [&](std::size_t i) {
    auto stream = stream_of(seed_, replicate, i, 2000);
    if (of_latents()) return given_theta(i)(theta, stream);
    std::vector<double> point(vectors_->latents().size());
    vectors_->start(vector_row(*vectors_, catalog_, i), point);
    return point;
  });
}

double Replicator::new_point(std::span<const double> theta, std::size_t object, HostStream& stream) const {
  constexpr int most = 100'000;
  const Selection& selection = model_.selection();
  for (int k = 0; k < most; ++k) {
    const double mu = pair_.population.model->draw(population(theta), stream);
    if (selection.kind == Selection::Kind::logistic || selection.kind == Selection::Kind::table)
      if (!(stream.uniform() < detection_probability(selection, mu))) continue;
    if (points_are_truths_) return mu;
    auto row = rows_[object];
    const auto& measurement = *pair_.measurement.model;
    row[place_of_x_] = measurement.draw(noise(theta), row, mu, stream);
    if (selection.kind == Selection::Kind::threshold && !(row[place_of_x_] > selection.a)) continue;
    return measurement.datum(row, Frame{}).center;
  }
  throw RunError(fmt::format("of {} objects that were drawn in a row none would be in the catalog", most));
}

std::vector<double> Replicator::replicated(std::span<const double> theta, std::uint32_t replicate) const {
  return by_component_of(catalog_.size(), model_.definition().latents().size(), [&](std::size_t i) {
    auto stream = stream_of(seed_, replicate, i, 2001);
    return vectors_ ? new_points(theta, i, stream) : std::vector<double>{new_point(theta, i, stream)};
  });
}

std::vector<double> Replicator::density(std::span<const double> theta, std::span<const double> mu) const {
  std::vector<double> p(mu.size());
  if (vectors_) {
    std::vector<double> draws;
    for (std::size_t k = 0; k < 2000; ++k) {
      auto stream = stream_of(seed_, 0, k, 2002);
      std::vector<double> one(vectors_->latents().size());
      vectors_->draw(population(theta), covariates_of(*vectors_, catalog_, k % catalog_.size()), stream, one);
      draws.push_back(one[0]);
    }
    return kernel_density(draws, mu);
  }
  pair_.population.model->log_density(pair_.population.model->prepared(population(theta)), mu, p);
  for (double& value : p) value = std::exp(value);
  return p;
}

}  // namespace starling
