// Objects with several latents, as kernels read them.
#include <algorithm>
#include <cmath>
#include <span>

#include "models/frames.hpp"
#include "models/quadrature_rules.hpp"
#include "models/vector_pair.hpp"
#include "starling/error.hpp"

namespace starling {
namespace {

double value_of(const Catalog& catalog, const Column& column, std::size_t i) {
  const auto at = [&](std::span<const double> values) {
    return values.empty() ? column.missing : values[values.size() == 1 ? 0 : i];
  };
  if (column.role == "x") return at(catalog.x);
  if (column.role == "sigma") return at(catalog.sigma);
  const auto found = catalog.columns.find(column.role);
  return found == catalog.columns.end() ? column.missing : at(found->second);
}

/// Nodes of the integral over mu, weighted by the likelihood: mu, and minus the logarithm of the weight.
/// Gauss-Legendre in coordinates in which the noise is of unit width and uncorrelated, within nine widths.
void add_nodes(const VectorParts& parts, const VectorRow& row, const Rule& plain, std::vector<double>& out) {
  constexpr double reach = 9;
  const auto numbers = parts.model->point_and_covariance(row, parts.frames);
  const int d = static_cast<int>(parts.latents());
  auto factor = std::vector<double>(numbers.begin() + d, numbers.end());
  cholesky(factor.data(), d);
  const auto l = [&](int j, int k) { return factor[static_cast<std::size_t>(packed(j, k))]; };
  double from = -reach, width = 2 * reach;
  if (d == 1) {  // the density may end at a limit
    const auto [lower, upper] = parts.model->support();
    const double low = (lower - numbers[0]) * l(0, 0), high = (upper - numbers[0]) * l(0, 0);
    from = std::max(-reach, low);
    if (from >= high) from = std::max(low, high - reach);
    width = std::min(std::max(reach, from + reach), high) - from;
  }
  const auto count = plain->t.size();
  for (std::size_t a = 0; a < (d == 2 ? count : 1); ++a)
    for (std::size_t b = 0; b < count; ++b) {
      const std::size_t at[2] = {d == 2 ? a : b, b};
      double u[2] = {}, log_weight = 0;
      for (int j = 0; j < d; ++j) {
        u[j] = from + width * plain->t[at[j]];
        log_weight += plain->log_weight[at[j]] + std::log(width) - 0.5 * u[j] * u[j] - 0.91893853320467274178;
      }
      // mu = x + L u; d mu = |L| du, which the density of the noise has, too
      for (int j = 0; j < d; ++j) {
        double mu = numbers[static_cast<std::size_t>(j)] + u[j] / l(j, j);
        for (int k = 0; k < j; ++k) mu += l(j, k) * u[k];
        out.push_back(mu);
      }
      out.push_back(-log_weight);
    }
}

}  // namespace

VectorRow vector_row(const VectorModel& model, const Catalog& catalog, std::size_t i) {
  VectorRow row;
  for (const Column& column : model.columns()) row.values.push_back(value_of(catalog, column, i));
  for (const ArrayColumn& array : model.arrays()) {
    const auto& values = catalog.arrays.at(array.role);
    const std::size_t each = values.size() / catalog.size();
    row.arrays.push_back(std::span(values).subspan(i * each, each));
  }
  return row;
}

std::vector<double> covariates_of(const VectorModel& model, const Catalog& catalog, std::size_t i) {
  std::vector<double> values;
  for (const Column& column : model.covariates()) values.push_back(value_of(catalog, column, i));
  return values;
}

std::vector<double> vector_point(const VectorParts& parts, std::size_t i) {
  const std::size_t d = parts.latents();
  std::vector<double> point(d);
  if (!parts.sampled) {
    parts.model->start(vector_row(*parts.model, parts.catalog, i), point);
    return point;
  }
  const std::size_t begin = parts.catalog.offsets[i], end = parts.catalog.offsets[i + 1];
  std::vector<double> own(end - begin);
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t k = begin; k < end; ++k) own[k - begin] = parts.catalog.samples[k * d + j];
    const auto middle = own.begin() + static_cast<std::ptrdiff_t>(own.size() / 2);
    std::nth_element(own.begin(), middle, own.end());
    point[j] = *middle;
  }
  return point;
}

ObjectTable<double> vector_objects(const VectorParts& parts, VectorRows rows, std::size_t begin,
                                   std::size_t end, int nodes) {
  const Catalog& catalog = parts.catalog;
  const std::size_t d = parts.latents();
  ObjectTable<double> objects;
  objects.size = end - begin;
  objects.first = begin;
  objects.latents = static_cast<std::uint32_t>(d);
  objects.column[0].assign(objects.size, 0.0);
  objects.offset.push_back(0);
  auto& out = objects.sample[0];
  const Rule plain = rows == VectorRows::nodes ? rule(RuleKind::smooth, nodes) : nullptr;
  const auto add = [&](std::span<const double> values) {
    out.insert(out.end(), values.begin(), values.end());
  };
  for (std::size_t i = begin; i < end; ++i) {
    const auto point = vector_point(parts, i);
    for (std::size_t j = 0; j < d; ++j) out.push_back(parts.frames[j].to(point[j]));
    add(covariates_of(*parts.model, catalog, i));
    const auto row = parts.sampled ? VectorRow{} : vector_row(*parts.model, catalog, i);
    switch (rows) {
      case VectorRows::points:
        break;
      case VectorRows::covariances: {
        const auto numbers = parts.model->point_and_covariance(row, parts.frames);
        std::vector<double> covariance(numbers.begin() + static_cast<std::ptrdiff_t>(d), numbers.end());
        add(covariance);
        cholesky(covariance.data(), static_cast<int>(d));
        for (int j = 0; j < static_cast<int>(d); ++j) {
          auto& diagonal = covariance[static_cast<std::size_t>(packed(j, j))];
          diagonal = 1 / diagonal;
        }
        add(covariance);
        break;
      }
      case VectorRows::samples:
        for (std::size_t k = catalog.offsets[i]; k < catalog.offsets[i + 1]; ++k) {
          for (std::size_t j = 0; j < d; ++j) out.push_back(parts.frames[j].to(catalog.samples[k * d + j]));
          out.push_back(catalog.log_interim.empty() ? 0 : catalog.log_interim[k]);
        }
        break;
      case VectorRows::nodes:
        add_nodes(parts, row, plain, out);
        break;
      case VectorRows::numbers:
        add(parts.model->numbers(row, parts.frames));
        break;
    }
    objects.offset.push_back(out.size());
  }
  return objects;
}

}  // namespace starling
