// Estimates what a run will need before it starts.
#include <fmt/format.h>

#include "formulas/layout.hpp"
#include "models/definition.hpp"
#include "sampler/options.hpp"
#include "sampler/recorder.hpp"
#include "starling/fit.hpp"

namespace starling {
namespace {

/// Numbers of a catalog: all, and those of them that lie on disk.
struct CatalogNumbers {
  std::size_t all = 0, on_disk = 0;
  void add(std::size_t count) {
    all += count;
    if (Numbers::on_disk(count)) on_disk += count;
  }
};

/// What a fit holds: objects, their posterior samples, numbers of the catalog, how many kernels see it, and
/// whether latents go from sweep to sweep.
struct Holdings {
  std::size_t objects, samples;
  CatalogNumbers numbers;
  std::size_t kernels;
  bool keeps_latents;
};

CatalogNumbers numbers_of(const Catalog& catalog, std::size_t samples) {
  CatalogNumbers numbers;
  for (const auto* values : {&catalog.x, &catalog.sigma, &catalog.weight, &catalog.log_interim})
    numbers.add(values->size());
  for (const auto& [role, values] : catalog.columns) numbers.add(values.size());
  numbers.add(samples);
  return numbers;
}

MemoryPlan plan_of(const Model& model, const Holdings& holdings, Method method, const FitOptions& options) {
  const std::size_t objects = holdings.objects, samples = holdings.samples;
  const std::uint64_t n = objects, chains = options.ensembles * options.walkers,
                      d = model.parameters().size();
  const bool joint = method == Method::joint;
  // of several latents per object, with a covariance and its factor
  const std::uint64_t each = model.definition().latents().size(),
                      numbers = each == 1 ? 1 : each * (each + 1) / 2;
  const std::uint64_t columns = holdings.kernels * (2 * n * numbers + 3 * samples);
  const std::uint64_t kept = joint && holdings.keeps_latents ? n * each : 0,
                      latents = kept * latent_row(chains) * sizeof(float),
                      on_device = kept * padded(chains) * sizeof(float);
  const std::uint64_t per_object =
      joint ? groups_of(chains) * n * (each * 2 * sizeof(double) + numbers * sizeof(float)) : 0;
  // nodes of a quadrature, about so many for most objects; in double, a few times over, while they are made
  const std::string integral = model.definition().integral_of(options);
  const std::uint64_t nodes =
      method == Method::marginal && integral == "quadrature" && samples == 0 ? 32 * n : 0;
  const std::uint64_t catalog = (holdings.numbers.all - holdings.numbers.on_disk) * sizeof(double),
                      catalog_on_disk = holdings.numbers.on_disk * sizeof(double);
  // of a catalog that is not too large, which the chain keeps; and twice more while it is written
  const std::uint64_t observed = objects <= ChainFileOptions{}.observed_limit
                                     ? 3 * (holdings.numbers.all - samples) * sizeof(double)
                                     : 0;
  // a block of the chain and its last sweep, in memory a few times over while it is written
  const std::uint64_t likelihoods =
      options.log_likelihood_every > 0 ? n * chains * sizeof(float) : 0;  // of one draw
  const std::uint64_t block = (kBlockNumbers + chains * ((joint ? 2 : 1) * d + 2)) * sizeof(double) * 4 +
                              (likelihoods > 0 ? 3 * (likelihoods + (16u << 20)) : 0);
  // a checkpoint: the latents and their moments; what else there is of a walker, with its share of the draws
  // that are kept for the run's end
  const std::uint64_t moments = joint ? groups_of(chains) * n * each * 2 * sizeof(double) : 0;
  const std::uint64_t scales = joint ? n * numbers * sizeof(float) : 0;
  const std::uint64_t walkers =
      (chains * (d + 40) + 1000 * d) * sizeof(double) + (options.until.any() ? 8u << 20 : 0);
  MemoryPlan plan;
  plan.device_bytes = (columns + 4 * nodes) * sizeof(float) + on_device + per_object +
                      tiles_of(n) * padded(chains) * sizeof(double);
  // in double while they are made, but for the closed forms of a marginal fit, which are made in pieces
  const std::uint64_t in_double =
      (joint || numbers > 1 || samples > 0 ? columns : 0) * sizeof(double) + nodes * 7 * sizeof(double);
  plan.host_bytes = catalog + observed + (columns + 4 * nodes) * sizeof(float) + in_double + latents +
                    per_object + block + (32u << 20);
  const auto mb = [](std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  plan.text = fmt::format(
      "objects {}, posterior samples {}, chains {} ({} ensembles of {} walkers)\n"
      "catalog {:.1f} MB{}, latents {:.1f} MB, their moments {:.1f} MB\n"
      "memory on the CPU about {:.0f} MB; on a GPU about {:.0f} MB of device memory\n"
      "chain on disk about {:.0f} MB, twice while the run goes on; each of two checkpoints about {:.1f} MB\n",
      n, samples, chains, options.ensembles, options.walkers, mb(catalog),
      catalog_on_disk > 0 ? fmt::format(" and {:.0f} MB on disk while the run goes on", mb(catalog_on_disk))
                          : "",
      mb(latents), mb(per_object), mb(plan.host_bytes), mb(plan.device_bytes),
      mb(((joint ? 2 * d * (options.burn_in + options.most_steps()) : 0) +
          (d + 2) * (options.most_steps() / options.thin)) *
             chains * sizeof(double) +
         (likelihoods > 0 ? options.most_steps() / options.thin / options.log_likelihood_every * likelihoods
                          : 0)),
      mb(on_device + moments + scales + walkers));
  return plan;
}

}  // namespace

MemoryPlan plan_memory(const Model& model, const Catalog& catalog, Method method, const FitOptions& options) {
  const auto& definition = model.definition();
  const FitOptions used = with_defaults(options, model, method);
  const std::size_t samples = definition.numbers_beside_columns(catalog);
  const bool joint = method == Method::joint, collapsed = scheme_of(used, model, method) == "collapsed",
             likelihood = (!joint || collapsed) &&
                          !definition.sums_say_all(catalog, joint ? Method::marginal : method, used);
  return plan_of(model,
                 {catalog.size(), samples, numbers_of(catalog, samples),
                  (joint ? 1u : 0u) + (likelihood ? 1u : 0u), !collapsed},
                 method, used);
}

MemoryPlan plan_memory(const Model& model, std::size_t objects, std::size_t samples, Method method,
                       const FitOptions& options) {
  CatalogNumbers numbers;
  for (const std::size_t count : {objects, objects, objects, samples}) numbers.add(count);
  return plan_of(model, {objects, samples, numbers, 1, true}, method, with_defaults(options, model, method));
}

}  // namespace starling
