// The naive and the marginal likelihood of objects with several latents. Kernels sum ln L_i less its value at
// a reference theta, which is computed by the same formulas in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/quadrature_rules.hpp"
#include "models/vector_pair.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

VectorTerm term_of(VectorRows rows) {
  return rows == VectorRows::points        ? VectorTerm::point
         : rows == VectorRows::covariances ? VectorTerm::exact
                                           : VectorTerm::samples;
}

class VectorLikelihood final : public Likelihood {
 public:
  VectorLikelihood(const VectorParts& parts, VectorRows rows, bool first_order)
      : parts_(parts),
        rows_(rows),
        first_order_(first_order),
        term_(term_of(rows)),
        coefficients_(parts.model->coefficients(term_)) {
    const std::size_t n = parts.catalog.size();
    double log_scale = 0;
    for (const Frame& frame : parts.frames) log_scale += std::log(frame.scale);
    constant_.assign(n, -log_scale);
    if (rows == VectorRows::samples)
      for (std::size_t i = 0; i < n; ++i)
        constant_[i] -=
            std::log(static_cast<double>(parts.catalog.offsets[i + 1] - parts.catalog.offsets[i]));
    if (rows != VectorRows::nodes) objects_ = vector_objects(parts, rows, 0, n);
    objects_.weight.assign(parts.catalog.weight.begin(), parts.catalog.weight.end());
  }

  void evaluate(std::span<const double> theta, std::span<double> out) override {
    const auto sums = kernel_sums(theta);
    for (std::size_t w = 0; w < out.size(); ++w) {
      out[w] = reference_value_ + sums[w].value();
      if (first_order_) out[w] += 0.5 * sums[out.size() + w].value();
    }
  }
  void rebase(std::span<const double> reference, std::span<const double>) override {
    const auto c = prepared(reference);
    if (rows_ == VectorRows::nodes) choose_nodes(c);
    kernel_.reset();  // two catalogs need not be in memory
    auto& at_reference = objects_.column[0];
    std::fill(at_reference.begin(), at_reference.end(), 0.0);
    const auto view = objects_.view();
    reference_value_ = 0;
    for (std::size_t i = 0; i < objects_.size; ++i) {
      double l = parts_.model->evaluate(term_, c, view, i);
      // an object that is impossible at the reference may stand for any value there
      if (!(l > -kInfinity)) l = 0;
      at_reference[i] = l;
      reference_value_ += weight(i) * (l + constant_[i]);
    }
    kernel_ = parts_.model->kernel(term_, parts_.backend, objects_);
  }
  void pointwise(std::span<const double> theta, std::span<double> out) override {
    const auto c = prepared(theta);
    const auto view = objects_.view();
    for (std::size_t i = 0; i < out.size(); ++i) {
      double share = 0;
      out[i] = parts_.model->evaluate(term_, c, view, i, &share) + objects_.column[0][i] + constant_[i];
      if (first_order_) out[i] += 0.5 * share;
    }
  }
  void variance(std::span<const double> theta, std::span<double> v) override {
    std::fill(v.begin(), v.end(), 0.0);
    if (rows_ != VectorRows::samples) return;
    const auto sums = kernel_sums(theta);
    for (std::size_t w = 0; w < v.size(); ++w) v[w] = sums[v.size() + w].value();
  }
  MonteCarloError monte_carlo(std::span<const double> theta) override {
    MonteCarloError error;
    if (rows_ != VectorRows::samples) return error;
    const auto c = prepared(theta);
    const auto view = objects_.view();
    const std::size_t n = objects_.size;
    for (std::size_t i = 0; i < n; ++i) {
      double share = 0;
      const double l = parts_.model->evaluate(term_, c, view, i, &share);
      const auto k = static_cast<double>(parts_.catalog.offsets[i + 1] - parts_.catalog.offsets[i]);
      share *= weight(i);
      if (!(l > -kInfinity)) share = kInfinity;
      const double w = weight(i) * weight(i);
      error.worst.push_back(
          {i, share, w > 0 ? 1 / (share / w + 1 / k) : k, k, std::ceil(share * k * static_cast<double>(n))});
      error.variance += share;
    }
    const std::size_t count = std::min<std::size_t>(10, n);
    std::partial_sort(error.worst.begin(), error.worst.begin() + static_cast<std::ptrdiff_t>(count),
                      error.worst.end(), [](const auto& a, const auto& b) {
                        return a.variance != b.variance ? a.variance > b.variance : a.index < b.index;
                      });
    error.worst.resize(count);
    return error;
  }
  bool by_nodes() const override { return rows_ == VectorRows::nodes; }
  double integration_error(std::span<const double>) const override { return error_; }
  std::uint64_t terms() const override {
    return objects_.offset.empty() ? objects_.size : objects_.offset.back();
  }

 private:
  [[nodiscard]] double weight(std::size_t i) const {
    return parts_.catalog.weight.empty() ? 1 : parts_.catalog.weight[i];
  }
  [[nodiscard]] std::vector<double> prepared(std::span<const double> theta) const {
    std::vector<double> c(static_cast<std::size_t>(coefficients_));
    parts_.model->prepare(term_, parts_.population(theta), parts_.frames, c.data());
    return c;
  }
  /// [output][theta]
  [[nodiscard]] std::vector<FixedSum> kernel_sums(std::span<const double> theta) const {
    const std::size_t d = parts_.dimension, n = theta.size() / d;
    WalkerTable table;
    table.resize(n, coefficients_);
    for (std::size_t w = 0; w < n; ++w) table.set(w, prepared(theta.subspan(w * d, d)));
    std::vector<FixedSum> sums((term_ == VectorTerm::samples ? 2 : 1) * n);
    kernel_->sum(table, sums);
    return sums;
  }

  /// As few nodes per latent as leave an error of the tolerance at most, by what twice as many give.
  void choose_nodes(std::span<const double> c) {
    const std::size_t n = parts_.catalog.size();
    std::vector<double> before;
    for (const int size : kRuleSizes) {
      for (const int nodes : {size, 2 * size}) {
        if (nodes == size && !before.empty() && nodes == last_nodes_) continue;
        auto objects = vector_objects(parts_, VectorRows::nodes, 0, n, nodes);
        const auto view = objects.view();
        std::vector<double> l(n);
        for (std::size_t i = 0; i < n; ++i) l[i] = parts_.model->evaluate(term_, c, view, i);
        if (nodes == 2 * size) {
          error_ = 0;
          for (std::size_t i = 0; i < n; ++i)
            if (l[i] > -kInfinity) error_ = std::max(error_, std::abs(l[i] - before[i]));
          objects.weight.assign(parts_.catalog.weight.begin(), parts_.catalog.weight.end());
          objects_ = std::move(objects);
          if (error_ <= parts_.tolerance) return;
        }
        before = std::move(l);
        last_nodes_ = nodes;
      }
    }
  }

  VectorParts parts_;
  VectorRows rows_;
  bool first_order_;
  VectorTerm term_;
  int coefficients_;
  std::vector<double> constant_;  // what ln L_i has beside what kernels sum
  ObjectTable<double> objects_;
  double reference_value_ = 0, error_ = 0;
  int last_nodes_ = 0;
  std::unique_ptr<LikelihoodKernel> kernel_;
};

}  // namespace

std::unique_ptr<Likelihood> vector_likelihood(const VectorParts& parts, VectorRows rows,
                                              std::span<const double> reference, bool first_order) {
  auto likelihood = std::make_unique<VectorLikelihood>(parts, rows, first_order);
  likelihood->rebase(reference, {});
  return likelihood;
}

}  // namespace starling
