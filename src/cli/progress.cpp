/// The progress of a fit on stderr: a bar on a terminal, else a line now and then.
#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iostream>
#include <utility>

namespace starling::cli {
namespace {

constexpr double bar_period = 0.1, line_period = 10;  // s

std::string bar(double fraction) {
  constexpr int width = 24;
  const int full = static_cast<int>(fraction * width);
  return fmt::format("[{:#<{}}{:.<{}}]", "", full, "", width - full);
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_text(const Progress& progress) {
  auto text =
      fmt::format("step {} of {}, acceptance {:.2f}", progress.sweep, progress.sweeps, progress.acceptance);
  if (progress.sweep == 0 || progress.sweep >= progress.sweeps) return text;
  const auto done = static_cast<double>(progress.sweep), all = static_cast<double>(progress.sweeps);
  return fmt::format("{}, {} left", text, duration_text(progress.seconds * (all - done) / done));
}

ProgressReport::ProgressReport(std::string label)
    : label_(std::move(label)), terminal_(isatty(STDERR_FILENO) == 1) {
  if (!terminal_) next_ = line_period;
}

ProgressReport::~ProgressReport() {
  clear();
}

void ProgressReport::operator()(const Progress& progress) {
  const bool done = progress.sweep >= progress.sweeps;
  if (progress.seconds < next_ && !done) return;
  next_ = progress.seconds + (terminal_ ? bar_period : line_period);
  drawn_ = true;
  if (terminal_) {
    const double fraction =
        progress.sweeps ? static_cast<double>(progress.sweep) / static_cast<double>(progress.sweeps) : 1;
    std::cerr << "\r\x1b[K" << label_ << ' ' << bar(fraction) << ' ' << progress_text(progress) << std::flush;
  } else {
    std::cerr << "starling: " << label_ << ": " << progress_text(progress) << std::endl;
  }
}

void ProgressReport::clear() {
  if (terminal_ && drawn_) std::cerr << '\n';
  drawn_ = false;
}

}  // namespace starling::cli
