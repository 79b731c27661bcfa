#include "sampler/moves.hpp"

#include <cmath>
#include <limits>

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

}  // namespace starling
