/// What goes wrong in a thread of a parallel loop, which no exception may leave.
#pragma once

#include <exception>
#include <mutex>

namespace starling {

class Failure {
 public:
  /// Keeps the exception that is being handled, if it is the first: for catch (...) within the loop.
  void keep() noexcept;
  /// After the loop: throws what was kept, if anything was.
  void rethrow() const;

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

}  // namespace starling
