// The probability that an object of the population is in the catalog.
#include "models/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/parallel.hpp"
#include "models/quadrature.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What P_det (or its logarithm) becomes in the likelihood.
class Factor : public SelectionFactor {
 public:
  Factor(const Selection& selection, Selected selected) : selection_(selection), selected_(selected) {}

 protected:
  [[nodiscard]] double log_factor_of(double p, std::span<const double> theta) const {
    if (!(p > 0)) return -kInfinity;
    if (!selection_.rate) return -selected_.number * std::log(p);
    const double rate = theta[selected_.dimension - 1];
    return selected_.number * std::log(rate) - rate * p;
  }
  Selection selection_;
  Selected selected_;
};

/// Nothing is selected: P_det = 1.
class Everything final : public Factor {
 public:
  using Factor::Factor;
  void log_factor(std::span<const double> theta, std::span<double> out) override {
    const std::size_t d = selected_.dimension;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = log_factor_of(1, theta.subspan(i * d, d));
  }
  bool cheap() const override { return true; }
  Error error(std::span<const double>) override { return {0, kInfinity}; }
  double detected(std::span<const double>) override { return 1; }
};

Selected selected_of(const Parts& parts) {
  return {number_of_objects(parts.catalog), parts.dimension};
}

/// Quadrature of p(mu | theta) p_det(mu), or its closed form: a threshold on a normal population through
/// normal noise. Where p_det depends on an object's noise, ln P_det is needed for every object; as a function
/// of the one column that differs from object to object it is smooth, and is summed over the objects through
/// its values at Chebyshev nodes.
class ByQuadrature final : public Factor {
 public:
  ByQuadrature(const Parts& parts, const Selection& selection)
      : Factor(selection, selected_of(parts)), parts_(parts) {
    if (selection.kind == Selection::Kind::threshold) {
      prepare_rows();
    } else {
      rows_ = {Rows::Values{}};
      share_ = {selected_.number};
    }
  }
  bool cheap() const override { return closed_form(); }

