"""Figures of posteriors: corner plots, overlays, traces, shrinkage of the latents. They work on any chain file."""

import corner
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .chain_file import BadFile, Chain
from .style import CYCLE, SYMBOLS, TRUTH, axis_label, decimals

LEVELS = 1 - np.exp(-0.5 * np.array([1.0, 2.0]) ** 2)  # 1 and 2 sigma of a two-dimensional normal


def corner_plot(chain: Chain, title: str, colour: str = CYCLE[0], truth: dict | None = None, limits: dict | None = None,
                unit: str = ""):
    """All marginals of one chain; `truth` is marked, `limits` (name -> (low, high)) sets the axes."""
    return overlay_plot([(title, chain, colour)], truth, limits, unit)


def overlay_plot(fits: list, truth: dict | None = None, limits: dict | None = None, unit: str = ""):
    """Several chains in one corner plot: `fits` is a list of (label, chain, colour)."""
    names = common_names([chain for _, chain, _ in fits])
    truth, limits = truth or {}, limits or {}
    axes_limits = [_limits([chain.draws(name) for _, chain, _ in fits], truth.get(name), limits.get(name))
                   for name in names]
    size = 2.9 * len(names) + 1
    figure = plt.figure(figsize=(size, size))
    for _, chain, colour in fits:
        draws = np.column_stack([chain.draws(name) for name in names])
        corner.corner(
            draws,
            fig=figure,
            labels=[axis_label(name, unit) for name in names],
            range=axes_limits,
            bins=60,
            color=colour,
            levels=LEVELS,
            smooth=1.0,
            plot_datapoints=False,
            plot_density=False,
            fill_contours=True,
            hist_kwargs={"density": True, "linewidth": 1.8},
            label_kwargs={"fontsize": 12},
            labelpad=-0.06 if len(names) == 2 else 0.0,
            truths=[truth.get(name) for name in names] if truth else None,
            truth_color=TRUTH,
        )
    _tidy_axes(figure, fits, names, axes_limits)
    handles = [Line2D([], [], color=colour, lw=2.5, label=_entry(label, chain, names)) for label, chain, colour in fits]
    if truth:
        values = ", ".join(f"{SYMBOLS.get(name, name)} = {truth[name]:g}" for name in names if name in truth)
        handles.append(Line2D([], [], color=TRUTH, marker="s", lw=1.2, label=f"truth: {values}"))
    # The panels above the diagonal are empty: the legend goes there.
    corner_of = figure.axes[len(names) - 1].get_position()
    figure.legend(handles=handles, loc="upper right" if len(names) > 1 else "lower right",
                  bbox_to_anchor=(corner_of.x1, corner_of.y1))
    return figure


def _entry(label: str, chain: Chain, names: list[str]) -> str:
    """The legend's text: the fit, and mean +- sd of each hyperparameter."""
    numbers = "\n".join(
        f"{SYMBOLS.get(name, name)} = {chain.draws(name).mean():.{decimals(chain.draws(name).std())}f}"
        f" ± {chain.draws(name).std():.{decimals(chain.draws(name).std())}f}" for name in names)
    return f"{label}\n{numbers}"


def _limits(draws: list[np.ndarray], truth: float | None, wanted: tuple | None):
    """The wanted axis limits, unless a chain would be cut by them; else limits that hold every chain and the truth."""
    if wanted and all(np.mean((d < wanted[0]) | (d > wanted[1])) < 0.05 for d in draws):
        return wanted
    low = min(np.quantile(d, 0.002) for d in draws)
    high = max(np.quantile(d, 0.998) for d in draws)
    if truth is not None:
        low, high = min(low, truth), max(high, truth)
    margin = 0.08 * (high - low)
    low, high = low - margin, high + margin
    return (min(low, wanted[0]), max(high, wanted[1])) if wanted else (low, high)


def _tidy_axes(figure, fits, names, axes_limits) -> None:
    """Makes the histograms of all chains fit under the top of their panels, and keeps tick labels off the corners."""
    axes = np.array(figure.axes).reshape(len(names), len(names))
    for i, name in enumerate(names):
        highest = max(np.histogram(chain.draws(name), bins=60, range=axes_limits[i], density=True)[0].max()
                      for _, chain, _ in fits)
        axes[i, i].set_ylim(0, 1.12 * highest)
        for j, axis in enumerate(axes[i, :i + 1]):
            axis.set_xticks(_inner_ticks(axes_limits[j]))
            if j < i:
                axis.set_yticks(_inner_ticks(axes_limits[i]))
            axis.spines[["top", "right"]].set_visible(axis is not axes[i, i])


