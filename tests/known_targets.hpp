/// Targets of which everything is known, for the tests of moves.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "starling/random.hpp"

namespace starling {

using Vector = std::vector<double>;
inline constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

inline double phi(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// `uniforms`: the Rosenblatt transform of theta, independent uniform numbers for draws of the target.
struct KnownTarget {
  std::string name;
  std::size_t dimension;
  std::function<double(std::span<const double>)> log_density;
  std::function<Vector(HostStream&)> draw;
  std::function<Vector(std::span<const double>)> uniforms;
};

inline KnownTarget standard_normal(std::size_t d) {
  return {"normal in " + std::to_string(d), d,
          [](std::span<const double> t) {
            double sum = 0;
            for (const double x : t) sum -= x * x / 2;
            return sum;
          },
          [d](HostStream& s) {
            Vector t(d);
            for (double& x : t) x = s.normal();
            return t;
          },
          [](std::span<const double> t) {
            Vector u;
            for (const double x : t) u.push_back(phi(x));
            return u;
          }};
}

}  // namespace starling
