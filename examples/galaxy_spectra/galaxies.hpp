// A model of one's own with three latents per object: galaxies whose stellar mass, share of young stars and
// dust are seen as a spectrum.
#pragma once

#include <starling/populations/independent.hpp>
#include <starling/populations/multivariate_normal.hpp>
#include <starling/populations/schechter.hpp>

struct GalaxyNames {
  static constexpr std::string_view name = "galaxies";
  static constexpr std::string_view meaning =
      "log10 mass ~ Schechter above 9, logit of the young share ~ normal, ln of the dust ~ normal";
  static constexpr const char* latents[] = {"mass", "young", "dust"};
};
struct Galaxies : starling::IndependentLatents<GalaxyNames, starling::Schechter, starling::NormalPopulation,
                                               starling::NormalPopulation> {
  Galaxies()
      : IndependentLatents(starling::Schechter(std::array<double, 1>{9}), starling::NormalPopulation{},
                           starling::NormalPopulation{}) {}
};

/// Bins of equal width between 3600 and 9200 A. Light of old and of young stars of 1e10 solar masses, and the
/// dust's extinction in ln; simulate.py has the same formulas.
struct Spectrum {
  static constexpr std::string_view name = "spectrum";
  static constexpr std::string_view meaning = "flux in bins of wavelength, with normal noise";
  static std::vector<starling::Parameter> parameters() { return {}; }
  static std::vector<starling::Column> columns(int) { return {}; }
  static std::vector<starling::ArrayColumn> arrays() {
    return {{"flux", "flux in every bin"}, {"flux_error", "its standard deviation"}};
  }

  static double planck(double wavelength, double temperature) {  // of 1 at 5500 A
    const double c = 1.438777e8 / temperature;
    return std::pow(5500 / wavelength, 5) * std::expm1(c / 5500) / std::expm1(c / wavelength);
  }
  static double old_light(double wavelength) {  // with a break at 4000 A
    return planck(wavelength, 4500) * (0.4 + 0.6 / (1 + std::exp((4000 - wavelength) / 30)));
  }
  static double young_light(double wavelength) { return 8 * planck(wavelength, 15000); }
  static double dust(double wavelength) { return 0.4 * starling::ln_10 * std::pow(wavelength / 5500, -0.7); }

  /// In every bin: flux, old and young light over the flux's error; extinction.
  static std::vector<double> numbers(const starling::VectorRow& row, std::span<const starling::Frame>) {
    std::vector<double> all;
    const std::size_t bins = row.arrays[0].size();
    for (std::size_t b = 0; b < bins; ++b) {
      const double wavelength = 3600 + 5600 * (static_cast<double>(b) + 0.5) / static_cast<double>(bins);
      const double error = row.arrays[1][b];
      all.insert(all.end(), {row.arrays[0][b] / error, old_light(wavelength) / error,
                             young_light(wavelength) / error, dust(wavelength)});
    }
    return all;
  }
  /// A tenth of young stars, little dust, and the mass that fits the flux best.
  static void start(const starling::VectorRow& row, std::span<double> mu) {
    const auto all = numbers(row, {});
    double cross = 0, square = 0;
    for (std::size_t b = 0; b < all.size(); b += 4) {
      const double light = (0.9 * all[b + 1] + 0.1 * all[b + 2]) * std::exp(-0.4 * all[b + 3]);
      cross += all[b] * light;
      square += light * light;
    }
    mu[0] = 10 + std::log10(std::max(cross / square, 0.1001));
    mu[1] = -2.2;
    mu[2] = -0.9;
  }
  static void spread(const starling::VectorRow&, std::span<double> sd) {
    sd[0] = 0.1;
    sd[1] = 0.5;
    sd[2] = 0.4;
  }
  static std::array<double, 2> prepare(std::span<const double>) { return {}; }

  template <class R, class S>
  static STARLING_HD R log_likelihood(const starling::Coefficients<R, 2>&, const S* numbers,
                                      std::uint64_t size, int, const R* mu) {
    namespace math = starling::math;
    const R one(1.0f), mass = math::exp(R(2.30258509f) * (mu[0] - R(10.0f)));
    const R young = one / (one + math::exp(R(0.0f) - mu[1])), old = one - young;
    const R depth = R(0.0f) - math::exp(mu[2]);
    R square(0.0f);
    for (std::uint64_t k = 0; k < size; k += 4) {
      const R light = math::fma(young, R(numbers[k + 2]), old * R(numbers[k + 1]));
      const R r = R(numbers[k]) - mass * light * math::exp(depth * R(numbers[k + 3]));
      square = math::fma(r, r, square);
    }
    return R(-0.5f) * square;
  }
};
