"""Figures of a simulated catalog whose true values are known."""

import matplotlib.pyplot as plt
import numpy as np

from .chain_file import Chain
from .style import COLOURS, CYCLE, DATA, TRUTH, band


def normal_density(x, mean, sd):
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def true_values_plot(mu, truth: dict):
    """The true values under the density they were drawn from."""
    figure, axis = plt.subplots(figsize=(7.5, 4.5))
    _histogram(axis, mu, f"true values of {len(mu)} objects", truth)
    axis.set_xlabel(r"true value $\mu_i$")
    axis.set_title("What nobody sees: the true values", loc="left")
    return figure


def medians_plot(medians, truth: dict):
    """The point estimates under the same density: they are wider, by the noise."""
    figure, axis = plt.subplots(figsize=(7.5, 4.5))
    _histogram(axis, medians, f"medians of {len(medians)} objects", truth)
    axis.set_xlabel(r"median of each object's samples")
    axis.set_title(f"What was measured is wider: sd {np.std(medians):.2f} instead of {truth['theta_sigma']:g}", loc="left")
    return figure


def _histogram(axis, values, label, truth):
    reach = max(4 * truth["theta_sigma"], 1.02 * np.max(np.abs(values - truth["theta_mu"])))
    grid = np.linspace(truth["theta_mu"] - reach, truth["theta_mu"] + reach, 400)
    bins = np.linspace(grid[0], grid[-1], 41)
    axis.hist(values, bins=bins, density=True, color=DATA, alpha=0.75, edgecolor="white", lw=0.5, label=label)
    axis.plot(grid, normal_density(grid, truth["theta_mu"], truth["theta_sigma"]), color=TRUTH, lw=2,
              label=r"population $p(\mu\,|\,\theta)$, the truth")
    axis.set_ylabel("density")
    axis.set_xlim(grid[0], grid[-1])
    top = axis.get_ylim()[1]
    axis.set_ylim(0, 1.28 * top)
    axis.legend(loc="upper right")


def five_objects_plot(samples: list, mu):
    """Posterior samples of five objects, spread over the range of true values."""
    ranks = np.unique(np.rint(np.linspace(0.03, 0.97, 5) * (len(mu) - 1)).astype(int))
    chosen = np.argsort(mu)[ranks]
    figure, axes = plt.subplots(len(chosen), 1, figsize=(7.5, 6.2), sharex=True, squeeze=False)
    everything = np.concatenate([samples[i] for i in chosen])
    bins = np.linspace(everything.min(), everything.max(), 46)
    for axis, i, colour in zip(axes[:, 0], chosen, CYCLE):
        axis.hist(samples[i], bins=bins, color=colour, alpha=0.6)
        axis.axvline(mu[i], color=TRUTH, lw=2.5, label="true value")
        axis.axvline(np.median(samples[i]), color=TRUTH, lw=1.5, ls="--", label="median of the samples")
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.set_ylabel(f"object {i}", rotation=0, ha="right", va="center")
    axes[-1, 0].set_xlabel(r"posterior samples $\mu_{ik}$")
    axes[0, 0].set_title(f"Five objects, {len(samples[chosen[0]])} samples each", loc="left", pad=32)
    axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return figure


def populations_plot(medians, naive: Chain, joint: Chain, truth: dict):
    """The problem in one picture: the data, the truth, and the population as each fit sees it."""
    figure, axis = plt.subplots(figsize=(8.5, 5))
    reach = max(4 * truth["theta_sigma"], 1.02 * np.max(np.abs(medians - truth["theta_mu"])))
    grid = np.linspace(truth["theta_mu"] - reach, truth["theta_mu"] + reach, 400)
    axis.hist(medians, bins=np.linspace(grid[0], grid[-1], 41), density=True, color=DATA, alpha=0.45,
              edgecolor="white", lw=0.5, label=f"measured: {len(medians)} medians")
    for label, chain, colour in (("naive fit", naive, COLOURS["naive"]),
                                 ("joint fit", joint, COLOURS["hierarchical"])):
        rows = np.linspace(0, chain.draws("theta_mu").size - 1, 400).astype(int)
        densities = normal_density(grid, chain.draws("theta_mu")[rows, None], chain.draws("theta_sigma")[rows, None])
        band(axis, grid, densities, colour, f"{label}, with its 95 % band")
    axis.plot(grid, normal_density(grid, truth["theta_mu"], truth["theta_sigma"]), color=TRUTH, ls="--", lw=2,
              label="the true population")
    axis.set_xlim(grid[0], grid[-1])
    axis.set_ylim(0, 1.3 * axis.get_ylim()[1])
    axis.set_xlabel(r"$\mu$")
    axis.set_ylabel("density")
    axis.legend(loc="upper left")
    axis.set_title("The population, as each fit sees it", loc="left", pad=12)
    return figure
