// The CUDA backend on the host, with blocks and threads in three orders, on GPUs of several sizes: a small
// one is full with few objects, and a large one has another kernel for them.
#include "cuda_on_host/cuda_on_host.hpp"
#include "kernel_subjects.hpp"

namespace starling {

std::vector<Subject> cuda_subjects() {
  using cuda_on_host::Order;
  struct Setting {
    const char* name;
    Order order;
    int multiprocessors;
  };
  const Setting settings[] = {
      {"forward", Order::forward, 1}, {"reverse", Order::reverse, 2}, {"shuffled", Order::shuffled, 132}};
  std::vector<Subject> all;
  for (const Setting& s : settings)
    all.push_back({std::string("cuda ") + s.name, Subject::Kind::cuda, 1, [s] {
                     cuda_on_host::reset();
                     cuda_on_host::options.order = s.order;
                     cuda_on_host::machine.multiprocessors = s.multiprocessors;
                   }});
  return all;
}

}  // namespace starling
