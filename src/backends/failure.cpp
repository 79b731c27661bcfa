#include "backends/failure.hpp"

namespace starling {

void Failure::keep() noexcept {
  const std::lock_guard lock(mutex_);
  if (!first_) first_ = std::current_exception();
}

void Failure::rethrow() const {
  if (first_) std::rethrow_exception(first_);
}

}  // namespace starling
