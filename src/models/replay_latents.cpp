// The draws of one latent again, by the update of the kernels.
#include "models/joint.hpp"
#include "models/latent_inputs.hpp"

namespace starling {

std::vector<double> replay_latents(const Parts& parts, std::size_t object, const ReplaySetup& setup) {
  const std::size_t chains = setup.chains, d = parts.dimension;
  const auto update = parse_latent_update(setup.latent_update);
  const auto one = latent_objects(parts, object, object + 1);
  ObjectTable<double> four;
  four.size = 4;
  four.measurement = one.measurement;
  for (std::size_t j = 0; j < kObjectColumns; ++j)
    if (!one.column[j].empty()) four.column[j].assign(4, one.column[j][0]);
  if (!one.offset.empty()) {
    four.offset.push_back(0);
    for (int k = 0; k < 4; ++k) {
      for (std::size_t j = 0; j < kSampleColumns; ++j)
        four.sample[j].insert(four.sample[j].end(), one.sample[j].begin(), one.sample[j].end());
      four.offset.push_back(four.sample[0].size());
    }
  }
  LatentSetup latents;
  latents.chains = chains;
  if (update == LatentUpdate::metropolis)
    latents.scale = {first_scale(parts, one, 0, std::vector<double>(parts.measurement_dimension, 1.0))};
  const auto replay = parts.population->replay(update, setup.double_precision, four, object, latents);

  const std::size_t coefficients = static_cast<std::size_t>(
      kLatentCoefficients + parts.population->prepared_size() + kMeasurementCoefficients);
  std::vector<double> columns(chains * coefficients), out(setup.sweeps * chains);
  const auto sweep = [&](std::uint32_t number, std::span<const double> theta, bool start) {
    LatentStep step;
    step.seed = setup.seed;
    step.sweep = number;
    step.updates = update == LatentUpdate::metropolis ? setup.updates : 1;
    step.start = start ? 1 : 0;
    for (std::size_t c = 0; c < chains; ++c)
      latent_column(parts, theta.subspan(c * d, d), columns.data() + c * coefficients + kOrigin, start);
    return replay->sweep(step, columns);
  };
  const auto sweep_of = [&](std::span<const double> all, std::size_t t) {
    return all.subspan(t * chains * d, chains * d);
  };

  sweep(0, setup.start, true);
  for (std::size_t t = 0; t < setup.sweeps; ++t) {
    const auto before =
        setup.theta_first ? sweep_of(setup.theta, t) : (t == 0 ? setup.start : sweep_of(setup.theta, t - 1));
    const double accepted = sweep(static_cast<std::uint32_t>(t) + 1, before, false);
    if (t < setup.burn_in)
      replay->adapt(adaptation_gain(t), static_cast<double>(setup.updates * chains), accepted);
    for (std::size_t c = 0; c < chains; ++c) {
      const auto [a, b] =
          eta_transform(*parts.population, parts.framed(sweep_of(setup.theta_centred, t).subspan(c * d, d)),
                        parts.framed(sweep_of(setup.theta, t).subspan(c * d, d)));
      replay->transform(c, a, b);
      out[t * chains + c] = parts.frame.from(replay->value(c));
    }
  }
  return out;
}

}  // namespace starling
