"""How the figures look: readable fonts, colours of Okabe & Ito that colour-blind readers can tell apart."""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)

TRUTH = "#000000"
DATA = "#9a9a9a"
COLOURS = {"naive": "#D55E00", "hierarchical": "#0072B2", "samples": "#CC79A7", "exact": "#009E73"}
CYCLE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]

NAMES = {
    "theta_mu": r"population mean $\theta_\mu$",
    "theta_sigma": r"population width $\theta_\sigma$",
    "noise_scale": r"noise scale $\alpha$",
}
SYMBOLS = {"theta_mu": r"$\theta_\mu$", "theta_sigma": r"$\theta_\sigma$", "noise_scale": r"$\alpha$"}


def use_style() -> None:
    plt.rcParams.update(
        {
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.labelsize": 13,
            "legend.fontsize": 11,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.dpi": 100,
            "savefig.dpi": 150,
            "savefig.bbox": "tight",
            "mathtext.fontset": "dejavusans",
            "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
            "pdf.fonttype": 42,
        }
    )


def decimals(sd: float) -> int:
    """Decimals that show two significant digits of sd, a standard deviation."""
    return max(0, 1 - int(np.floor(np.log10(sd)))) if sd > 0 else 2


def axis_label(name: str, unit: str = "") -> str:
    return NAMES.get(name, name) + (f" [{unit}]" if unit else "")


def band(axis, at, curves, colour: str, label: str, share: float = 0.95) -> None:
    """The median of curves [curve, place] and the band that holds this share of them."""
    low, middle, high = np.quantile(curves, [(1 - share) / 2, 0.5, (1 + share) / 2], axis=0)
    axis.fill_between(at, low, high, color=colour, alpha=0.35, lw=0)
    axis.plot(at, middle, color=colour, lw=2, label=label)


def save(figure, folder: Path, name: str) -> Path:
    """Writes NAME.png and NAME.pdf; gives the PNG's path."""
    folder.mkdir(parents=True, exist_ok=True)
    png = folder / f"{name}.png"
    figure.savefig(png)
    # Without a date the same chains give the same bytes.
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
    plt.close(figure)
    return png
