// The CUDA backend for one model. cmake/StarlingModels.cmake compiles this file once per model.
#include "kernels/backend.cuh"
#include "models/compiled.hpp"
#include STARLING_MODEL_HEADER

namespace starling::cuda {

STARLING_INSTANTIATE_KERNELS(STARLING_MODEL_POPULATION, STARLING_MODEL_MEASUREMENTS)
#ifdef STARLING_MODEL_NORMAL
STARLING_INSTANTIATE_NORMAL_KERNELS(STARLING_MODEL_MEASUREMENTS)
#endif

}  // namespace starling::cuda
