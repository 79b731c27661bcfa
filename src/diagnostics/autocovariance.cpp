// Autocovariances by FFT, and the autocorrelation time from them (Sokal 1989; the window as in emcee).
#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <Eigen/Core>
#include <limits>
#include <unsupported/Eigen/FFT>

#include "diagnostics/convergence.hpp"

namespace starling {
namespace diagnostics {
namespace {

double mean_of(const double* row, std::size_t n) {
  double sum = 0;  // of differences to the first, so that the mean of equal numbers is that number
  for (std::size_t i = 0; i < n; ++i) sum += row[i] - row[0];
  return row[0] + sum / static_cast<double>(n);
}

}  // namespace

std::vector<double> mean_autocovariance(Draws draws, std::optional<double> about) {
  using Complex = std::complex<double>;
  const std::size_t n = draws.draws;
  const std::size_t length = std::bit_ceil(2 * n);  // zero padding: no lag wraps around
  const auto points = static_cast<Eigen::Index>(length);
  thread_local Eigen::FFT<double> fft;  // keeps what it knows of each length
  std::vector<Complex> series(length), spectrum(length), power(length);

  // Two chains at a time, one as the real and one as the imaginary part: of the inverse transform of |F|^2
  // the real part is the sum of both autocovariances. Power adds up over chains, so that one inverse
  // transform serves all.
  for (std::size_t chain = 0; chain < draws.chains; chain += 2) {
    std::fill(series.begin(), series.end(), Complex{});
    for (std::size_t part = 0; part < 2 && chain + part < draws.chains; ++part) {
      const double* row = draws.values + (chain + part) * n;
      const double center = about ? *about : mean_of(row, n);
      for (std::size_t i = 0; i < n; ++i)
        series[i] += part == 0 ? Complex{row[i] - center, 0} : Complex{0, row[i] - center};
    }
    fft.fwd(spectrum.data(), series.data(), points);
    for (std::size_t k = 0; k < length; ++k) power[k] += std::norm(spectrum[k]);
  }
  fft.inv(series.data(), power.data(), points);

  std::vector<double> covariance(n);
  const double scale = 1 / (static_cast<double>(n) * static_cast<double>(draws.chains));
  std::transform(series.begin(), series.begin() + static_cast<std::ptrdiff_t>(n), covariance.begin(),
                 [scale](Complex value) { return value.real() * scale; });
  return covariance;
}

double integrated_time(const std::vector<double>& autocovariance) {
  constexpr double window = 5;
  const double variance = autocovariance.empty() ? 0 : autocovariance[0];
  if (!(variance > 0)) return std::numeric_limits<double>::quiet_NaN();
  double tau = 1;
  for (std::size_t lag = 1; lag < autocovariance.size() && static_cast<double>(lag - 1) < window * tau; ++lag)
    tau += 2 * autocovariance[lag] / variance;
  return tau;
}

}  // namespace diagnostics

double autocorrelation_time(Draws draws) {
  if (!diagnostics::usable(draws)) return std::numeric_limits<double>::quiet_NaN();
  const double tau =
      diagnostics::integrated_time(diagnostics::mean_autocovariance(draws, diagnostics::moments(draws).mean));
  // Anticorrelated draws: bounded as the effective sample size is.
  const double bound = 1 / std::log10(static_cast<double>(draws.chains * draws.draws));
  return std::isnan(tau) ? tau : std::max(tau, bound);
}

}  // namespace starling
