// New catalogs under a model that was fitted.
#include "sampler/replicate.hpp"

#include <fmt/format.h>

#include <cmath>

#include "models/definition.hpp"
#include "models/frames.hpp"
#include "models/selection.hpp"
#include "starling/error.hpp"
#include "starling/random.hpp"

namespace starling {
namespace {

HostStream stream_of(std::uint64_t seed, std::uint32_t replicate, std::size_t object, std::uint32_t what) {
  return {seed, replicate, static_cast<std::uint32_t>(object), purpose_word(Purpose::simulation, what)};
}

NamedPair pair_of_one_latent(const Model& model) {
  if (names_vectors(model.population()))
    throw InputError(fmt::format("population '{}': catalogs are replicated of one latent per object only",
                                 model.population()));
  return find_pair(model.population(), model.measurement());
}

}  // namespace

Replicator::Replicator(const Model& model, const Catalog& catalog, Method method, std::uint64_t seed)
    : model_(model),
      catalog_(catalog),
      pair_(pair_of_one_latent(model)),
      points_are_truths_(method == Method::naive || pair_.measurement.model == nullptr),
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

std::vector<double> Replicator::observed(std::span<const double> theta, std::uint32_t replicate) const {
  if (!of_latents()) return points_of(pair_.measurement.model.get(), catalog_);
  std::vector<double> latents;
  for (std::size_t i = 0; i < catalog_.size(); ++i) {
    auto stream = stream_of(seed_, replicate, i, 2000);
    latents.push_back(model_.definition().latents_given_theta(catalog_, i, theta, stream).front());
  }
  return latents;
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
  std::vector<double> points;
  for (std::size_t i = 0; i < catalog_.size(); ++i) {
    auto stream = stream_of(seed_, replicate, i, 2001);
    points.push_back(new_point(theta, i, stream));
  }
  return points;
}

std::vector<double> Replicator::density(std::span<const double> theta, std::span<const double> mu) const {
  std::vector<double> p(mu.size());
  pair_.population.model->log_density(pair_.population.model->prepared(population(theta)), mu, p);
  for (double& value : p) value = std::exp(value);
  return p;
}

}  // namespace starling
