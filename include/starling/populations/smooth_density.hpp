/// A population of no given form: ln p(mu) is a quadratic spline of equal pieces on [lower, upper], its steps
/// from one control point to the next a random walk whose scale is a hyperparameter (penalised splines:
/// Eilers & Marx 1996; Lang & Brezger 2004).
#pragma once

#include <algorithm>
#include <string>

#include "starling/error.hpp"
#include "starling/population.hpp"

namespace starling {

/// With t = (mu - lower) / width of a piece, the steps d_1 ... d_(n+1) are the slopes d ln p / dt at the n +
/// 1 knots, between which they are linear: b_k = d_(k+2) - d_(k+1) is the second derivative on piece k. From
/// the knot m in the middle, u = t - m,
///   ln p = constant + d_(m+1) u + sum_r right_r max(0, u - r)^2 / 2 + sum_r left_r max(0, -u - r)^2 / 2,
///   right_0 = b_m, right_r = b_(m+r) - b_(m+r-1), left_0 = b_(m-1), left_r = b_(m-1-r) - b_(m-r).
struct SmoothDensity {
  static constexpr std::string_view name = "smooth";
  static constexpr std::string_view meaning =
      "any density on [lower, upper]: ln p is a spline with a random-walk prior";
  static constexpr int most_pieces = 24;

  double lower, upper;
  int pieces;
  static std::vector<Argument> arguments() {
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();
    return {{"lower", nan, -infinity, infinity, "smallest mu"},
            {"upper", nan, -infinity, infinity, "largest mu"},
            {"pieces", 10, 2, most_pieces, "of the spline"}};
  }
  explicit SmoothDensity(std::span<const double> values)
      : lower(values[0]), upper(values[1]), pieces(static_cast<int>(values[2])) {
    if (!(std::isfinite(lower) && std::isfinite(upper) && lower < upper))
      throw InputError("smooth: lower and upper must be finite numbers, lower < upper");
    if (pieces != values[2]) throw InputError("smooth: pieces must be a whole number");
  }

  [[nodiscard]] std::vector<Parameter> parameters() const {
    std::vector<Parameter> all;
    for (int k = 1; k <= pieces + 1; ++k)
      all.push_back({std::string("step_") + std::to_string(k), -60, 60,
                     std::string("change of ln p over a piece's width, at knot ") + std::to_string(k),
                     "uniform(-60, 60)"});
    all.push_back({"roughness", 0, std::numeric_limits<double>::infinity(), "standard deviation of the steps",
                   "half_normal(2)"});
    return all;
  }
  /// The random walk: steps ~ N(0, roughness^2).
  [[nodiscard]] double log_constraint(std::span<const double> theta) const {
    const double scale = theta.back();
    double sum = 0;
    for (std::size_t k = 0; k + 1 < theta.size(); ++k)
      sum -= 0.5 * theta[k] * theta[k] / (scale * scale) + std::log(scale);
    return sum;
  }

  // ---- density: coefficients {lower, upper, pieces per unit of mu, constant, slope at the middle knot, the
  // number of that knot, right_0, right_1, ..., left_0, left_1, ...}
  static constexpr int half = most_pieces / 2, head = 6, prepared_size = head + 2 * half;
  [[nodiscard]] std::array<double, prepared_size> prepare(std::span<const double> theta) const {
    const int m = pieces / 2;
    const auto bend = [&](int k) {
      return theta[static_cast<std::size_t>(k + 1)] - theta[static_cast<std::size_t>(k)];
    };
    std::array<double, prepared_size> c{lower,
                                        upper,
                                        pieces / (upper - lower),
                                        0,
                                        theta[static_cast<std::size_t>(m)],
                                        static_cast<double>(m)};
    const auto right = c.begin() + head, left = right + half;
    for (int r = 0; m + r < pieces; ++r) right[r] = bend(m + r) - (r > 0 ? bend(m + r - 1) : 0);
    for (int r = 0; m - 1 - r >= 0; ++r) left[r] = bend(m - 1 - r) - (r > 0 ? bend(m - r) : 0);
    double total = 0;
    for (const Piece& piece : pieces_of(theta)) total += piece.integral(1);
    c[3] = std::log(c[2] / total);
    return c;
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, prepared_size>& c, R mu) {
    return math::select<R>((mu >= c[0]) & (mu <= c[1]), c[3] + spline<R>(c.v, (mu - c[0]) * c[2] - c[5]),
                           R(-__builtin_huge_valf()));
  }

