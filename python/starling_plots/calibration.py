"""The ranks of a calibration: how far each cumulative distribution is from uniform, and how far it may be."""

import json
from pathlib import Path

import numpy as np

from .chain_file import BadFile
from .style import CYCLE, NAMES, plt, save, use_style


def plot_calibration(file: Path, picture: Path) -> Path:
    """One panel per quantity: the empirical distribution of its ranks less the uniform one, over the band that it
    leaves by chance as seldom as the file says. Gives the picture's path (a PDF lies beside it)."""
    try:
        calibration = json.loads(Path(file).read_text())
        quantities, band = calibration["quantities"], calibration["band"]
        draws = calibration["draws"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{file}: no result of starling calibrate: {error}") from error
    use_style()
    columns = min(3, len(quantities))
    rows = -(-len(quantities) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.2 * columns, 3.2 * rows), squeeze=False,
                                sharex=True, sharey=True, layout="constrained")
    at, lower, upper = (np.array(band[key]) for key in ("at", "lower", "upper"))
    for axis, (name, quantity) in zip(axes.flat, quantities.items()):
        colour = CYCLE[0] if quantity["uniform"] else CYCLE[1]
        counts = np.bincount(quantity["ranks"], minlength=draws + 1)
        share = np.cumsum(counts)[:-1] / counts.sum()
        axis.fill_between(at, lower - at, upper - at, color="#d9d9d9", linewidth=0)
        axis.axhline(0, color="#9a9a9a", linewidth=0.8)
        axis.step(at, share - at, where="mid", color=colour)
        axis.set_title(NAMES.get(name, name.replace("_", "-")) + ("" if quantity["uniform"] else ": not uniform"))
    for axis in axes.flat[len(quantities):]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("share of truths below,\nless uniform")
    figure.supxlabel(f"rank of the truth among {draws} draws, as a share")
    figure.suptitle(f"{calibration['method']} fits of {calibration['replicates']} simulated catalogs")
    return save(figure, Path(picture).parent, Path(picture).stem)
