/// The current device.
#pragma once

namespace cuda_on_host {

int current_device();

}  // namespace cuda_on_host
