"""NumPyro, BlackJAX, PyMC, nutpie and Stan: the joint model, theta and all latents, by NUTS.

Every function takes (fit, catalog, seed) and returns what one.py saves. THREADS chains run side by side. Each program
uses its default precision and settings and is asked, where it can be, to keep theta and the compared latents only.
"Centred" samples mu_i itself, "non-centred" z_i with mu_i = theta_mu + theta_sigma z_i.
"""

import json
import os
import re
import time

import numpy as np

import clock
from problem import MU_RANGE, NUTS_DRAWS, NUTS_WARMUP, SIGMA_RANGE, THREADS, latents_kept, read_catalog


def packed(theta_mu, theta_sigma, latents, **more) -> dict:
    """theta [chain, draw, 2] and latents [chain, draw, object]."""
    return {"theta": np.stack([theta_mu, theta_sigma], axis=-1), "latents": np.asarray(latents), **more}


def numpyro_joint(catalog: str, seed: int, centred: bool) -> dict:
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    numpyro.set_host_device_count(THREADS)
    clock.watch_jax()
    x, noise = (jax.numpy.asarray(values) for values in read_catalog(catalog))
    kept = latents_kept(len(x))

    def model():
        theta_mu = numpyro.sample("theta_mu", dist.Uniform(*MU_RANGE))
        theta_sigma = numpyro.sample("theta_sigma", dist.Uniform(*SIGMA_RANGE))
        with numpyro.plate("objects", len(x)):
            if centred:
                mu = numpyro.sample("latent", dist.Normal(theta_mu, theta_sigma))
            else:
                mu = theta_mu + theta_sigma * numpyro.sample("latent", dist.Normal(0, 1))
            numpyro.sample("x", dist.Normal(mu, noise), obs=x)
        numpyro.deterministic("kept", mu[kept])

    mcmc = MCMC(
        NUTS(model),
        num_warmup=NUTS_WARMUP,
        num_samples=NUTS_DRAWS,
        num_chains=THREADS,
        chain_method="parallel",
        progress_bar=False,
    )
    leave_out = ("~z.latent", "num_steps")
    keys = jax.random.split(jax.random.PRNGKey(seed))
    with clock.phase("warmup"):
        mcmc.warmup(keys[0], extra_fields=leave_out)
        jax.block_until_ready(mcmc.post_warmup_state)
    with clock.phase("sampling"):
        mcmc.run(keys[1], extra_fields=leave_out)
        draws = jax.block_until_ready(mcmc.get_samples(group_by_chain=True))
    steps = float(mcmc.get_extra_fields()["num_steps"].mean())
    return packed(draws["theta_mu"], draws["theta_sigma"], draws["kept"], leapfrog_steps=steps)


def blackjax_joint(catalog: str, seed: int) -> dict:
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={THREADS}"
    import blackjax
    import jax
    import jax.numpy as jnp

    clock.watch_jax()
    x, noise = (jnp.asarray(values, dtype=jnp.float32) for values in read_catalog(catalog))
    kept = latents_kept(len(x))

    def theta_of(free):
        """theta from two free numbers, and ln of the Jacobian."""
        low, high = jnp.array([MU_RANGE, SIGMA_RANGE], dtype=jnp.float32).T
        log_jacobian = jnp.sum(jax.nn.log_sigmoid(free) + jax.nn.log_sigmoid(-free))
        return low + (high - low) * jax.nn.sigmoid(free), log_jacobian

    def log_density(position):
        (theta_mu, theta_sigma), log_jacobian = theta_of(position["free"])
        z = position["z"]
        mu = theta_mu + theta_sigma * z
        return log_jacobian - 0.5 * jnp.sum(z**2) - 0.5 * jnp.sum(((x - mu) / noise) ** 2)

    def warm_up(key):
        free_key, z_key, key = jax.random.split(key, 3)
        initial = {
            "free": jax.random.uniform(free_key, (2,), minval=-2, maxval=2),
            "z": jax.random.uniform(z_key, x.shape, minval=-2, maxval=2),
        }
        adaptation = blackjax.window_adaptation(blackjax.nuts, log_density)
        (state, parameters), _ = adaptation.run(key, initial, num_steps=NUTS_WARMUP)
        return state, parameters

    def sample(key, state, parameters):
        kernel = blackjax.nuts(log_density, **parameters)

        def step(state, key):
            state, info = kernel.step(key, state)
            theta, _ = theta_of(state.position["free"])
            mu = theta[0] + theta[1] * state.position["z"][kept]
            return state, (theta, mu, info.num_integration_steps)

        return jax.lax.scan(step, state, jax.random.split(key, NUTS_DRAWS))[1]

    keys = jax.random.split(jax.random.PRNGKey(seed), 2 * THREADS).reshape(2, THREADS, -1)
    with clock.phase("warmup"):
        state, parameters = jax.block_until_ready(jax.pmap(warm_up)(keys[0]))
    with clock.phase("sampling"):
        theta, latents, steps = jax.block_until_ready(jax.pmap(sample)(keys[1], state, parameters))
    return packed(theta[..., 0], theta[..., 1], latents, leapfrog_steps=float(steps.mean()))


