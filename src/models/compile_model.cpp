// The host's part of one model, and its entry in the list. cmake/StarlingModels.cmake compiles this file once
// per model. A model of the library is added by a call of starling_add_NAME (models/registry.cpp); one that a
// program adds for itself, when the program starts.
#include STARLING_MODEL_HEADER
#include "models/compiled_population.hpp"

namespace starling::added {

void STARLING_MODEL_NAME() {
  add_population(entry_of<STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS>());
}

#ifdef STARLING_MODEL_BY_ITSELF
namespace {
[[maybe_unused]] const bool when_the_program_starts = (STARLING_MODEL_NAME(), true);
}
#endif

}  // namespace starling::added
