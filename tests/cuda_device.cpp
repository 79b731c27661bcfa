// The CUDA backend as it is shipped: on a GPU, if there is one.
#include "kernel_subjects.hpp"

namespace starling {

std::vector<Subject> cuda_subjects() {
  std::string why_none;
  if (cuda::device_list(why_none).empty()) return {};
  return {{"cuda", Subject::Kind::cuda}};
}

}  // namespace starling
