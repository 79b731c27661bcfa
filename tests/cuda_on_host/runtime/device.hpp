/// The current device. Include CUDA's (or the stand-in's) types before it.
#pragma once

namespace cuda_on_host {

int current_device();

}  // namespace cuda_on_host
