#include "models/normal_draw.hpp"

#include <cmath>

#include "starling/populations/gamma.hpp"

namespace starling {

std::optional<MeanAndWidth> draw_mean_and_width(double sum, double squares, double n, HostStream& stream) {
  const double mean = sum / n, about_mean = squares - sum * mean;
  if (!(n > 2) || !(about_mean > 0)) return std::nullopt;
  const double sd = std::sqrt(0.5 * about_mean * std::exp(-draw_log_gamma(0.5 * (n - 2), stream)));
  return MeanAndWidth{mean + sd / std::sqrt(n) * stream.normal(), sd};
}

}  // namespace starling
