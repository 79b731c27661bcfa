/// The units that kernels work in, and quick figures of a catalog.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/measurement_model.hpp"

namespace starling {

/// A value of mu for every object, where its likelihood is high: what the naive fit takes for the truth.
/// measurement: null for posterior samples, whose medians these are. x, where the catalog lacks the noise.
/// Of every object, or of one in `every`.
std::vector<double> points_of(const MeasurementModel* measurement, const Catalog& catalog,
                              std::size_t every = 1);

/// The same of objects [begin, end).
std::vector<double> points_between(const MeasurementModel* measurement, const Catalog& catalog,
                                   std::size_t begin, std::size_t end);

/// One object in how many is enough for units and quick figures: about a million of a catalog.
std::size_t enough_of(std::size_t objects);

/// Units in which the points are of order one, as far as the model allows: median, and half the width that
/// holds the middle 68 %. A few points far away do not change them much.
Frame frame_of(std::vector<double> points, bool shifts, bool scales);

/// Of one object's posterior samples.
struct SampleMoments {
  double mean;     ///< less the catalog's x, their median
  double squares;  ///< sum of squared deviations from the mean
};
SampleMoments moments_of_samples(const Catalog& catalog, std::size_t object);

/// Variance of the noise (half-width of the likelihood, squared) of one object in `every`, at the
/// measurement's theta.
std::vector<double> noise_variances(const MeasurementModel* measurement,
                                    std::span<const double> measurement_theta, const Catalog& catalog,
                                    std::size_t every = 1);

/// Whether normal noise is the same for all objects.
bool has_one_noise(const MeasurementModel& measurement, const Catalog& catalog);

/// What a quick estimate uses. Where noise differs, the half of the objects with less of it, so that a few of
/// enormous noise (how some catalogs say "not measured") don't spoil it. Empty noise: the naive fit.
Points summary_of(const std::vector<double>& points, const std::vector<double>& noise);
/// The same of a catalog, from enough of its objects. measurement_theta: empty for the naive fit.
Points summary_of(const MeasurementModel* measurement,
                  std::optional<std::span<const double>> measurement_theta, const Catalog& catalog);

/// The share that noise (variances) has in the points' variance, from 0 to 1. Both of any objects; those of
/// enormous noise count once.
double noise_share(const std::vector<double>& points, const std::vector<double>& noise);

/// What must be said of a naive fit of so many objects, which counts noise as width of the population;
/// nothing if that moves the width of a normal population by less than half a posterior sd.
std::vector<std::string> naive_caveat(double noise_share, std::size_t objects);

/// What must be said of a likelihood that is a mean over posterior samples: objects of which there is one, so
/// that V can't know of their scatter. Nothing if those are fewer than one in a hundred.
std::vector<std::string> samples_caveat(const Catalog& catalog);

}  // namespace starling
