/// A power law with a Gaussian peak, for masses of black holes (Talbot & Thrane 2018, ApJ 856, 173, without
/// the smoothing of its lower end): p(m) = (1 - lam) PL + lam N, PL ~ m^-alpha on [mmin, mmax], N a normal
/// with mean mpp and standard deviation sigpp cut off to [mmin, gaussian_mass_maximum]. Names and density are
/// those of gwpopulation.models.mass.two_component_single.
#pragma once

#include "starling/populations/power_law.hpp"
#include "starling/populations/truncated_normal.hpp"

namespace starling {

struct PowerLawPeak {
  static constexpr std::string_view name = "power_law_peak";
  static constexpr std::string_view meaning =
      "(1 - lam) m^-alpha on [mmin, mmax] + lam N(mpp, sigpp^2) on [mmin, gaussian_mass_maximum]";

  const double gaussian_mass_maximum;
  static std::vector<Argument> arguments() {
    return {
        {"gaussian_mass_maximum", 100, 0, std::numeric_limits<double>::infinity(), "upper end of the peak"}};
  }
  explicit PowerLawPeak(std::span<const double> values) : gaussian_mass_maximum(values[0]) {
    if (!(gaussian_mass_maximum > 0))
      throw InputError("power_law_peak: gaussian_mass_maximum must be greater than 0");
  }

  static std::vector<Parameter> parameters() {
    const double infinity = std::numeric_limits<double>::infinity();
    return {{"alpha", -infinity, infinity, "the power law is m^-alpha", "uniform(-4, 12)"},
            {"mmin", 0, infinity, "smallest mass", "uniform(2, 10)"},
            {"mmax", 0, infinity, "largest mass of the power law", "uniform(30, 100)"},
            {"lam", 0, 1, "fraction in the peak", "uniform(0, 1)"},
            {"mpp", 0, infinity, "mean of the peak", "uniform(20, 50)"},
            {"sigpp", 0, infinity, "standard deviation of the peak", "uniform(1, 10)"}};
  }
  double log_constraint(std::span<const double> theta) const {
    return theta[1] < theta[2] && theta[1] < gaussian_mass_maximum ? 0
                                                                   : -std::numeric_limits<double>::infinity();
  }

  // ---- density: coefficients {-alpha, 1 / mmin, ln[(1 - lam) PL(mmin)], mmin, mmax, ...
  // ... those of prepare_truncated_normal, the last with ln lam added, gaussian_mass_maximum}
  static constexpr int prepared_size = 10;
  std::array<double, 10> prepare(std::span<const double> theta) const {
    const auto pl = PowerLaw::prepare(power_law(theta));
    const auto peak = prepare_truncated_normal(theta[4], theta[5], theta[1], gaussian_mass_maximum);
    return {pl[0],
            pl[1],
            pl[2] + std::log1p(-theta[3]),
            pl[3],
            pl[4],
            peak[0],
            peak[1],
            peak[2],
            peak[3] + std::log(theta[3]),
            gaussian_mass_maximum};
  }
  template <class R>
  static STARLING_HD R log_density(const Coefficients<R, 10>& c, R mu) {
    const R outside(-__builtin_huge_valf());
    const R power_law = PowerLaw::log_density(Coefficients<R, 5>{{c[0], c[1], c[2], c[3], c[4]}}, mu);
    const R peak = log_truncated_normal(mu, c[5], c[6], c[7], c[8]);
    return math::log_add_exp(power_law, math::select<R>((mu >= c[3]) & (mu <= c[9]), peak, outside));
  }

  static constexpr bool frame_shifts = false, frame_scales = true;
  PowerLawPeak in_frame(Frame frame) const {
    return PowerLawPeak(std::array<double, 1>{gaussian_mass_maximum / frame.scale});
  }
  static std::array<double, 6> to_frame(std::span<const double> theta, Frame frame) {
    return {theta[0], theta[1] / frame.scale, theta[2] / frame.scale,
            theta[3], theta[4] / frame.scale, theta[5] / frame.scale};
  }

  static constexpr bool support_moves = true;
  [[nodiscard]] std::pair<double, double> support(std::span<const double> theta) const {
    return {theta[1], std::max(theta[2], gaussian_mass_maximum)};
  }
  [[nodiscard]] double break_in_support(std::span<const double> theta) const {
    return std::min(theta[2], gaussian_mass_maximum);
  }
  double draw(std::span<const double> theta, HostStream& stream) const {
    return stream.uniform() < theta[3] ? peak(theta).draw(theta.subspan(4), stream)
                                       : PowerLaw::draw(power_law(theta), stream);
  }
  double cdf(std::span<const double> theta, double mu) const {
    return (1 - theta[3]) * PowerLaw::cdf(power_law(theta), mu) +
           theta[3] * peak(theta).cdf(theta.subspan(4), mu);
  }

  /// Bounds from the extreme points; a small peak at one standard deviation above the mean.
  [[nodiscard]] Start estimate(const Points& p) const {
    const Start single = PowerLaw::estimate(p);
    const double lower = std::min(single.center[1], 0.5 * gaussian_mass_maximum), upper = single.center[2];
    const double sd = NormalPopulation::estimate(p).center[1], peak = std::max(p.mean, lower) + sd;
    return {{-single.center[0], lower, upper, 0.2, peak, sd / 2},
            {0.5, single.spread[1], single.spread[2], 0.06, std::min(sd / 3, peak / 4), sd / 8}};
  }

 private:
  static std::array<double, 3> power_law(std::span<const double> theta) {
    return {-theta[0], theta[1], theta[2]};
  }
  TruncatedNormal peak(std::span<const double> theta) const {
    return TruncatedNormal(std::array<double, 2>{theta[1], gaussian_mass_maximum});
  }
};

static_assert(Population<PowerLawPeak> && HasArguments<PowerLawPeak> && HasConstraint<PowerLawPeak> &&
              HasFrame<PowerLawPeak> && HasCdf<PowerLawPeak>);

}  // namespace starling
