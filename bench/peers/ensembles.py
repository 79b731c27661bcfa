"""emcee, zeus and gwpopulation: samplers of theta alone, with likelihoods in NumPy and JAX.

Every function takes (fit, catalog, seed) and returns what one.py saves. Likelihoods are written as plainly as in their
documentation; "vectorised" ones are given half the walkers at once.
"""

import time

import numpy as np

import clock
from problem import BURN_IN, KEPT_STEPS, MU_RANGE, SIGMA_RANGE, TRUTH, WALKERS, read_catalog, read_samples

STEPS = BURN_IN + KEPT_STEPS
SCALED_RUN_S = 20  # slow likelihoods run for so long, and their times are scaled to all steps


def inside(mu, sigma):
    """Whether theta has a prior density, which is then constant."""
    return (MU_RANGE[0] < mu) & (mu < MU_RANGE[1]) & (SIGMA_RANGE[0] < sigma) & (sigma < SIGMA_RANGE[1])


def log_prob_of_one(fit: str, x, noise):
    """ln of the posterior for one walker's theta, in NumPy."""
    constant = -0.5 * len(x) * np.log(2 * np.pi)
    noise_variance = noise**2

    def naive(theta):
        mu, sigma = theta
        if not inside(mu, sigma):
            return -np.inf
        return constant - 0.5 * np.sum(((x - mu) / sigma) ** 2) - len(x) * np.log(sigma)

    def marginal(theta):
        mu, sigma = theta
        if not inside(mu, sigma):
            return -np.inf
        variance = noise_variance + sigma**2
        return constant - 0.5 * np.sum((x - mu) ** 2 / variance + np.log(variance))

    return naive if fit == "naive" else marginal


def log_prob_of_many(fit: str, x, noise):
    """The same for theta [walker, 2] at once."""
    constant = -0.5 * len(x) * np.log(2 * np.pi)
    noise_variance = noise**2

    def log_prob(theta):
        mu, sigma = theta.T
        good = inside(mu, sigma)
        result = np.full(len(theta), -np.inf)
        mu, sigma = mu[good, None], sigma[good, None]
        if fit == "naive":
            sums = -0.5 * np.sum(((x - mu) / sigma) ** 2, axis=1) - len(x) * np.log(sigma[:, 0])
        else:
            variance = noise_variance + sigma**2
            sums = -0.5 * np.sum((x - mu) ** 2 / variance + np.log(variance), axis=1)
        result[good] = constant + sums
        return result

    return log_prob


def samples_log_prob_numpy(samples):
    """Importance sampling in NumPy, single precision, walker by walker: all at once would take gigabytes."""
    samples = samples.astype(np.float32)

    def of_one(theta):
        mu, sigma = theta.astype(np.float32)
        if not inside(mu, sigma):
            return -np.inf
        with np.errstate(divide="ignore", under="ignore"):
            density = np.exp(-0.5 * ((samples - mu) / sigma) ** 2).mean(axis=1)
            return float(np.log(density).sum(dtype=np.float64)) - len(samples) * np.log(float(sigma))

    return lambda theta: np.array([of_one(each) for each in theta])


