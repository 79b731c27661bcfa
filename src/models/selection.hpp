/// What selection adds to the logarithm of a likelihood: a function of theta alone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "models/likelihoods.hpp"
#include "starling/selection.hpp"

namespace starling {

class SelectionFactor {
 public:
  virtual ~SelectionFactor() = default;
  /// -N ln P_det, or N ln R - R P_det; theta is [n][d] in the catalog's units. -infinity where P_det is 0.
  virtual void log_factor(std::span<const double> theta, std::span<double> out) = 0;
  /// Whether log_factor costs next to nothing and may be called from several threads.
  [[nodiscard]] virtual bool cheap() const = 0;
  /// Monte Carlo variance of log_factor at one theta, and the effective number of injections (Farr 2019);
  /// 0 and infinity without injections.
  struct Error {
    double variance, n_eff;
  };
  virtual Error error(std::span<const double> theta) = 0;
  /// P_det at one theta.
  virtual double detected(std::span<const double> theta) = 0;
};

/// p_det at a true value (in the catalog's units), where it is a function of that alone: logistic, table.
double detection_probability(const Selection& selection, double mu);

/// Whose likelihood a factor belongs to.
struct Selected {
  double number;          ///< of objects, or the sum of their weights
  std::size_t dimension;  ///< of theta; the rate is its last component, if it is one of the parameters
};
double number_of_objects(const Catalog& catalog);

/// Sums of w and w^2 over injections, w = p(mu | theta) / p_draw(mu).
struct InjectionSums {
  int coefficients;
  std::function<std::vector<double>(std::span<const double> theta)> prepared;
  std::unique_ptr<LikelihoodKernel> kernel;  ///< [sum, sum of squares]
  std::function<std::pair<double, double>(std::span<const double> prepared)> in_double;
};
std::unique_ptr<SelectionFactor> injection_factor(InjectionSums sums, const Selection& selection,
                                                  Selected selected);
/// Of a rate without selection.
std::unique_ptr<SelectionFactor> rate_factor(const Selection& selection, Selected selected);

/// Injections that a kernel sums in a row.
inline constexpr std::size_t kInjectionRun = 64;

/// Of one latent per object. Null without selection. Throws InputError where the selection cannot be had for
/// the model and catalog.
std::unique_ptr<SelectionFactor> selection_factor(const Parts& parts, const Selection& selection);

}  // namespace starling
