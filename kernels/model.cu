// The CUDA backend for one model. cmake/StarlingModels.cmake compiles this file once per model.
#include "kernels/backend.cuh"
#include "models/compiled.hpp"
#include STARLING_MODEL_HEADER

namespace starling::cuda {

STARLING_INSTANTIATE_MODEL

}  // namespace starling::cuda
