"""The points with the two lines and their bands, and the check of the result."""

import sys
from pathlib import Path

import h5py
import numpy as np
from make_data import TRUTH
from starling_plots.chain_file import read_chain
from starling_plots.style import COLOURS, TRUTH as BLACK, band, plt, save, use_style

YORK = {"alpha": (5.4799, 0.295), "beta": (-0.4805, 0.058)}  # York et al. 2004, Am. J. Phys. 72, 367


def moments(chain, name):
    draws = chain.draws(name)
    return draws.mean(), draws.std()


def main(out: Path) -> int:
    use_style()
    naive, joint, pearson = (read_chain(out / f"{fit}.nc") for fit in ("naive", "joint", "pearson"))
    survey = np.genfromtxt(out / "survey.csv", delimiter=",", names=True)
    figure, axis = plt.subplots(figsize=(7, 4.6), layout="constrained")
    axis.errorbar(survey["x"], survey["y"], survey["y_error"], survey["x_error"], fmt="none", ecolor="0.85", zorder=0)
    with h5py.File(out / "joint.nc") as file:
        latents = file["latent_moments/mean"][:]
    axis.plot(survey["x"], survey["y"], ".", color="0.6", label="measured")
    axis.plot(latents[:, 0], latents[:, 1], ".", color=COLOURS["exact"], label="means of (xi, eta), joint")
    x = np.linspace(survey["x"].min(), survey["x"].max(), 50)
    for chain, colour, label in ((naive, "naive", "naive"), (joint, "hierarchical", "hierarchical")):
        some = np.linspace(0, chain.draws("beta").size - 1, 400).astype(int)
        lines = [chain.draws("alpha").ravel()[k] + chain.draws("beta").ravel()[k] * x for k in some]
        band(axis, x, lines, COLOURS[colour], label, share=0.9)
    axis.plot(x, TRUTH["alpha"] + TRUTH["beta"] * x, color=BLACK, linestyle="--", label="truth")
    axis.set_xlabel("x, xi")
    axis.set_ylabel("y, eta")
    axis.legend()
    print(save(figure, out, "line"))

    good = True
    for name, truth in TRUTH.items():
        mean, sd = moments(joint, name)
        good = good and abs(mean - truth) < 4 * sd
        print(f"joint   {name:8} {mean:7.3f} +- {sd:.3f}, truth {truth:g}: {(mean - truth) / sd:+.2f} sd")
    mean, sd = moments(naive, "beta")
    good = good and abs(mean - TRUTH["beta"]) > 8 * sd
    print(f"naive   beta     {mean:7.3f} +- {sd:.3f}: {(mean - TRUTH['beta']) / sd:+.1f} sd")
    for name, (value, error) in YORK.items():
        mean, sd = moments(pearson, name)
        good = good and abs(mean - value) < sd and abs(sd / error - 1) < 0.25
        print(f"Pearson {name:8} {mean:7.4f} +- {sd:.4f}, York {value} +- {error}")
    print("good" if good else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
