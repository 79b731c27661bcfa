"""The plate diagram: Graphviz where it is installed, else the same picture by matplotlib."""

import shutil
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import Ellipse, FancyBboxPatch

from .style import save


def plate_diagram(dot_file: Path, folder: Path, name: str) -> Path:
    """Draws the model of `starling graph` into NAME.png and NAME.pdf; gives the PNG's path."""
    dot = shutil.which("dot")
    if dot is None:
        return save(_drawn(), folder, name)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, options in (("png", ["-Gdpi=150"]), ("pdf", [])):
        subprocess.run([dot, f"-T{kind}", *options, str(dot_file), "-o", str(folder / f"{name}.{kind}")], check=True)
    return folder / f"{name}.png"


def _drawn():
    """The normal population with normal noise, without Graphviz."""
    figure, axis = plt.subplots(figsize=(4.6, 4.8))
    axis.set(xlim=(0, 4), ylim=(0, 4.4), aspect="equal")
    axis.axis("off")
    axis.add_patch(FancyBboxPatch((0.55, 0.35), 2.9, 2.35, boxstyle="round,pad=0.05", fill=False, lw=1.3))
    axis.text(3.4, 0.45, r"objects $i = 1 \dots N$", ha="right", va="bottom", fontsize=11)
    places = {r"$\theta_\mu$": (1.2, 3.7), r"$\theta_\sigma$": (2.8, 3.7), r"$\mu_i$": (2, 2.2), r"$x_i$": (2, 1.05)}
    for text, (x, y) in places.items():
        axis.add_patch(Ellipse((x, y), 0.85, 0.65, facecolor="#d9d9d9" if "x_i" in text else "white", ec="black"))
        axis.text(x, y, text, ha="center", va="center", fontsize=15)
    for start, end in (((1.4, 3.38), (1.8, 2.53)), ((2.6, 3.38), (2.2, 2.53)), ((2, 1.86), (2, 1.4))):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "black"})
    return figure