def _inner_ticks(limits) -> list[float]:
    """Round numbers well inside the limits."""
    low, high = limits
    margin = 0.07 * (high - low)
    return [tick for tick in MaxNLocator(5).tick_values(low, high) if low + margin <= tick <= high - margin]


def common_names(chains: list[Chain]) -> list[str]:
    names = [name for name in chains[0].parameters if all(name in chain.parameters for chain in chains)]
    if not names:
        raise BadFile("these chain files have no hyperparameter in common: "
                      + "; ".join(f"{chain.path}: {', '.join(chain.parameters)}" for chain in chains))
    return names


def trace_plot(chain: Chain, title: str, colour: str = CYCLE[0], truth: dict | None = None, unit: str = "",
               walkers: int = 30):
    """Some walkers of every ensemble, and the mean over all walkers, against the kept draws."""
    names = list(chain.parameters)
    figure, axes = plt.subplots(len(names), 1, figsize=(9, 2.4 * len(names) + 0.6), sharex=True, squeeze=False)
    ensembles = np.unique(chain.ensemble)
    rows = np.concatenate([np.flatnonzero(chain.ensemble == e)[:max(1, walkers // len(ensembles))] for e in ensembles])
    for axis, name in zip(axes[:, 0], names):
        draws = chain.parameters[name]
        axis.plot(draws[rows].T, color=colour, alpha=0.25, lw=0.5, rasterized=True)
        axis.plot(draws.mean(axis=0), color=TRUTH, lw=1.2)
        if truth and name in truth:
            axis.axhline(truth[name], color=TRUTH, ls="--", lw=1.5)
        axis.set_ylabel(axis_label(name, unit).replace(" $", "\n$"))
        axis.margins(x=0)
    axes[-1, 0].set_xlabel("kept draw")
    handles = [Line2D([], [], color=colour, lw=1.5, label=f"{len(rows)} of {len(chain.ensemble)} walkers"),
               Line2D([], [], color=TRUTH, lw=1.5, label="mean of all walkers")]
    if truth:
        handles.append(Line2D([], [], color=TRUTH, ls="--", lw=1.5, label="truth"))
    axes[0, 0].legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    axes[0, 0].set_title(title, loc="left", pad=30)
    figure.align_ylabels()
    return figure


def shrinkage_plot(chain: Chain, title: str, quantity: str, unit: str = "", colour: str = CYCLE[0]):
    """Each object as measured and as the joint fit sees it: the noisier the measurement, the more it is pulled in."""
    if chain.latent_mean is None or chain.x is None:
        raise BadFile(f"{chain.path}: holds no latent moments with their data (it is not a joint fit)")
    order = np.argsort(chain.x)
    x, sigma = chain.x[order], chain.sigma[order]
    mean, sd = chain.latent_mean[order], chain.latent_sd[order]
    rows = np.arange(len(x))
    figure, axis = plt.subplots(figsize=(6.2, max(3.8, min(0.42 * len(x) + 1.4, 7.5))))
    thin = len(x) > 20
    axis.hlines(rows, x, mean, color="#cccccc", lw=1, zorder=0)
    axis.errorbar(x, rows + (0 if thin else 0.12), xerr=sigma, fmt="o", ms=3.5 if thin else 6, lw=0.8 if thin else 1.5,
                  color="#8a8a8a", mfc="white", label="measured (± noise)")
    axis.errorbar(mean, rows - (0 if thin else 0.12), xerr=sd, fmt="o", ms=3.5 if thin else 6, lw=1.2 if thin else 2,
                  color=colour, label="joint fit (± posterior sd)")
    centre = chain.draws("theta_mu").mean()
    axis.axvline(centre, color=TRUTH, ls=":", lw=1.2, label=f"population mean {centre:.{2 if thin else 1}f} {unit}".rstrip())
    if chain.ids and not thin:
        axis.set_yticks(rows, [chain.ids[i] for i in order])
    else:
        axis.set_yticks([])
        axis.set_ylabel(f"{len(x)} objects, sorted by measured value")
    axis.set_xlabel(f"{quantity} [{unit}]" if unit else quantity)
    axis.set_title(title, loc="left", pad=12)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.8 / figure.get_figheight()), ncols=2)
    return figure