  void log_factor(std::span<const double> theta, std::span<double> out) override {
    parallel_for(out.size(), parts_.backend.threads, 4,
                 [&](std::size_t i) { out[i] = one(theta.subspan(i * parts_.dimension, parts_.dimension)); });
  }
  Error error(std::span<const double>) override { return {0, kInfinity}; }
  double detected(std::span<const double> theta) override {
    // the mean over the objects where noise differs
    double sum = 0, shares = 0;
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      sum += share_[j] * probability(theta, rows_[j]);
      shares += share_[j];
    }
    return sum / shares;
  }

 private:
  double one(std::span<const double> theta) const {
    if (selection_.rate) return log_factor_of(probability(theta, rows_[0]), theta);
    double sum = 0;
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      const double p = probability(theta, rows_[j]);
      if (!(p > 0)) return -kInfinity;
      sum -= share_[j] * std::log(p);
    }
    return sum;
  }

  [[nodiscard]] bool closed_form() const {
    return selection_.kind == Selection::Kind::threshold && parts_.population->is_normal() &&
           parts_.measurement->normal_like();
  }
  double probability(std::span<const double> theta, const Rows::Values& row) const {
    if (closed_form()) {
      auto limit = row;
      limit[0] = selection_.a;
      const auto datum = parts_.measurement->datum(limit, parts_.frame);
      const auto t = framed(theta);
      const double variance =
          t[1] * t[1] +
          parts_.measurement->variance(parts_.measurement->prepare(noise(theta), parts_.frame), datum);
      return 0.5 * std::erfc((datum.center - t[0]) / std::sqrt(2 * variance));
    }
    return expectation(
        *parts_.population, framed(theta),
        [&](double mu) { return p_det(parts_.frame.from(mu), noise(theta), row); }, features(row));
  }

  [[nodiscard]] double p_det(double mu, std::span<const double> noise_theta, const Rows::Values& row) const {
    switch (selection_.kind) {
      case Selection::Kind::threshold:
        return parts_.measurement->probability_above(noise_theta, row, mu, selection_.a);
      default:
        return detection_probability(selection_, mu);
    }
  }
  /// Places (in the frame) where p_det changes quickly.
  [[nodiscard]] std::vector<double> features(const Rows::Values& row) const {
    std::vector<double> at;
    const auto around = [&](double center, double width) {
      for (const double k : {-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0})
        at.push_back(parts_.frame.to(center + k * std::abs(width)));
    };
    if (selection_.kind == Selection::Kind::logistic) around(selection_.a, selection_.b);
    if (selection_.kind == Selection::Kind::table)
      for (const double x : selection_.mu) at.push_back(parts_.frame.to(x));
    if (selection_.kind == Selection::Kind::threshold) {
      auto shifted = row;
      shifted[0] = selection_.a;
      const auto datum = parts_.measurement->datum(shifted, Frame{});
      const std::vector<double> any(parts_.measurement_dimension, 1.0);
      around(datum.center,
             likelihood_width(*parts_.measurement, parts_.measurement->prepare(any, Frame{}), datum));
    }
    return at;
  }

  void prepare_rows() {
    if (!parts_.measurement || !parts_.measurement->has_probability_above())
      throw InputError(
          "a threshold on x needs a measurement that says how x scatters; give p_det by logistic, table or "
          "injections");
    const Rows rows(*parts_.measurement, parts_.catalog);
    const std::size_t n = parts_.catalog.size();
    const auto columns = parts_.measurement->columns();
    std::size_t varies = 0;
    for (std::size_t j = 1; j < columns.size(); ++j)
      for (std::size_t i = 1; i < n; ++i)
        if (rows[i][j] != rows[0][j]) {
          if (varies != 0 && varies != j)
            throw InputError(
                fmt::format("a threshold on x with both {} and {} different from object to object is not "
                            "available: give p_det by table or injections",
                            columns[varies].role, columns[j].role));
          varies = j;
          break;
        }
    if (varies == 0) {
      rows_ = {rows[0]};
      share_ = {selected_.number};
      return;
    }
    if (selection_.rate)
      throw InputError(
          fmt::format("a Poisson rate needs the same {} for all objects: the objects that were not seen have "
                      "one, too",
                      columns[varies].role));
    double lowest = kInfinity, highest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      lowest = std::min(lowest, rows[i][varies]);
      highest = std::max(highest, rows[i][varies]);
    }
    // Lagrange weights of all objects at Chebyshev nodes in the logarithm of the column
    constexpr std::size_t nodes = 24;
    const double middle = 0.5 * std::log(highest * lowest), half = 0.5 * std::log(highest / lowest);
    std::vector<double> at(nodes), barycentric(nodes);
    for (std::size_t k = 0; k < nodes; ++k) {
      const double angle = 3.14159265358979323846 * (static_cast<double>(k) + 0.5) / nodes;
      at[k] = std::cos(angle);
      barycentric[k] = (k % 2 == 0 ? 1 : -1) * std::sin(angle);
    }
    share_.assign(nodes, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const double w = parts_.catalog.weight.empty() ? 1 : parts_.catalog.weight[i];
      const double x = (std::log(rows[i][varies]) - middle) / half;
      double sum = 0;
      std::array<double, nodes> part;
      std::size_t exact = nodes;
      for (std::size_t k = 0; k < nodes; ++k) {
        if (x == at[k]) exact = k;
        sum += part[k] = barycentric[k] / (x - at[k]);
      }
      for (std::size_t k = 0; k < nodes; ++k)
        share_[k] += exact < nodes ? (k == exact ? w : 0) : w * part[k] / sum;
    }
    for (std::size_t k = 0; k < nodes; ++k) {
      auto row = rows[0];
      row[varies] = std::exp(middle + half * at[k]);
      rows_.push_back(row);
    }
  }

  [[nodiscard]] std::vector<double> framed(std::span<const double> theta) const {
    return parts_.framed(theta);
  }
  [[nodiscard]] std::span<const double> noise(std::span<const double> theta) const {
    return theta.subspan(parts_.population_dimension, parts_.measurement_dimension);
  }

  Parts parts_;
  std::vector<Rows::Values> rows_;
  std::vector<double> share_;  // of the objects that each row stands for
};

/// Importance sampling over injections.
class ByInjections final : public Factor {
 public:
  ByInjections(InjectionSums sums, const Selection& selection, Selected selected)
      : Factor(selection, selected), sums_(std::move(sums)) {}

