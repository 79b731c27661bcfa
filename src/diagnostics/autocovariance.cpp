// Autocovariances, and the autocorrelation time from them (Sokal 1989; the window as in emcee).
#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <unsupported/Eigen/FFT>

#include "backends/lags.hpp"
#include "diagnostics/convergence.hpp"

namespace starling {
namespace diagnostics {

Autocovariance::Autocovariance(Draws draws, std::optional<double> about)
    : chains_(draws.chains),
      draws_(draws.draws),
      stride_(draws_ + cpu::kLagsAtOnce),
      deviations_(chains_ * stride_) {
  for (std::size_t chain = 0; chain < chains_; ++chain) {
    const Draws row{draws.values + chain * draws_, 1, draws_};
    Eigen::Map<Eigen::ArrayXd>(deviations_.data() + chain * stride_, static_cast<Eigen::Index>(draws_)) =
        array(row) - (about ? *about : mean_of(row));
  }
}

double Autocovariance::operator[](std::size_t lag) {
  // a FFT takes about as long as so many lags
  const auto most = static_cast<std::size_t>(32 * std::bit_width(draws_));
  while (lags_.size() <= lag) {
    if (lags_.size() >= most)
      by_fft();
    else
      by_sums();
  }
  return lags_[lag];
}

void Autocovariance::by_sums() {
  double sums[cpu::kLagsAtOnce] = {};
  const std::size_t first = lags_.size(), left = draws_ - first;
  for (std::size_t chain = 0; chain < chains_; ++chain)
    cpu::add_lag_products(deviations_.data() + chain * stride_, first, left, sums);
  for (std::size_t k = 0; k < std::min(left, cpu::kLagsAtOnce); ++k)
    lags_.push_back(sums[k] / (static_cast<double>(draws_) * static_cast<double>(chains_)));
}

void Autocovariance::by_fft() {
  using Complex = std::complex<double>;
  const std::size_t length = std::bit_ceil(2 * draws_);  // zero padding: no lag wraps around
  const auto points = static_cast<Eigen::Index>(length);
  thread_local Eigen::FFT<double> fft;  // keeps what it knows of each length
  std::vector<Complex> series(length), spectrum(length), power(length);

  // Two chains at a time, one as the real and one as the imaginary part: of the inverse transform of |F|^2
  // the real part is the sum of both autocovariances. Power adds up over chains, so that one inverse
  // transform serves all.
  for (std::size_t chain = 0; chain < chains_; chain += 2) {
    const double *row = deviations_.data() + chain * stride_, *next = row + stride_;
    const bool alone = chain + 1 == chains_;
    for (std::size_t i = 0; i < draws_; ++i) series[i] = {row[i], alone ? 0 : next[i]};
    fft.fwd(spectrum.data(), series.data(), points);
    for (std::size_t k = 0; k < length; ++k) power[k] += std::norm(spectrum[k]);
  }
  fft.inv(series.data(), power.data(), points);
  const double scale = 1 / (static_cast<double>(draws_) * static_cast<double>(chains_));
  for (std::size_t lag = lags_.size(); lag < draws_; ++lag) lags_.push_back(series[lag].real() * scale);
}

double integrated_time(Autocovariance autocovariance) {
  constexpr double window = 5;
  const double variance = autocovariance.size() == 0 ? 0 : autocovariance[0];
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
      diagnostics::integrated_time(diagnostics::Autocovariance(draws, diagnostics::mean_of(draws)));
  // Anticorrelated draws: bounded as the effective sample size is.
  const double bound = 1 / std::log10(static_cast<double>(draws.chains * draws.draws));
  return std::isnan(tau) ? tau : std::max(tau, bound);
}

}  // namespace starling