def samples_log_prob_jax(samples):
    """Importance sampling in JAX, single precision, compiled for half the walkers at once.

    The fastest of several forms over all sizes: walker by walker in one compiled call, so that no intermediate array
    has N x 100 x 50 elements, and without the usual guard against underflow, which theta of the posterior don't need.
    """
    import jax
    import jax.numpy as jnp

    clock.watch_jax()
    data = jnp.asarray(samples, dtype=jnp.float32)

    def of_one(theta):
        mu, sigma = theta
        density = jnp.mean(jnp.exp(-0.5 * ((data - mu) / sigma) ** 2), axis=1)
        return jnp.where(inside(mu, sigma), jnp.sum(jnp.log(density) - jnp.log(sigma)), -jnp.inf)

    compiled = jax.jit(lambda thetas: jax.lax.map(of_one, thetas))

    def log_prob(theta):
        result = np.asarray(compiled(jnp.asarray(theta, dtype=jnp.float32)), dtype=np.float64)
        return np.where(np.isnan(result), -np.inf, result)

    with clock.phase("compile"):
        for walkers in (WALKERS, WALKERS // 2):  # all at the start, then half of them
            log_prob(np.tile(TRUTH, (walkers, 1)))
    return log_prob


def start(spread: float, seed: int) -> np.ndarray:
    """Walkers in a tiny ball around the truth, as in many a notebook."""
    return np.array(TRUTH) + spread * np.random.default_rng(seed).standard_normal((WALKERS, 2))


def run(sampler, initial, budget_s=np.inf) -> dict:
    """All steps, or, where they would take more than budget_s, as many as fit; times are then scaled to all."""
    begin = warm = time.time()
    done = 0
    for _ in sampler.sample(initial, iterations=STEPS):
        done += 1
        now = time.time()
        if done == BURN_IN:
            warm = now
        if now - begin > budget_s and done < STEPS:
            break
    if done < STEPS:
        per_step = (now - begin) / done
        clock.seconds["warmup"] += BURN_IN * per_step
        clock.seconds["sampling"] += KEPT_STEPS * per_step
        # What was found on the way lets the likelihood be checked where there are too few draws to check.
        chain, log_prob = sampler.get_chain()[:done], sampler.get_log_prob()[:done]
        some = np.linspace(0, done * WALKERS - 1, 8).astype(int)
        return {
            "scaled_from_steps": done,
            "unscaled_s": now - begin,
            "probe_theta": chain.reshape(-1, 2)[some],
            "probe_log_prob": log_prob.reshape(-1)[some],
        }
    clock.add("warmup", begin, warm)
    clock.add("sampling", warm, now)
    return {"theta": sampler.get_chain()[BURN_IN:].transpose(1, 0, 2)}


def emcee_one(fit: str, catalog: str, seed: int) -> dict:
    import emcee

    return run(emcee.EnsembleSampler(WALKERS, 2, log_prob_of_one(fit, *read_catalog(catalog))), start(1e-4, seed))


def emcee_many(fit: str, catalog: str, seed: int) -> dict:
    import emcee

    log_prob = log_prob_of_many(fit, *read_catalog(catalog))
    return run(emcee.EnsembleSampler(WALKERS, 2, log_prob, vectorize=True), start(1e-4, seed))


def zeus_many(fit: str, catalog: str, seed: int) -> dict:
    import zeus

    log_prob = log_prob_of_many(fit, *read_catalog(catalog))
    sampler = zeus.EnsembleSampler(WALKERS, 2, log_prob, vectorize=True, verbose=False)
    # From the tinier ball of emcee its slices don't find their width.
    begin = time.time()
    sampler.run_mcmc(start(1e-2, seed), BURN_IN, progress=False)
    warm = time.time()
    sampler.run_mcmc(None, KEPT_STEPS, progress=False)
    clock.add("warmup", begin, warm)
    clock.add("sampling", warm, time.time())
    return {"theta": sampler.get_chain()[BURN_IN:].transpose(1, 0, 2)}


def emcee_numpy_samples(fit: str, catalog: str, seed: int) -> dict:
    import emcee

    log_prob = samples_log_prob_numpy(read_samples(catalog))
    return run(emcee.EnsembleSampler(WALKERS, 2, log_prob, vectorize=True), start(1e-4, seed), SCALED_RUN_S)


def emcee_jax_samples(fit: str, catalog: str, seed: int) -> dict:
    import emcee

    log_prob = samples_log_prob_jax(read_samples(catalog))
    return run(emcee.EnsembleSampler(WALKERS, 2, log_prob, vectorize=True), start(1e-4, seed))


def gwpopulation_samples(fit: str, catalog: str, seed: int) -> dict:
    """gwpopulation's likelihood as its documentation has it: on JAX, compiled, one theta at a time."""
    import emcee
    import gwpopulation
    import pandas

    gwpopulation.set_backend("jax")
    clock.watch_jax()
    import jax.numpy as jnp
    from gwpopulation.experimental.jax import JittedLikelihood
    from gwpopulation.hyperpe import HyperparameterLikelihood, Model

    def ln_population(dataset, theta_mu, theta_sigma):
        return -0.5 * ((dataset["mu"] - theta_mu) / theta_sigma) ** 2 - jnp.log(theta_sigma * (2 * np.pi) ** 0.5)

    def population(dataset, theta_mu, theta_sigma):
        return jnp.exp(ln_population(dataset, theta_mu, theta_sigma))

    population.ln_prob = ln_population  # saves an exponential and a logarithm of each sample
    model = Model([population], cache=False)
    posteriors = [pandas.DataFrame({"mu": row}) for row in read_samples(catalog)]
    likelihood = JittedLikelihood(HyperparameterLikelihood(posteriors, model, require_equal_samples=True))

    def log_prob(theta):
        if not inside(*theta):
            return -np.inf
        return likelihood.log_likelihood_ratio({"theta_mu": theta[0], "theta_sigma": theta[1]})

    with clock.phase("compile"):
        log_prob(np.array(TRUTH))
    return run(emcee.EnsembleSampler(WALKERS, 2, log_prob), start(1e-4, seed), SCALED_RUN_S)
