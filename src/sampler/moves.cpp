#include "sampler/moves.hpp"

#include <cmath>
#include <Eigen/Dense>
#include <limits>

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
  const auto d = static_cast<Eigen::Index>(free_.size()), n = static_cast<Eigen::Index>(other.count);
  Eigen::MatrixXd theta(d, n);
  for (Eigen::Index k = 0; k < n; ++k)
    for (Eigen::Index j = 0; j < d; ++j)
      theta(j, k) = other.walker(static_cast<std::size_t>(k))[free_[static_cast<std::size_t>(j)]];
  const Eigen::VectorXd first = theta.col(0);  // deviations from it lose nothing where the mean is far from 0
  theta.colwise() -= first;
  const Eigen::VectorXd mean = theta.rowwise().mean();
  theta.colwise() -= mean;
  const Eigen::LLT<Eigen::MatrixXd> factor((1 + 1 / static_cast<double>(n)) / freedom_ *
                                           (theta * theta.transpose()));
  const Eigen::MatrixXd scale = factor.matrixL();
  if (factor.info() != Eigen::Success || !scale.allFinite()) return;
  mean_ = first + mean;
  scale_ = scale;
  inverse_ = scale.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(d, d));
}

double NormalMove::log_density(double distance2) const {
  return -0.5 * (freedom_ + static_cast<double>(mean_.size())) * std::log1p(distance2 / freedom_);
}

double NormalMove::propose(std::span<const double> theta, HostStream& stream,
                           std::span<double> proposed) const {
  if (scale_.size() == 0) return -std::numeric_limits<double>::infinity();
  const auto d = mean_.size();
  const auto column = [this](Eigen::Index j) { return free_[static_cast<std::size_t>(j)]; };
  double before = 0, after = 0;
  for (Eigen::Index j = 0; j < d; ++j) {
    double y = 0;
    for (Eigen::Index k = 0; k <= j; ++k) y += inverse_(j, k) * (theta[column(k)] - mean_[k]);
    before += y * y;
    proposed[column(j)] = mean_[j];
  }
  // a chi square of `freedom_` degrees is twice a gamma variate of half as many
  const double width = std::sqrt(0.5 * freedom_ * std::exp(-draw_log_gamma(0.5 * freedom_, stream)));
  for (Eigen::Index k = 0; k < d; ++k) {
    const double z = width * stream.normal();
    after += z * z;
    for (Eigen::Index j = k; j < d; ++j) proposed[column(j)] += scale_(j, k) * z;
  }
  return log_density(before) - log_density(after);
}

}  // namespace starling
