#include "sampler/moves.hpp"

#include <cmath>
#include <Eigen/Cholesky>
#include <limits>
#include <utility>

#include "starling/populations/gamma.hpp"

namespace starling {
namespace {

/// k of n, none of those in `taken`.
std::size_t another(std::size_t n, std::span<const std::size_t> taken, HostStream& stream) {
  for (;;) {
    const std::size_t k = stream.below(n);
    bool used = false;
    for (const std::size_t t : taken) used = used || t == k;
    if (!used) return k;
  }
}

}  // namespace

double propose_stretch(std::span<const double> theta, const OtherHalf& other, double a, HostStream& stream,
                       std::span<double> proposed) {
  const double root = (a - 1) * stream.uniform() + 1, z = root * root / a;
  const double* t = other.walker(stream.below(other.count));
  for (const std::size_t j : other.free) proposed[j] = t[j] + z * (theta[j] - t[j]);
  return (static_cast<double>(other.free.size()) - 1) * std::log(z);
}

double propose_de(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                  std::span<double> proposed) {
  const std::size_t k1 = stream.below(other.count), k2 = another(other.count, {{k1}}, stream);
  const double standard = 2.38 / std::sqrt(2 * static_cast<double>(other.free.size()));
  const double gamma = (stream.uniform() < 0.1 ? 1 : standard) * (1 + 0.01 * stream.normal());
  const double *a = other.walker(k1), *b = other.walker(k2);
  for (const std::size_t j : other.free) proposed[j] = theta[j] + gamma * (a[j] - b[j]);
  return 0;
}

double propose_snooker(std::span<const double> theta, const OtherHalf& other, HostStream& stream,
                       std::span<double> proposed) {
  const std::size_t k0 = stream.below(other.count), k1 = another(other.count, {{k0}}, stream);
  const std::size_t pair[] = {k0, k1};
  const std::size_t k2 = another(other.count, pair, stream);
  const double *z = other.walker(k0), *a = other.walker(k1), *b = other.walker(k2);
  double length2 = 0, projection = 0;
  for (const std::size_t j : other.free) {
    length2 += (theta[j] - z[j]) * (theta[j] - z[j]);
    projection += (theta[j] - z[j]) * (a[j] - b[j]);
  }
  // theta on its anchor has no direction: propose it to itself with factor -infinity, a rejection
  if (!(length2 > 0)) return -std::numeric_limits<double>::infinity();
  const double step = 1.7 * projection / length2;  // in units of theta - z
  for (const std::size_t j : other.free) proposed[j] = theta[j] + step * (theta[j] - z[j]);
  return (static_cast<double>(other.free.size()) - 1) * std::log(std::abs(1 + step));
}

NormalMove::NormalMove(const OtherHalf& other)
    : free_(other.free), freedom_(static_cast<double>(other.count) - static_cast<double>(free_.size())) {
  if (!(freedom_ > 0)) return;
  const std::size_t d = free_.size();
  const double n = static_cast<double>(other.count);
  // deviations from the first walker lose nothing where the mean is far from 0
  const auto deviation = [&](std::size_t k, std::size_t j) {
    return other.walker(k)[free_[j]] - other.walker(0)[free_[j]];
  };
  std::vector<double> mean(d), scale(d * d), from_mean(d);
  for (std::size_t k = 0; k < other.count; ++k)
    for (std::size_t j = 0; j < d; ++j) mean[j] += deviation(k, j) / n;
  for (std::size_t k = 0; k < other.count; ++k)
    for (std::size_t j = 0; j < d; ++j) {
      from_mean[j] = deviation(k, j) - mean[j];
      for (std::size_t l = 0; l <= j; ++l) scale[j * d + l] += from_mean[j] * from_mean[l];
    }
  for (double& s : scale) s *= (1 + 1 / n) / freedom_;
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto size = static_cast<Eigen::Index>(d);
  Eigen::Map<Matrix> matrix(scale.data(), size, size);
  const Eigen::LLT<Eigen::Ref<Matrix>> in_place(matrix);
  if (in_place.info() != Eigen::Success || !matrix.allFinite()) return;
  for (std::size_t j = 0; j < d; ++j) mean[j] += other.walker(0)[free_[j]];
  mean_ = std::move(mean);
  root_ = std::move(scale);
}

double NormalMove::propose(std::span<const double> theta, HostStream& stream,
                           std::span<double> proposed) const {
  if (root_.empty()) return -std::numeric_limits<double>::infinity();
  const std::size_t d = mean_.size();
  // a chi square of `freedom_` degrees is twice a gamma variate of half as many
  const double width = std::sqrt(0.5 * freedom_ * std::exp(-draw_log_gamma(0.5 * freedom_, stream)));
  // distances are in scales: root z leads from the mean to theta
  static thread_local std::vector<double> z;
  z.resize(d);
  double before = 0, after = 0;
  for (std::size_t j = 0; j < d; ++j) {
    z[j] = theta[free_[j]] - mean_[j];
    for (std::size_t k = 0; k < j; ++k) z[j] -= root_[j * d + k] * z[k];
    z[j] /= root_[j * d + j];
    before += z[j] * z[j];
  }
  for (std::size_t k = 0; k < d; k += 2) {
    const auto [one, other] = stream.normal_pair();
    z[k] = width * one;
    if (k + 1 < d) z[k + 1] = width * other;
  }
  for (std::size_t j = 0; j < d; ++j) {
    after += z[j] * z[j];
    proposed[free_[j]] = mean_[j];
    for (std::size_t k = 0; k <= j; ++k) proposed[free_[j]] += root_[j * d + k] * z[k];
  }
  return 0.5 * (freedom_ + static_cast<double>(d)) * std::log((freedom_ + after) / (freedom_ + before));
}

}  // namespace starling
