/// Posterior samples mu_ik of each object, drawn under an interim prior pi0(mu):
/// L_i(theta) = (1 / K_i) sum_k p(mu_ik | theta) / pi0(mu_ik)   (importance sampling; Hogg, Myers & Bovy
/// 2010).
#pragma once

#include <string_view>
#include <vector>

#include "starling/parameter.hpp"

namespace starling {

struct Samples {
  static constexpr std::string_view name = "samples";
  static constexpr std::string_view meaning =
      "posterior samples of mu, drawn under an interim prior (flat or stated)";
};

/// The same samples, through a mixture of normals q_i(mu) that is fitted to those of each object:
/// L_i(theta) = int p(mu | theta) q_i(mu) / pi0(mu) dmu, without the scatter and bias of a mean over samples.
struct SampleDensity {
  static constexpr std::string_view name = "sample_density";
  static constexpr std::string_view meaning =
      "posterior samples of mu, through a mixture of normals fitted to those of each object";
  static std::vector<Argument> arguments() {
    return {{"components", 3, 1, 8, "normals in a mixture at most"}};
  }
};

/// Whether a measurement, by its name and arguments, is known by posterior samples.
inline bool is_of_samples(std::string_view measurement) {
  return measurement == Samples::name || measurement.substr(0, measurement.find('(')) == SampleDensity::name;
}

}  // namespace starling
