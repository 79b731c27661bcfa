// The host's part of one model, and its entry in the list. cmake/StarlingModels.cmake compiles this file once
// per model. A model of the library is added by a call of added::NAME (models/registry.cpp); one that a
// program adds for itself, when the program starts, with a measurement of its own if it has one.
#include STARLING_MODEL_HEADER
#ifdef STARLING_MODEL_VECTORS
#include "models/compiled_vectors.hpp"
#else
#include "models/compiled_measurement.hpp"
#include "models/compiled_population.hpp"
#endif

namespace starling::added {

void STARLING_MODEL_NAME() {
#if defined(STARLING_MODEL_VECTORS)
  add_vector_pair(vector_entry_of<STARLING_MODEL_POPULATION, STARLING_MODEL_OWN_MEASUREMENT>());
#elif defined(STARLING_MODEL_OWN_MEASUREMENT)
  using Own = STARLING_MODEL_OWN_MEASUREMENT;
  add_measurement(measurement_entry<Own, BuiltinMeasurements::size>());
  add_population(entry_of<STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS>(Own::name));
#else
  add_population(entry_of<STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS>());
#endif
}

#ifdef STARLING_MODEL_BY_ITSELF
namespace {
[[maybe_unused]] const bool when_the_program_starts = (STARLING_MODEL_NAME(), true);
}
#endif

}  // namespace starling::added
