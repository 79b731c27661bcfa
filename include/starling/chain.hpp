/// The chain: what a fit returns, what a chain file holds, and what every reader of chains works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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
  /// ln L_i of every object is kept for every so-many-th draw; 0: for none.
  [[nodiscard]] std::size_t log_likelihood_every() const;
  /// Whether a sweep becomes a draw for which it is kept: draws e - 1, 2 e - 1, ...
  [[nodiscard]] bool keeps_log_likelihood(std::size_t sweep) const;
};

/// Consecutive sweeps, burn-in included, as the sampler hands them out.
struct ChainBlock {
  std::size_t first_sweep = 0, sweeps = 0;
  std::vector<double> theta;          ///< [sweep][chain][parameter] at the end of each sweep
  std::vector<double> theta_centred;  ///< joint: the same before the non-centred step; else empty
  std::vector<double>
      lp;  ///< [sweep][chain] ln p(theta | data), for joint ln p(theta, latents | data), up to a constant
  std::vector<float> acceptance;  ///< [sweep][chain] fraction of the sweep's theta moves that were accepted
  /// ln L_i of every object, of the sweeps that become a draw for which it is kept: [sweep][chain][object]
  std::vector<float> log_likelihood = {};
};

/// The draws of a block for which ln L_i is kept, counted from 0 over the run.
std::vector<std::size_t> log_likelihood_draws(const ChainHeader& header, const ChainBlock& block);

/// Mean and standard deviation of every latent over all kept draws of all walkers (joint fits).
struct LatentMoments {
  std::vector<double> mean, sd;         ///< [N], or [N][component] of several latents per object
  std::vector<std::string> names = {};  ///< of the components; empty: one
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
  /// ln L_i of every object for the draws e - 1, 2 e - 1, ... with e = header.log_likelihood_every():
  /// [chain][draw][object]. Else empty.
  std::vector<float> log_likelihood = {};
  Catalog observed;  ///< the catalog, or only its source and hash where it was too large to keep

  /// All draws of one parameter, [chain][draw].
  [[nodiscard]] const double* values(std::size_t parameter) const {
    return theta.data() + parameter * header.chains() * draws;
  }
};

/// Takes the bytes of a run's state in order, piece by piece; and gives them back so.
using SaveBytes = std::function<void(const void* bytes, std::size_t size)>;
using LoadBytes = std::function<void(void* bytes, std::size_t size)>;

/// Takes the blocks of a run as they come. The sampler knows nothing else of storage.
class ChainSink {
 public:
  virtual ~ChainSink() = default;
  virtual void begin(const ChainHeader& header, const Catalog& catalog) = 0;
  virtual void append(const ChainBlock& block) = 0;  ///< in order, without gaps
  virtual void finish(const ChainResults& results) = 0;
  /// After the sweeps that were appended: `save` hands out the state of the run, from which fit() goes on bit
  /// for bit. A sink that keeps no checkpoints doesn't call it.
  virtual void checkpoint(const std::function<void(const SaveBytes&)>& save);
  /// Whether it wants one before finish() too, from which a whole run can be extended.
  [[nodiscard]] virtual bool keeps_last_checkpoint() const { return false; }
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
  bool keep_checkpoint =
      false;  ///< leave journal and checkpoint after a whole run, so that it can be extended
};

/// Writes a chain file (NetCDF-4, ArviZ InferenceData layout); docs/file-formats.md says how. Blocks go to
/// `path`.journal as they come; `path` itself is replaced as a whole, from time to time and at the end,
/// so that a crash at any moment leaves a file that opens. Memory does not grow with the number of blocks.
std::unique_ptr<ChainSink> chain_file(const std::filesystem::path& path,
                                      const ChainFileOptions& options = {});

/// A run that was interrupted or killed, or may be extended, as it lies beside its chain file. While one of
/// these or its sink lives, no other process can write the run.
class StoppedRun {
 public:
  virtual ~StoppedRun() = default;
  [[nodiscard]] virtual const ChainHeader& header() const = 0;
  /// The fitted catalog, or only its source and hash where it was too large to keep.
  [[nodiscard]] virtual const Catalog& observed() const = 0;
  /// Sweeps that are saved, burn-in included: those of the checkpoint it goes on from; 0: it begins anew.
  [[nodiscard]] virtual std::size_t sweeps() const = 0;
  /// Whether the run went to its end.
  [[nodiscard]] virtual bool complete() const = 0;
  /// What must be said of it: a checkpoint that is damaged.
  [[nodiscard]] virtual const std::vector<std::string>& notes() const = 0;
  /// Makes it a run of so many steps, with these attributes in place of the header's own of the same name.
  virtual void extend(std::size_t steps, const std::map<std::string, std::string>& attributes) = 0;
  /// Makes the chain file of a run that is complete, and removes what isn't needed any more.
  virtual void close() = 0;
  /// Where fit() puts the rest of the run.
  [[nodiscard]] virtual ChainSink& sink() = 0;
  /// The state to give to fit(); empty if it begins anew.
  [[nodiscard]] virtual LoadBytes state() = 0;
};

/// Opens the run that was to become the chain file `path`. Throws InputError if there is none that could go
/// on, RunError if another process is writing it.
std::unique_ptr<StoppedRun> stopped_run(const std::filesystem::path& path);

/// How much of a chain file is read into memory.
enum class ChainParts {
  header,  ///< what is known without the draws
  draws,   ///< and the draws
  all,     ///< and theta of every sweep, which only a replay of latents needs
};

/// Reads a chain file. Throws InputError if it is not one.
Chain read_chain(const std::filesystem::path& path, ChainParts parts = ChainParts::all);

}  // namespace starling
