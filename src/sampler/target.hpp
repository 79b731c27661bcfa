/// What proposals of theta are judged by, beside the likelihood or the latents.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "models/selection.hpp"

namespace starling {

/// ln prior + ln of what selection does to the likelihood + a function of theta that is evaluated where those
/// are finite only.
class ThetaTarget {
 public:
  ThetaTarget(const Model& model, SelectionFactor* selection) : model_(&model), selection_(selection) {}

  /// The first two alone.
  void prior(std::span<const double> theta, std::span<double> lp) const {
    const std::size_t d = model_->parameters().size();
    for (std::size_t i = 0; i < lp.size(); ++i) lp[i] = model_->log_prior(theta.subspan(i * d, d));
    if (selection_ == nullptr) return;
    add_inside(theta, lp,
               [&](std::span<const std::size_t>, std::span<const double> rows, std::span<double> out) {
                 selection_->log_factor(rows, out);
               });
  }

  /// evaluate(indices of the proposals, their theta, out)
  template <class Evaluate>
  void operator()(std::span<const double> theta, std::span<double> lp, Evaluate evaluate) const {
    prior(theta, lp);
    add_inside(theta, lp, evaluate);
  }

 private:
  /// Adds to each lp that is finite.
  template <class Evaluate>
  void add_inside(std::span<const double> theta, std::span<double> lp, Evaluate evaluate) const {
    std::vector<std::size_t> inside;
    inside.reserve(lp.size());
    for (std::size_t i = 0; i < lp.size(); ++i)
      if (lp[i] > -std::numeric_limits<double>::infinity()) inside.push_back(i);
    if (inside.empty()) return;
    std::vector<double> value(inside.size()), rows;
    if (inside.size() < lp.size()) theta = rows = rows_of(theta, inside);
    evaluate(std::span<const std::size_t>(inside), theta, std::span<double>(value));
    for (std::size_t k = 0; k < inside.size(); ++k) lp[inside[k]] += value[k];
  }
  [[nodiscard]] std::vector<double> rows_of(std::span<const double> theta,
                                            const std::vector<std::size_t>& which) const {
    const std::size_t d = model_->parameters().size();
    std::vector<double> rows;
    rows.reserve(which.size() * d);
    for (const std::size_t i : which) {
      const auto row = theta.subspan(i * d, d);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
  }
  const Model* model_;
  SelectionFactor* selection_;
};

}  // namespace starling
