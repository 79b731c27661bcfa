// The CUDA backend on the host, with blocks and threads in three orders.
#include "cuda_on_host/cuda_on_host.hpp"
#include "kernel_subjects.hpp"

namespace starling {

std::vector<Subject> cuda_subjects() {
  using cuda_on_host::Order;
  const std::pair<const char*, Order> orders[] = {
      {"forward", Order::forward}, {"reverse", Order::reverse}, {"shuffled", Order::shuffled}};
  std::vector<Subject> all;
  for (const auto& [name, order] : orders)
    all.push_back({std::string("cuda ") + name, Subject::Kind::cuda, 1, [order = order] {
                     cuda_on_host::reset();
                     cuda_on_host::options.order = order;
                   }});
  return all;
}

}  // namespace starling
