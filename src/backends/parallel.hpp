/// Loops over independent items on several threads.
#pragma once

#include <cstddef>
#include <exception>

namespace starling {

/// Calls body(i) for i in [0, n) on `threads` threads, `chunk` items at a time as threads get free. No
/// exception may leave a parallel loop: the first is kept, the other items are still done, and it is thrown
/// afterwards. Not for code that is compiled once per instruction set: a function that they shared would be
/// linked once, with the instructions of either.
template <class Body>
void parallel_for(std::size_t n, int threads, int chunk, const Body& body) {
  std::exception_ptr first;
#pragma omp parallel for num_threads(threads) schedule(dynamic, chunk)
  for (std::size_t i = 0; i < n; ++i) {
    try {
      body(i);
    } catch (...) {
#pragma omp critical(starling_parallel_for)
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace starling
