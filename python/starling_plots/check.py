"""Posterior predictive checks: a catalog's histogram among those of replicated catalogs, and the population's density."""

import json
from pathlib import Path

import numpy as np

from .chain_file import BadFile
from .style import CYCLE, plt, save, use_style


def plot_check(file: Path, picture: Path) -> Path:
    """Left: the histogram of the points (or latents) over the bands that hold 68 % and 95 % of the replicates.
    Right: p(mu | theta) with its bands. Gives the picture's path (a PDF lies beside it)."""
    try:
        check = json.loads(Path(file).read_text())
        histogram, density = check["histogram"], check["density"]
        edges = np.array(histogram["edges"], dtype=float)
        observed = np.array(histogram["observed"], dtype=float)
        panels = [(edges, histogram["replicated"], "post"), (np.array(density["mu"]), density["population"], None)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{file}: no result of starling check: {error}") from error
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), sharex=True, layout="constrained")
    for axis, (at, band, step) in zip(axes, panels):
        values = {key: np.array(value, dtype=float) for key, value in band.items()}
        if step:  # one value per bin: the last one ends with its bin
            values = {key: np.append(value, value[-1]) for key, value in values.items()}
        for low, high, alpha in (("lower95", "upper95", 0.25), ("lower68", "upper68", 0.45)):
            axis.fill_between(at, values[low], values[high], step=step, color=CYCLE[0], alpha=alpha, linewidth=0)
        if step:
            axis.stairs(observed, edges, color="black", label="observed")
            axis.plot([], [], color=CYCLE[0], linewidth=6, alpha=0.45, label="replicated, 68 % and 95 %")
        else:
            axis.plot(at, values["median"], color=CYCLE[0], label="population p(mu | theta), 68 % and 95 %")
        axis.set_ylim(bottom=0, top=1.3 * axis.get_ylim()[1])  # room for the legend
        axis.legend(loc="upper right", fontsize="small")
    axes[0].set_xlabel("latents" if check["of"] == "latents" else "measured values")
    axes[1].set_xlabel("true values")
    axes[0].set_ylabel("density")
    return save(figure, Path(picture).parent, Path(picture).stem)
