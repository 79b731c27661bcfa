"""What every program is given: the catalog, the priors, how long to sample; and the answer, by quadrature.

Population normal(theta_mu, theta_sigma), truth (0, 1); x_i = mu_i + normal noise of 1; theta_mu ~ uniform(-5, 5),
theta_sigma ~ uniform(0, 2). All noise is equal, which makes the answer easy to compute. None of the programs is told.
"""

import json
from pathlib import Path

import numpy as np

TRUTH = (0.0, 1.0)
NOISE = 1.0
MU_RANGE = (-5.0, 5.0)
SIGMA_RANGE = (0.0, 2.0)
SAMPLES_PER_OBJECT = 100

THREADS = 2  # for every program that has threads; also its number of NUTS chains, which run side by side
WALKERS = 100
BURN_IN = 100  # walkers that begin in a tiny ball need more than 50 steps to spread over the posterior
KEPT_STEPS = 400
NUTS_WARMUP = 1000
NUTS_DRAWS = 1000

FITS = {
    "naive": "naive fit: a Gaussian to the points",
    "marginal": "marginal fit, latents integrated out in closed form",
    "samples": "marginal fit of 100 posterior samples per object, by importance sampling",
    "joint": "joint model: theta and all N latents",
}


def latents_kept(objects: int) -> np.ndarray:
    """Rows of the 20 objects whose latents are compared."""
    return np.unique(np.linspace(0, objects - 1, 20).astype(int))


def read_catalog(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Measured values and their noise."""
    import h5py

    with h5py.File(path) as file:
        return file["x"][:], file["sigma"][:]


def read_samples(path: Path | str) -> np.ndarray:
    """Posterior samples [object, sample], drawn under a flat prior."""
    import h5py

    with h5py.File(path) as file:
        return file["samples"][:]


def samples_log_likelihood(samples: np.ndarray, mu: float, sigma: float) -> float:
    """ln L by importance sampling, in double precision."""
    total = 0.0
    for block in np.array_split(samples, max(1, len(samples) // 1000)):
        density = np.exp(-0.5 * ((block - mu) / sigma) ** 2).mean(axis=1)
        with np.errstate(divide="ignore"):
            total += np.log(density).sum()
    return total - len(samples) * np.log(sigma * np.sqrt(2 * np.pi))


def point_log_likelihood(x: np.ndarray, variance, mu):
    """ln L of points with normal(mu, variance), up to a constant; `variance` and `mu` may be grids."""
    return -0.5 * len(x) * (np.log(variance) + (x.var() + (x.mean() - mu) ** 2) / variance)


def moments(weights: np.ndarray, values) -> tuple[float, float]:
    """Mean and standard deviation under weights on a grid."""
    weights = weights / weights.sum()
    mean = (weights * values).sum()
    return float(mean), float(np.sqrt((weights * (values - mean) ** 2).sum()))


def answer_from_points(x: np.ndarray, fit: str) -> dict:
    """Posterior mean and sd of theta and the kept latents: on a fine grid over 8 standard deviations each way."""
    noise = 0.0 if fit == "naive" else NOISE**2
    width = max(x.var() - noise, 0.01) ** 0.5
    sd_mu, sd_sigma = x.std() / len(x) ** 0.5, x.var() / width / (2 * len(x)) ** 0.5
    mu = np.clip(x.mean() + sd_mu * np.linspace(-8, 8, 401), *MU_RANGE)[:, None]
    sigma = np.clip(width + sd_sigma * np.linspace(-8, 8, 401), 1e-6, SIGMA_RANGE[1])[None, :]
    log_posterior = point_log_likelihood(x, sigma**2 + noise, mu)
    weights = np.exp(log_posterior - log_posterior.max())
    answer = {"theta": [moments(weights, mu), moments(weights, sigma)]}
    if fit != "naive":
        answer["latents"] = []
        share = sigma**2 / (sigma**2 + noise)  # mu_i given theta is normal(mu + share (x_i - mu), share noise)
        for value in x[latents_kept(len(x))]:
            mean, spread = moments(weights, mu + share * (value - mu))
            answer["latents"].append((mean, (spread**2 + moments(weights, share * noise)[0]) ** 0.5))
    return answer


def answer_from_samples(samples: np.ndarray, guess: dict) -> dict:
    """Posterior mean and sd of theta under the importance-sampled likelihood.

    A grid of 9 x 9 points, one standard deviation apart, around the maximum: for a smooth, bell-shaped density the
    trapezoidal rule is then exact to more digits than are compared.
    """
    from scipy.optimize import minimize

    center, scale = (np.array(column) for column in zip(*guess["theta"]))

    def loss(steps):
        mu, sigma = center + scale * steps
        return -samples_log_likelihood(samples, mu, sigma) if 0 < sigma < SIGMA_RANGE[1] else np.inf

    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 0.02, "fatol": 1e-3}).x
    curvature = [loss(best + step) - 2 * loss(best) + loss(best - step) for step in np.eye(2)]
    grid = [best[k] + np.linspace(-4, 4, 9) / curvature[k] ** 0.5 for k in range(2)]
    losses = np.array([[loss(np.array([a, b])) for b in grid[1]] for a in grid[0]])
    weights = np.exp(losses.min() - losses)
    mu, sigma = (center[k] + scale[k] * grid[k] for k in range(2))
    return {"theta": [moments(weights, mu[:, None]), moments(weights, sigma[None, :])]}


def answer(catalog: Path, fit: str) -> dict:
    """The right answer, kept in a file beside the catalog since the one for samples takes a while."""
    path = catalog.with_name(f"{catalog.stem}-{fit}.json")
    if path.exists():
        return json.loads(path.read_text())
    x, _ = read_catalog(catalog)
    result = answer_from_points(x, fit)
    if fit == "samples":
        result = answer_from_samples(read_samples(catalog), result)
    path.write_text(json.dumps(result))
    return result
