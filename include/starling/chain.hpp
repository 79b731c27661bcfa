/// The chain: what a fit returns, what a chain file holds, and what every reader of chains works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "starling/catalog.hpp"

namespace starling {

/// What is known of a run before its first step. One chain is one walker of one ensemble: chain = ensemble *
/// walkers + walker.
struct ChainHeader {
  std::string method;                   ///< "naive", "marginal" or "joint"
  std::string population, measurement;  ///< names as on the command line
  std::string integral;                 ///< marginal: "exact" or "samples"; else ""
  std::string latent_update;            ///< joint: "exact" or "metropolis"; else ""
  std::vector<std::string> parameters;  ///< names of theta, fixed ones included
  std::vector<std::string> priors;      ///< their priors, as text
  std::size_t ensembles = 0, walkers = 0;
  std::size_t burn_in = 0, steps = 0, thin = 1;  ///< in sweeps; draws kept = steps / thin
  std::uint64_t seed = 0;
  bool interweaving = false;
  std::string device;                             ///< where it ran, in words
  std::map<std::string, std::string> attributes;  ///< anything else needed to run it again, as text

  [[nodiscard]] std::size_t chains() const { return ensembles * walkers; }
  /// Whether a sweep (counted from 0, burn-in included) becomes a draw: the last of every `thin` after
  /// burn-in. Draw j is sweep burn_in + (j + 1) * thin - 1.
  [[nodiscard]] bool keeps(std::size_t sweep) const {
    return sweep >= burn_in && (sweep - burn_in + 1) % thin == 0;
  }
};

/// Consecutive sweeps, burn-in included, as the sampler hands them out.
struct ChainBlock {
  std::size_t first_sweep = 0, sweeps = 0;
  std::vector<double> theta;          ///< [sweep][chain][parameter] at the end of each sweep
  std::vector<double> theta_centred;  ///< joint: the same before the non-centred step; else empty
  std::vector<double>
      lp;  ///< [sweep][chain] ln p(theta | data), for joint ln p(theta, latents | data), up to a constant
  std::vector<float> acceptance;  ///< [sweep][chain] fraction of the sweep's theta moves that were accepted
};

/// Mean and standard deviation of every latent over all kept draws of all walkers (joint fits).
struct LatentMoments {
  std::vector<double> mean, sd;  ///< [N]
};

/// The Monte Carlo error of an importance-sampled likelihood (samples fits).
struct MonteCarloError {
  struct Object {
    std::size_t index;       ///< row of the catalog
    double variance;         ///< its share of V
    double n_eff;            ///< (sum w)^2 / sum w^2
    double samples, needed;  ///< how many it has, and how many would bring its share under 1 / N
  };
  double variance = 0;        ///< V at the posterior mean
  std::vector<Object> worst;  ///< the ten largest shares, largest first
  std::vector<double>
      expected_bias;  ///< per parameter, in posterior sd, first order: -Cov(theta, V / 2) / sd
};

/// What is known at the end.
struct ChainResults {
  bool complete = false;  ///< false: interrupted, the draws so far are valid
  std::size_t steps =
      0;  ///< where a run ended before the steps of its header, as it was to: how many it made
  LatentMoments latents;                          ///< joint only
  MonteCarloError monte_carlo;                    ///< samples only
  std::map<std::string, std::string> attributes;  ///< more results as text, such as sampling_seconds
};

/// A whole chain in memory.
struct Chain {
  ChainHeader header;
  ChainResults results;
  std::size_t draws = 0;          ///< kept per chain
  std::vector<double> theta;      ///< [parameter][chain][draw]
  std::vector<double> lp;         ///< [chain][draw]
  std::vector<float> acceptance;  ///< [chain][draw]
  /// Joint: theta of every sweep, burn-in included, at its end and before its non-centred step,
  /// [sweep][chain][parameter]; from them latents are replayed. Else empty.
  std::vector<double> sweep_theta, sweep_theta_centred;
  Catalog observed;  ///< the catalog, or only its source and hash where it was too large to keep

  /// All draws of one parameter, [chain][draw].
  [[nodiscard]] const double* values(std::size_t parameter) const {
    return theta.data() + parameter * header.chains() * draws;
  }
};

/// Takes the blocks of a run as they come. The sampler knows nothing else of storage.
class ChainSink {
 public:
  virtual ~ChainSink() = default;
  virtual void begin(const ChainHeader& header, const Catalog& catalog) = 0;
  virtual void append(const ChainBlock& block) = 0;  ///< in order, without gaps
  virtual void finish(const ChainResults& results) = 0;
};

/// Keeps the chain in memory.
class MemorySink : public ChainSink {
 public:
  void begin(const ChainHeader& header, const Catalog& catalog) override;
  void append(const ChainBlock& block) override;
  void finish(const ChainResults& results) override;
  [[nodiscard]] Chain take();

 private:
  Chain chain_;
  std::vector<ChainBlock> blocks_;
};

struct ChainFileOptions {
  bool keep_warmup = false;  ///< write the group warmup_posterior too
  std::size_t observed_limit =
      1'000'000;  ///< catalogs of more objects are kept as a reference (path and hash)
};

/// Writes a chain file (NetCDF-4, ArviZ InferenceData layout); docs/file-formats.md says how. Blocks go to
/// `path`.journal as they come; `path` itself is replaced as a whole, from time to time and at the end,
/// so that a crash at any moment leaves a file that opens. Memory does not grow with the number of blocks.
std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path,
                                      const ChainFileOptions& options = {});

/// How much of a chain file is read into memory.
enum class ChainParts {
  header,  ///< what is known without the draws
  draws,   ///< and the draws
  all,     ///< and theta of every sweep, which only a replay of latents needs
};

/// Reads a chain file. Throws InputError if it is not one.
Chain read_chain(const std::filesystem::path& path, ChainParts parts = ChainParts::all);

}  // namespace starling
