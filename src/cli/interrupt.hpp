/// Ctrl-C and SIGTERM as a wish to stop after the current step.
#pragma once

#include <atomic>
#include <csignal>

namespace starling::cli {

/// While one of these lives, the first SIGINT or SIGTERM sets a flag and a second one ends the program at
/// once.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// For FitOptions::stop.
  [[nodiscard]] const std::atomic<bool>* stop() const;
  /// 0, or the shell's exit status for the signal that came: 130 or 143.
  [[nodiscard]] int status() const;

 private:
  struct sigaction old_int_ {
  }, old_term_{};
};

}  // namespace starling::cli
