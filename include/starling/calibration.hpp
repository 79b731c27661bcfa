/// Simulation-based calibration: whether fits of simulated catalogs find the hyperparameters that the
/// catalogs were drawn with as often as they say (Talts, Betancourt, Simpson, Vehtari & Gelman 2018; Modrak
/// et al. 2023).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "starling/fit.hpp"

namespace starling {

struct CalibrationOptions {
  std::size_t replicates = 200;  ///< catalogs, each with hyperparameters of its own from the prior
  std::size_t objects = 100;     ///< per catalog
  double sigma = 1;              ///< noise of each object; 0, for a naive fit: points without noise
  std::size_t samples = 100;     ///< measurement "samples": posterior samples per object
  std::size_t draws = 99;        ///< independent draws that a truth is ranked among: ranks 0 .. draws
  std::size_t latents = 3;       ///< how many objects' latents are ranked; none in naive and samples fits
  /// The chance that a calibration of a sampler without fault fails, all quantities together.
  double false_alarm = 1e-3;
  std::uint64_t seed = 1;
  int threads = 0;  ///< replicates side by side; 0: as many as there are cores
  /// Ensembles, walkers, steps and moves of each fit; its seed and threads are set for each replicate.
  FitOptions fit;
  /// Draws a catalog given theta and a seed, instead of simulate(): what is calibrated is then the fit with
  /// that simulator's data.
  std::function<Simulation(const std::vector<double>& theta, std::uint64_t seed)> simulator;
  std::function<void(std::size_t done)> progress;  ///< replicates so far, from any thread, one at a time
};

/// The test of a sample of ranks for uniformity on 0 .. draws.
struct RankTest {
  /// How likely a sample of uniform ranks leaves as narrow a band: the exact p-value of the test whose band
  /// is ecdf_band() (Saeilynoja, Buerkner & Vehtari 2022).
  double ecdf_p;
  double chi_square, chi_square_p;  ///< of equal bins with 10 ranks or more each, for information
  std::size_t bins;
};
RankTest test_ranks(std::span<const std::size_t> ranks, std::size_t draws);

/// Bounds that the empirical cumulative distribution of `n` uniform ranks leaves anywhere with a chance of at
/// most `false_alarm`; P(rank <= i) = at[i].
struct EcdfBand {
  std::vector<double> at, lower, upper;  ///< [draws]
};
EcdfBand ecdf_band(std::size_t n, std::size_t draws, double false_alarm);

struct Calibration {
  struct Quantity {
    std::string name;                ///< a hyperparameter, "latent I" or "log_likelihood"
    std::vector<std::size_t> ranks;  ///< [replicate] how many of the draws are below the truth
    RankTest test;
    bool uniform;         ///< whether ecdf_p is above the chance that is allowed to one quantity
    std::string finding;  ///< what the shape of the ranks says, where they are not uniform
  };
  std::string method, population, measurement;
  std::vector<std::string> parameters, priors;
  std::size_t replicates, objects, draws;
  double sigma, false_alarm;
  std::size_t short_fits;  ///< that had fewer independent draws than were ranked among
  std::vector<Quantity> quantities;
  EcdfBand band;  ///< at the chance that is allowed to one quantity

  [[nodiscard]] bool passed() const;
};

/// Draws theta from the prior, a catalog given theta, and fits it; many times over. Pure function of its
/// arguments. Throws InputError for a measurement that cannot be simulated.
Calibration calibrate(const Model& model, Method method, const CalibrationOptions& options = {});

std::ostream& operator<<(std::ostream& out, const Calibration& calibration);
std::string to_json(const Calibration& calibration);

}  // namespace starling
