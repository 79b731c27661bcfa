/// Models by name, as on the command line: schechter(x_min=9).
#pragma once

#include <string>
#include <string_view>

#include "models/measurement_model.hpp"
#include "models/population_model.hpp"
#include "models/vector_model.hpp"

namespace starling {

template <class Model>
struct Named {
  std::string text;  ///< as it was understood, with all arguments: the same text makes it again
  std::shared_ptr<const Model> model;
};

/// Throw InputError for unknown names and arguments (with the nearest known one) and for bad values.
Named<PopulationModel> find_population(std::string_view text);
Named<MeasurementModel> find_measurement(std::string_view text);
/// Whether the population has several latents per object, or covariates: then find_vector_model has it.
bool names_vectors(std::string_view population);
/// The measurements that it was compiled with.
std::vector<std::string> measurements_of_vectors(std::string_view population);
/// One that was compiled with that measurement; for "samples" with any. Throws InputError as the others, and
/// where the two cannot be had together.
Named<VectorModel> find_vector_model(std::string_view population, std::string_view measurement);

/// A population compiled with a measurement, or with posterior samples.
struct NamedPair {
  Named<PopulationModel> population;
  Named<MeasurementModel> measurement;  ///< model: null for posterior samples
  int density_components = 0;  ///< of the mixture that stands for an object's samples; 0: they themselves do
  std::string why_not{};       ///< why the two cannot be had together, with advice; "" if they can
};
NamedPair find_pair(std::string_view population, std::string_view measurement);

}  // namespace starling