  static constexpr bool frame_shifts = true, frame_scales = true;
  [[nodiscard]] SmoothDensity in_frame(Frame frame) const {
    return SmoothDensity(
        std::array<double, 3>{frame.to(lower), frame.to(upper), static_cast<double>(pieces)});
  }
  static std::vector<double> to_frame(std::span<const double> theta, Frame) {
    return {theta.begin(), theta.end()};
  }
  static constexpr bool support_moves = false;
  [[nodiscard]] std::pair<double, double> support(std::span<const double>) const { return {lower, upper}; }

  [[nodiscard]] double cdf(std::span<const double> theta, double mu) const {
    if (mu <= lower) return 0;
    if (mu >= upper) return 1;
    const double t = (mu - lower) / (upper - lower) * pieces;
    double below = 0, total = 0, k = 0;
    for (const Piece& piece : pieces_of(theta)) {
      total += piece.integral(1);
      if (t > k) below += piece.integral(std::min(t - k, 1.0));
      ++k;
    }
    return below / total;
  }
  /// By Newton's method on the cumulative distribution, which bisection holds inside.
  [[nodiscard]] double draw(std::span<const double> theta, HostStream& stream) const {
    const auto all = pieces_of(theta);
    std::vector<double> own;
    double wanted = 0;
    for (const Piece& piece : all) wanted += own.emplace_back(piece.integral(1));
    wanted *= stream.uniform();
    std::size_t k = 0;
    for (; k + 1 < all.size() && wanted >= own[k]; ++k) wanted -= own[k];
    double from = 0, to = 1, at = 0.5;
    for (int iteration = 0; iteration < 60; ++iteration) {
      const double excess = all[k].integral(at) - wanted;
      (excess < 0 ? from : to) = at;
      double next = at - excess / all[k].density(at);
      if (!(next > from && next < to)) next = 0.5 * (from + to);
      const double step = std::abs(next - at);
      at = next;
      if (step < 1e-13) break;
    }
    return std::clamp(lower + (static_cast<double>(k) + at) * (upper - lower) / pieces, lower, upper);
  }

  /// A normal density, the steps of which are held back a little.
  [[nodiscard]] Start estimate(const Points& p) const {
    const double width = (upper - lower) / pieces,
                 variance = std::max({p.variance - p.noise, 0.05 * p.variance, width * width});
    Start start;
    for (int k = 0; k <= pieces; ++k) {
      start.center.push_back(std::clamp(-width * (lower + k * width - p.mean) / variance, -3.0, 3.0));
      start.spread.push_back(0.15);
    }
    start.center.push_back(1);
    start.spread.push_back(0.2);
    return start;
  }

 private:
  /// ln p at u, without the constant.
  template <class R>
  static STARLING_HD R spline(const R* c, R u) {
    const R zero(0.0f);
    R sum(0.0f);
    for (int r = 0; r < half; ++r) {
      const R above = math::larger(u - R(static_cast<float>(r)), zero),
              below = math::larger(zero - u - R(static_cast<float>(r)), zero);
      sum = math::fma(c[head + r] * above, above, sum);
      sum = math::fma(c[head + half + r] * below, below, sum);
    }
    return math::fma(R(0.5f), sum, c[4] * u);
  }
  /// On one piece, from its left end, ln p = value + slope t + bend t^2 / 2, up to a constant.
  struct Piece {
    double value, slope, bend;
    [[nodiscard]] double density(double t) const { return std::exp(value + (slope + 0.5 * bend * t) * t); }
    /// The integral of the density from 0 to `share`: Gauss-Legendre, in two halves.
    [[nodiscard]] double integral(double share) const {
      constexpr double x[4] = {0.18343464249564980, 0.52553240991632899, 0.79666647741362674,
                               0.96028985649753623},
                       w[4] = {0.36268378337836198, 0.31370664587788729, 0.22238103445337447,
                               0.10122853629037626};
      double sum = 0;
      for (const double middle : {0.25, 0.75})
        for (int k = 0; k < 4; ++k)
          sum += w[k] * (density(share * (middle - 0.25 * x[k])) + density(share * (middle + 0.25 * x[k])));
      return 0.25 * share * sum;
    }
  };
  /// The value is 0 at the knot in the middle.
  [[nodiscard]] std::vector<Piece> pieces_of(std::span<const double> theta) const {
    std::vector<Piece> all;
    double value = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(pieces); ++k) {
      all.push_back({value, theta[k], theta[k + 1] - theta[k]});
      value += 0.5 * (theta[k] + theta[k + 1]);
    }
    const double middle = all[static_cast<std::size_t>(pieces / 2)].value;
    for (Piece& piece : all) piece.value -= middle;
    return all;
  }
};

static_assert(Population<SmoothDensity> && HasArguments<SmoothDensity> && HasSupport<SmoothDensity> &&
              HasFrame<SmoothDensity> && HasCdf<SmoothDensity> && HasConstraint<SmoothDensity>);

}  // namespace starling
