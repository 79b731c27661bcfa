"""The luminosity function with its band beside the truth, and the check of the result."""

import sys
from pathlib import Path

import h5py
import numpy as np
from scipy.special import gammaln
from simulate import BETA, LOWER, UPPER
from starling_plots.chain_file import read_chain
from starling_plots.style import COLOURS, TRUTH as BLACK, band, plt, save, use_style

NAMES = {"beta": BETA, "lower": LOWER, "upper": UPPER}
PAPER = {"beta": 0.0059, "lower": 0.068e8, "upper": 0.0064e10}  # posterior sd for 100,000 galaxies, arXiv:2105.08026


def density(luminosity, beta, lower, upper):
    """L p(L) of BB1 (Budavari), normalised."""
    s = beta + 1
    log_norm = np.log(abs(s)) - gammaln(s + 1) - np.log(abs(1 - (1 + upper / lower) ** -s))
    t = luminosity / upper
    return t * -np.expm1(-luminosity / lower) * np.exp(beta * np.log(t) - t + log_norm)


def main(out: Path) -> int:
    use_style()
    chain = read_chain(out / "marginal.nc")
    luminosity = np.geomspace(1e6, 1e11, 200)
    some = np.linspace(0, chain.draws("beta").size - 1, 400).astype(int)
    curves = [density(luminosity, *(chain.draws(name)[k] for name in NAMES)) for k in some]
    figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
    band(axis, luminosity, curves, COLOURS["hierarchical"], "hierarchical", share=0.9)
    axis.plot(luminosity, density(luminosity, BETA, LOWER, UPPER), color=BLACK, linestyle="--", label="truth")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_ylim(bottom=1e-6)
    axis.set_xlabel("L")
    axis.set_ylabel("L p(L)")
    axis.legend()
    print(save(figure, out, "luminosity_function"))
    good = True
    for name, truth in NAMES.items():
        values = np.log(chain.draws(name)) if name != "beta" else chain.draws(name)
        off = (values.mean() - (truth if name == "beta" else np.log(truth))) / values.std()
        good = good and abs(off) < 3.5
        print(f"{name:6} {chain.draws(name).mean():.5g} +- {chain.draws(name).std():.2g}, truth {truth:g}: {off:+.2f} sd")
    with h5py.File(out / "catalog.h5") as file:
        galaxies = file["x"].size
    for name, sd in PAPER.items() if galaxies >= 100_000 else ():
        ratio = chain.draws(name).std() / (sd * np.sqrt(100_000 / galaxies))
        good = good and abs(ratio - 1) < 0.15
        print(f"{name:6} has {ratio:.2f} of the paper's width")
    print("good" if good else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
