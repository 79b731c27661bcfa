// The host's part of one model, and its entry in the list. cmake/StarlingModels.cmake compiles this file once
// per model. A model of the library is added by a call of added::NAME (models/registry.cpp); one that a
// program adds for itself, when the program starts, with a measurement of its own if it has one.
#include STARLING_MODEL_HEADER
#ifdef STARLING_MODEL_OWN_MEASUREMENT
#include "models/compiled_measurement.hpp"
#endif
#include "models/compiled_population.hpp"

namespace starling::added {

void STARLING_MODEL_NAME() {
#ifdef STARLING_MODEL_OWN_MEASUREMENT
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
