/// A stand-in for CUDA's cuda_runtime.h, so that a host compiler on a machine without the CUDA toolkit can
/// compile CUDA source and run it on the engine. It has the part that a backend uses; names, values and
/// meanings are CUDA's.
#pragma once

#define CUDA_ON_HOST 1

#include "stand_in/api.h"
#include "stand_in/device.h"
#include "stand_in/intrinsics.h"
#include "stand_in/launch.h"
#include "stand_in/types.h"
