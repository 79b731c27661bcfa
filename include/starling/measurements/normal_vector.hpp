/// Normal noise of several latents: x ~ N(mu, C_i), C_i known, from standard deviations and correlations.
#pragma once

#include <algorithm>
#include <string>

#include "starling/vectors.hpp"

namespace starling {

/// Numbers of an object: x, then the lower triangular factor of C_i, packed, its diagonal inverted.
struct NormalVectorNoise {
  static constexpr std::string_view name = "normal";
  static constexpr std::string_view meaning =
      "x ~ N(mu, C), C known: sigma of every component, and correlations rho";
  static std::vector<Parameter> parameters() { return {}; }

  /// x, x_2, ...; sigma, sigma_2, ...; rho_12, rho_13, rho_23, ...
  static std::vector<Column> columns(int count) {
    const auto role = [](const std::string& what, int j) {
      return j == 1 ? what : what + "_" + std::to_string(j);
    };
    std::vector<Column> all;
    for (int j = 1; j <= count; ++j)
      all.push_back({role("x", j), true, 0, Column::Values::any,
                     std::string("measured value of component ") + std::to_string(j)});
    for (int j = 1; j <= count; ++j)
      all.push_back({role("sigma", j), true, 0, Column::Values::positive,
                     std::string("standard deviation of its noise, component ") + std::to_string(j)});
    for (int k = 2; k <= count; ++k)
      for (int j = 1; j < k; ++j)
        all.push_back({std::string("rho_") + std::to_string(j) + std::to_string(k), false, 0,
                       Column::Values::any,
                       std::string("correlation of the noise of components ") + std::to_string(j) + " and " +
                           std::to_string(k)});
    return all;
  }
  /// How many components a row of so many columns has: d + d + d (d - 1) / 2.
  static int components_of(std::size_t columns) {
    int d = 1;
    while (static_cast<std::size_t>(2 * d + d * (d - 1) / 2) < columns) ++d;
    return d;
  }

  /// x, then C_i, packed; in the frames' units.
  static std::vector<double> point_and_covariance(const VectorRow& row, std::span<const Frame> frames) {
    const int d = components_of(row.values.size());
    const auto n = static_cast<std::size_t>(d);
    std::vector<double> out(n + static_cast<std::size_t>(triangle(d)));
    std::vector<double> sigma(n);
    for (std::size_t j = 0; j < n; ++j) {
      out[j] = frames[j].to(row.values[j]);
      // no measured value fixes a latent better than floats resolve it
      sigma[j] = std::max(row.values[n + j] / frames[j].scale, frames[j].resolution);
    }
    std::size_t correlation = 2 * n;
    for (int k = 0; k < d; ++k)
      for (int j = 0; j <= k; ++j) {
        const double rho = j == k ? 1 : row.values[correlation++];
        out[n + static_cast<std::size_t>(packed(k, j))] =
            rho * sigma[static_cast<std::size_t>(k)] * sigma[static_cast<std::size_t>(j)];
      }
    return out;
  }
  static std::vector<double> numbers(const VectorRow& row, std::span<const Frame> frames) {
    auto out = point_and_covariance(row, frames);
    const int d = components_of(row.values.size());
    cholesky(out.data() + d, d);
    return out;
  }
  /// "" where the correlations are possible ones.
  static std::string complaint(const VectorRow& row) {
    const int d = components_of(row.values.size());
    const std::vector<Frame> frames(static_cast<std::size_t>(d));
    const auto factor = numbers(row, frames);
    for (int j = 0; j < d; ++j)
      if (!(factor[static_cast<std::size_t>(d + packed(j, j))] > 0) ||
          !std::isfinite(factor[static_cast<std::size_t>(d + packed(j, j))]))
        return "expected correlations rho that some noise can have (a positive definite covariance)";
    return "";
  }
  static void start(const VectorRow& row, std::span<double> mu) {
    std::copy_n(row.values.begin(), mu.size(), mu.begin());
  }
  static void spread(const VectorRow& row, std::span<double> sd) {
    std::copy_n(row.values.begin() + static_cast<std::ptrdiff_t>(sd.size()), sd.size(), sd.begin());
  }

  static std::array<double, kMeasurementCoefficients> prepare(std::span<const double>) { return {}; }
  template <class R, class S>
  static STARLING_HD R log_likelihood(const Coefficients<R, kMeasurementCoefficients>&, const S* numbers,
                                      std::uint64_t, int count, const R* mu) {
    R square(0.0f), v[kMostLatents];
    for (int j = 0; j < count; ++j) {
      v[j] = R(numbers[j]) - mu[j];
      for (int k = 0; k < j; ++k) v[j] = v[j] - R(numbers[count + packed(j, k)]) * v[k];
      v[j] = v[j] * R(numbers[count + packed(j, j)]);
      square = math::fma(v[j], v[j], square);
    }
    return R(-0.5f) * square;
  }

  /// x of every component; the other columns as they are in `row`.
  static std::vector<double> draw(std::span<const double>, const VectorRow& row, std::span<const double> mu,
                                  HostStream& stream) {
    const int d = static_cast<int>(mu.size());
    const std::vector<Frame> frames(mu.size());
    const auto factor = numbers(row, frames);
    std::vector<double> values(row.values.begin(), row.values.end()), z(mu.size());
    for (double& one : z) one = stream.normal();
    for (int j = 0; j < d; ++j) {
      const auto at = [&](int k) { return factor[static_cast<std::size_t>(d + packed(j, k))]; };
      double sum = mu[static_cast<std::size_t>(j)] + z[static_cast<std::size_t>(j)] / at(j);
      for (int k = 0; k < j; ++k) sum += at(k) * z[static_cast<std::size_t>(k)];
      values[static_cast<std::size_t>(j)] = sum;
    }
    return values;
  }
};

static_assert(VectorMeasurement<NormalVectorNoise> && HasNoiseCovariance<NormalVectorNoise> &&
              HasVectorDraw<NormalVectorNoise>);

}  // namespace starling