  void log_factor(std::span<const double> theta, std::span<double> out) override {
    const std::size_t n = out.size(), d = selected_.dimension;
    WalkerTable table;
    table.resize(n, sums_.coefficients);
    for (std::size_t i = 0; i < n; ++i) table.set(i, sums_.prepared(theta.subspan(i * d, d)));
    std::vector<FixedSum> sums(2 * n);
    sums_.kernel->sum(table, sums);
    for (std::size_t i = 0; i < n; ++i)
      out[i] = log_factor_of(sums[i].value() / selection_.injected, theta.subspan(i * d, d));
  }
  bool cheap() const override { return false; }
  double detected(std::span<const double> theta) override {
    return sums_.in_double(sums_.prepared(theta)).first / selection_.injected;
  }
  Error error(std::span<const double> theta) override {
    const auto [sum, squares] = sums_.in_double(sums_.prepared(theta));
    const double m = selection_.injected, p = sum / m, s2 = squares / (m * m) - p * p / m;
    // d ln L / d ln P_det
    const double slope = selection_.rate ? theta[selected_.dimension - 1] * p : selected_.number;
    return {slope * slope * s2 / (p * p), p * p / s2};
  }

 private:
  InjectionSums sums_;
};

/// Of one latent per object.
InjectionSums injection_sums(const Parts& parts, const Selection& selection) {
  ObjectTable<double> objects;
  const std::size_t m = selection.mu.size();
  for (std::size_t k = 0; k < m; ++k) {
    objects.sample[0].push_back(parts.frame.to(selection.mu[k]));
    objects.sample[2].push_back(selection.value[k] + std::log(parts.frame.scale));
  }
  for (std::size_t k = 0; k < m; k += kInjectionRun) objects.offset.push_back(k);
  objects.size = objects.offset.size();
  objects.offset.push_back(m);
  objects.column[0].assign(objects.size, 0.0);
  InjectionSums sums;
  sums.coefficients = parts.population->prepared_size();
  sums.prepared = [parts](std::span<const double> theta) {
    return parts.population->prepared(parts.framed(theta));
  };
  sums.kernel = parts.population->kernel(Term::injections, parts.backend, objects);
  sums.in_double = [population = parts.population, mu = std::move(objects.sample[0]),
                    log_draw = std::move(objects.sample[2])](std::span<const double> prepared) {
    std::vector<double> l(mu.size());
    population->log_density(prepared, mu, l);
    double sum = 0, squares = 0;
    for (std::size_t k = 0; k < l.size(); ++k) {
      const double w = std::exp(l[k] - log_draw[k]);
      sum += w;
      squares += w * w;
    }
    return std::pair(sum, squares);
  };
  return sums;
}

}  // namespace

double detection_probability(const Selection& selection, double mu) {
  if (selection.kind == Selection::Kind::logistic)
    return 1 / (1 + std::exp(-(mu - selection.a) / selection.b));
  const auto& x = selection.mu;
  const auto& p = selection.value;
  if (mu <= x.front()) return p.front();
  if (mu >= x.back()) return p.back();
  const auto k = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), mu) - x.begin());
  return p[k - 1] + (p[k] - p[k - 1]) * (mu - x[k - 1]) / (x[k] - x[k - 1]);
}

double number_of_objects(const Catalog& catalog) {
  if (catalog.weight.empty()) return static_cast<double>(catalog.size());
  double sum = 0;
  for (const double w : catalog.weight) sum += w;
  return sum;
}

std::unique_ptr<SelectionFactor> injection_factor(InjectionSums sums, const Selection& selection,
                                                  Selected selected) {
  return std::make_unique<ByInjections>(std::move(sums), selection, selected);
}

std::unique_ptr<SelectionFactor> rate_factor(const Selection& selection, Selected selected) {
  return std::make_unique<Everything>(selection, selected);
}

std::unique_ptr<SelectionFactor> selection_factor(const Parts& parts, const Selection& selection) {
  if (!selection.any()) return nullptr;
  if (selection.kind == Selection::Kind::none) return rate_factor(selection, selected_of(parts));
  if (selection.kind == Selection::Kind::injections)
    return injection_factor(injection_sums(parts, selection), selection, selected_of(parts));
  return std::make_unique<ByQuadrature>(parts, selection);
}

}  // namespace starling