def pymc_model(catalog: str, centred: bool):
    """The model and the names of what is kept."""
    import pymc as pm

    x, noise = read_catalog(catalog)
    with pm.Model() as model:
        theta_mu = pm.Uniform("theta_mu", *MU_RANGE)
        theta_sigma = pm.Uniform("theta_sigma", *SIGMA_RANGE)
        if centred:
            mu = pm.Normal("latent", theta_mu, theta_sigma, shape=len(x))
        else:
            mu = theta_mu + theta_sigma * pm.Normal("latent", 0, 1, shape=len(x))
        pm.Normal("x", mu, noise, observed=x)
        pm.Deterministic("kept", mu[latents_kept(len(x))])
    return model, ["theta_mu", "theta_sigma", "kept"]


def packed_from_arviz(draws, leapfrog_steps: float) -> dict:
    posterior = draws.posterior
    return packed(
        posterior["theta_mu"].values,
        posterior["theta_sigma"].values,
        posterior["kept"].values,
        leapfrog_steps=leapfrog_steps,
    )


def pymc_joint(catalog: str, seed: int) -> dict:
    import pymc as pm

    model, names = pymc_model(catalog, centred=False)
    with model:
        with clock.phase("compile"):
            step = pm.NUTS()
        begin = time.time()
        # The checks of convergence at the end, of all latents, are left out: nobody else makes them.
        draws = pm.sample(
            draws=NUTS_DRAWS,
            tune=NUTS_WARMUP,
            chains=THREADS,
            cores=THREADS,
            random_seed=seed,
            step=step,
            var_names=names,
            discard_tuned_samples=False,
            compute_convergence_checks=False,
            progressbar=False,
        )
        all_s = time.time() - begin
    # Each chain tells how long each of its draws took; the rest is starting processes and collecting draws.
    warmup_s, sampling_s = (
        float(stats["perf_counter_diff"].sum("draw").max()) for stats in (draws.warmup_sample_stats, draws.sample_stats)
    )
    clock.seconds["warmup"] += warmup_s
    clock.seconds["sampling"] += sampling_s
    clock.seconds["setup"] += all_s - warmup_s - sampling_s
    return packed_from_arviz(draws, float(draws.sample_stats["n_steps"].mean()))


def nutpie_joint(catalog: str, seed: int, centred: bool) -> dict:
    import nutpie

    model, names = pymc_model(catalog, centred)
    with clock.phase("compile"):
        compiled = nutpie.compile_pymc_model(model, var_names=names)
    begin = time.time()
    # tune is left to nutpie, whose adaptation needs fewer steps than others.
    draws = nutpie.sample(compiled, draws=NUTS_DRAWS, chains=THREADS, cores=THREADS, seed=seed, progress_bar=False)
    all_s = time.time() - begin
    # It does not tell how long the adaptation took: gradients are counted instead.
    gradients = [float(stats["n_steps"].sum()) for stats in (draws.warmup_sample_stats, draws.sample_stats)]
    clock.seconds["warmup"] += all_s * gradients[0] / sum(gradients)
    clock.seconds["sampling"] += all_s * gradients[1] / sum(gradients)
    return packed_from_arviz(draws, float(draws.sample_stats["n_steps"].mean()))


STAN_MODEL = """
data {
  int N;
  vector[N] x;
  vector[N] noise;
}
parameters {
  real<lower=-5, upper=5> theta_mu;
  real<lower=0, upper=2> theta_sigma;
  vector[N] z;
}
model {
  z ~ std_normal();
  x ~ normal(theta_mu + theta_sigma * z, noise);
}
"""


def stan_joint(catalog: str, seed: int) -> dict:
    import stan

    x, noise = read_catalog(catalog)
    with clock.phase("compile"):
        model = stan.build(STAN_MODEL, data={"N": len(x), "x": x, "noise": noise}, random_seed=seed)
    begin = time.time()
    # Stan keeps every parameter of every draw.
    fit = model.sample(num_chains=THREADS, num_warmup=NUTS_WARMUP, num_samples=NUTS_DRAWS)
    all_s = time.time() - begin

    def by_chain(values):
        return values.reshape(*values.shape[:-1], NUTS_DRAWS, THREADS).T

    theta_mu, theta_sigma = (by_chain(fit[name])[..., 0] for name in ("theta_mu", "theta_sigma"))
    z = by_chain(fit["z"][latents_kept(len(x))])
    # Stan's own messages: "Elapsed Time: 1.2 seconds (Warm-up)" and "3.4 seconds (Sampling)", per chain.
    text = "\n".join(
        str(json.loads(line).get("values", ""))
        for output in fit.stan_outputs
        for line in output.splitlines()
        if b"seconds (" in line
    )
    slowest = [
        max(map(float, re.findall(rf"([\d.e+-]+) seconds \({name}\)", text))) for name in ("Warm-up", "Sampling")
    ]
    clock.seconds["warmup"] += slowest[0]
    clock.seconds["sampling"] += slowest[1]
    clock.seconds["setup"] += all_s - sum(slowest)
    steps = float(fit["n_leapfrog__"].mean())
    return packed(theta_mu, theta_sigma, theta_mu[..., None] + theta_sigma[..., None] * z, leapfrog_steps=steps)
