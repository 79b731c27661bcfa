/// Prior distributions of single hyperparameters: density, support, quantiles.
#pragma once

#include <string>
#include <string_view>

namespace starling {

/// A prior p(theta_j), one of the named families below. Build it by those functions or by parse_prior.
struct Prior {
  enum class Family {
    uniform,        ///< on [a, b]
    normal,         ///< mean a, standard deviation b
    half_normal,    ///< |N(0, a)|
    half_cauchy,    ///< |Cauchy(0, a)|
    log_uniform,    ///< ln theta uniform on [ln a, ln b], a > 0
    log_normal,     ///< ln theta ~ N(a, b)
    exponential,    ///< mean a
    gamma,          ///< shape a, scale b
    inverse_gamma,  ///< shape a, scale b: density ~ theta^(-a-1) exp(-b / theta)
    fixed,          ///< theta = a, not sampled
  };

  Family family = Family::uniform;
  double a = 0;
  double b = 1;

  /// ln p(theta), normalised; -infinity outside the support. `fixed`: 0 at its value, -infinity elsewhere.
  [[nodiscard]] double log_density(double theta) const { return log_shape(theta) - log_normalization(); }
  /// Its two parts: ln of the density before it is normalised, and ln of what that integrates to.
  [[nodiscard]] double log_shape(double theta) const {
    return family == Family::uniform && theta >= a && theta <= b ? 0 : log_shape_of_any(theta);
  }
  [[nodiscard]] double log_normalization() const;
  /// The support is [lower, upper]; either may be infinite.
  [[nodiscard]] double lower() const;
  [[nodiscard]] double upper() const;
  /// Inverse of the cumulative distribution, 0 < u < 1; draws are quantile(u) of a uniform u.
  [[nodiscard]] double quantile(double u) const;
  [[nodiscard]] bool is_fixed() const { return family == Family::fixed; }
  /// As it is written on the command line: "uniform(-5, 5)". parse_prior(text()) gives the same prior, bit
  /// for bit.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Prior&, const Prior&) = default;

 private:
  [[nodiscard]] double log_shape_of_any(double theta) const;
};

// Each checks its arguments and throws InputError.
Prior uniform(double lower, double upper);
Prior normal(double mean, double sd);
Prior half_normal(double sd);
Prior half_cauchy(double scale);
Prior log_uniform(double lower, double upper);
Prior log_normal(double log_mean, double log_sd);
Prior exponential(double mean);
Prior gamma(double shape, double scale);
Prior inverse_gamma(double shape, double scale);
Prior fixed(double value);

/// Reads "normal(0, 5)". Throws InputError that names the nearest known family, or the wrong argument.
Prior parse_prior(std::string_view text);

/// All families with their arguments, as "uniform(lower,upper)", for help texts and `starling info`.
std::string_view prior_families();

}  // namespace starling
