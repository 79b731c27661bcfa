/// Ctrl-C and SIGTERM as a wish to stop after the current step.
#include "interrupt.hpp"

namespace starling::cli {
namespace {

std::atomic<bool> stop_wanted{false};
std::atomic<int> signal_seen{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "only lock-free atomics may be touched in a signal handler");

extern "C" void want_stop(int signal) {
  signal_seen = signal;
  stop_wanted = true;
}

}  // namespace

Interrupts::Interrupts() {
  stop_wanted = false;
  signal_seen = 0;
  struct sigaction action {};
  action.sa_handler = want_stop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

const std::atomic<bool>* Interrupts::stop() const {
  return &stop_wanted;
}

int Interrupts::status() const {
  return signal_seen == 0 ? 0 : 128 + signal_seen;
}

}  // namespace starling::cli
