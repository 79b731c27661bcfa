/// The progress of a fit on stderr: a bar on a terminal, else a line now and then.
#pragma once

#include <string>

#include "starling/fit.hpp"

namespace starling::cli {

/// "12 s", "3 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);
/// "step 900 of 2000, acceptance 0.31, 12 s left"
std::string progress_text(const Progress& progress);

class ProgressReport {
 public:
  explicit ProgressReport(std::string label);
  ~ProgressReport();
  ProgressReport(const ProgressReport&) = delete;
  ProgressReport& operator=(const ProgressReport&) = delete;

  void operator()(const Progress& progress);
  /// Ends the bar's line, so that other text can follow. The next progress draws it again.
  void clear();

 private:
  std::string label_;
  bool terminal_;
  bool drawn_ = false;
  double next_ = 0;  ///< seconds at which to speak again
};

}  // namespace starling::cli
