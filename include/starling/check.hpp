/// Posterior predictive checks: would the model that was fitted have given a catalog like this one? (Rubin
/// 1984; Gelman, Meng & Stern 1996)
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "starling/catalog.hpp"
#include "starling/chain.hpp"
#include "starling/model.hpp"

namespace starling {

struct CheckOptions {
  std::size_t replicates = 500;  ///< catalogs that are drawn, each under a draw of theta; >= 20
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
};

/// What replicated catalogs look like beside the one that was fitted. A replicate has the fitted catalog's
/// objects, with their noise, and new true values and measured values; it is cut as the selection says.
/// For a naive fit, which takes points for true values, points are drawn without noise. For posterior
/// samples, of which no new ones can be drawn, the latents given the data stand beside new true values.
struct PredictiveCheck {
  struct Quantity {
    std::string name;     ///< "mean", "sd", "largest", ...
    double observed;      ///< of the fitted catalog (of latents: the mean over the replicates)
    double lower, upper;  ///< what 95 % of the replicates lie between
    double p;             ///< share of the replicates above the fitted catalog, ties counted half
    /// p below 0.005 or above 0.995: the model does not explain this.
    [[nodiscard]] bool extreme() const { return p < 0.005 || p > 0.995; }
  };
  /// A density at several places, over the replicates.
  struct Band {
    std::vector<double> lower95, lower68, median, upper68, upper95;
  };

  std::string method, population, measurement;
  std::size_t replicates = 0, objects = 0;
  bool of_latents = false;  ///< else of points
  std::vector<Quantity> quantities;
  /// Of several latents per object the histogram and the density are of the first, the density roughly.
  std::vector<double> edges;     ///< of the histogram's bins
  std::vector<double> observed;  ///< density of the fitted catalog's points (or latents) per bin
  Band replicated;               ///< the same of the replicates
  std::vector<double> mu;        ///< where the population's density is given
  Band density;                  ///< p(mu | theta)
};

/// `catalog` is the one that was fitted. Throws InputError where no catalog can be replicated: a selection
/// that is known by injections only, a chain without draws.
PredictiveCheck check_predictions(const Model& model, const Catalog& catalog, const Chain& chain,
                                  const CheckOptions& options = {});

/// The table that `starling check` prints, and what it says of it.
std::ostream& operator<<(std::ostream& out, const PredictiveCheck& check);
std::string to_json(const PredictiveCheck& check);

}  // namespace starling
