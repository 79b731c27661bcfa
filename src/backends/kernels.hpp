/// The interface between the sampler, which drives, and the backends, which compute: one call per half-sweep
/// of a likelihood, one call per sweep of the latents. All numbers are in the kernels' units (Frame).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/state.hpp"
#include "formulas/latents.hpp"
#include "formulas/objects.hpp"
#include "starling/sum.hpp"

namespace starling {

/// Rows of coefficients, one column per walker, in double; each backend rounds them to its real type.
struct WalkerTable {
  std::uint64_t walkers = 0;
  int coefficients = 0;
  std::vector<double> values;  ///< [coefficient][walker]

  void resize(std::uint64_t n, int count) {
    walkers = n;
    coefficients = count;
    values.resize(n * static_cast<std::uint64_t>(count));
  }
  void set(std::uint64_t walker, std::span<const double> column, int first = 0) {
    for (std::size_t j = 0; j < column.size(); ++j)
      values[(static_cast<std::size_t>(first) + j) * walkers + walker] = column[j];
  }
  /// The same in another real type, rows of `stride` numbers: the last walker is repeated. `out` holds stride
  /// * coefficients numbers, [coefficient][walker].
  template <class S>
  void pad(std::uint64_t stride, S* out) const {
    for (std::uint64_t c = 0; c < static_cast<std::uint64_t>(coefficients); ++c)
      for (std::uint64_t w = 0; w < stride; ++w)
        out[c * stride + w] = static_cast<S>(values[c * walkers + std::min(w, walkers - 1)]);
  }
};

/// Sums a term over all objects for many walkers.
class LikelihoodKernel {
 public:
  virtual ~LikelihoodKernel() = default;
  /// out: [output][walker]. On the CPU it may be called from several threads at once.
  virtual void sum(const WalkerTable& walkers, std::span<FixedSum> out) = 0;
};

/// Owns the latents of all chains.
class LatentKernel {
 public:
  virtual ~LatentKernel() = default;
  /// out: [sum][chain], untouched where step.sums() is false.
  virtual void sweep(const LatentStep& step, const WalkerTable& walkers, std::span<FixedSum> out) = 0;
  /// Steps of LatentStep::Collect::drawn, one after the other, each with walkers of its own.
  virtual void draw(std::span<const LatentStep> steps, std::span<const WalkerTable> walkers) {
    for (std::size_t k = 0; k < steps.size(); ++k) sweep(steps[k], walkers[k], {});
  }
  /// A sum over the latents as they are, for the chains of the groups that are wanted (of kGroup chains each;
  /// empty: all). out: [chain], untouched elsewhere.
  virtual void sum(LatentSum what, const WalkerTable& walkers, std::span<const std::uint8_t> groups,
                   std::span<FixedSum> out) = 0;
  /// Adapts the scales from the acceptance counts of the last sweep.
  virtual void adapt(double gain, double trials) = 0;
  /// Sums over chains and sweeps of mu - x and its square, per object.
  virtual void moments(std::span<double> sum, std::span<double> squares) = 0;
  virtual void scales(std::span<double> out) = 0;
  /// The latents as they are, [latent][chain].
  virtual void latents(std::span<double> out) = 0;
  /// Saves or restores what goes from sweep to sweep: latents, moments, scales. Between sweeps, after adapt.
  /// CPU and CUDA lay it out alike: latents [object][padded chain], moments [group][sum, squares][object].
  virtual void state(State& state) = 0;
};

enum class BackendKind { reference, cpu, cuda };

struct Backend {
  BackendKind kind = BackendKind::cpu;
  int cuda_device = 0;
  int threads = 1;
  std::string description;  ///< in words, for people and the chain file
};

/// Chooses a backend for `device` ("auto", "cpu", "cuda", "cuda:K", "reference") with at least `bytes` of
/// device memory. `auto` falls back to the CPU with a note that says why; `cuda` throws RunError with the
/// same reason.
Backend choose_backend(const std::string& device, int threads, std::uint64_t bytes,
                       const std::function<void(const std::string&)>& note);

struct LatentSetup {
  std::uint64_t chains = 0;
  std::vector<double> scale;  ///< [N] first proposal scales; empty for exact draws
  bool kept = true;           ///< false: latents are drawn anew whenever they are asked for, by
                              ///< LatentStep::Collect::drawn, and nothing else is asked for
};

}  // namespace starling
