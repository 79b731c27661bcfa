/// When a fit that runs on until its chain is good enough may end.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "backends/state.hpp"
#include "sampler/ensemble.hpp"
#include "starling/fit.hpp"

namespace starling {

/// Watches a run. What it decides depends on the draws and the number of steps alone, so that a run which it
/// ends is, bit for bit, the run of as many steps.
class StopRule {
 public:
  StopRule(const FitOptions& options, std::vector<std::string> parameters);

  /// Takes the kept draw of a step.
  void add(const Ensembles& state);
  /// Whether the run may end after `steps` steps. Looks after options.steps steps, then again and again after
  /// as many, or a quarter of what there is where that is more: the time for looking stays a small share.
  bool reached(std::size_t steps, const Ensembles& state);
  /// After how many steps it looks next.
  [[nodiscard]] std::size_t next_look() const { return std::min(next_, limit_); }
  /// "yes", or what is asked for and how far the worst parameter is from it.
  [[nodiscard]] const std::string& verdict() const { return verdict_; }
  void state(State& state);  ///< saves or restores it

 private:
  [[nodiscard]] std::string judge(const Ensembles& state) const;

  Until until_;
  std::size_t block_, limit_, next_;
  std::vector<std::string> parameters_;
  /// Of every stride-th draw, [draw][chain][parameter]: with twice `most_values` of them half is dropped.
  std::vector<double> draws_;
  std::size_t stride_ = 1, seen_ = 0;
  std::string verdict_;
};

}  // namespace starling
