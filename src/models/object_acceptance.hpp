/// How often the updates of each object's latents were accepted, told by what adaptation made of its
/// proposals: a step of it adds gain * (accepted share - wanted share) to the logarithm of their size.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "backends/state.hpp"

namespace starling {

class ObjectAcceptance {
 public:
  /// log_sizes: of the proposals as they are, [object].
  void begin(std::vector<double> log_sizes) {
    begin_ = std::move(log_sizes);
    gains_ = 0;
  }
  void add(double gain) { gains_ += gain; }
  /// The accepted share of each object's updates since begin(), to first order in the gain; none before it.
  [[nodiscard]] std::vector<double> since_begin(const std::vector<double>& log_sizes, double wanted) {
    std::vector<double> share = std::move(begin_);
    begin_.clear();
    for (std::size_t i = 0; i < share.size(); ++i) {
      share[i] = wanted + (log_sizes[i] - share[i]) / gains_;
      if (std::isnan(share[i])) share[i] = 0;  // proposals that are no numbers are never accepted
    }
    return share;
  }
  void state(State& state) {
    state.list(begin_);
    state.number(gains_);
  }

 private:
  std::vector<double> begin_;
  double gains_ = 0;
};

}  // namespace starling
