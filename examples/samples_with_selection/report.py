"""The population of masses with and without the selection, beside the truth, and the check of the result."""

import sys
from math import erf, sqrt
from pathlib import Path

import h5py
import numpy as np
from simulate import TRUTH
from starling_plots.chain_file import read_chain
from starling_plots.style import COLOURS, TRUTH as BLACK, band, plt, save, use_style


def density(m, alpha, mmin, mmax, lam, mpp, sigpp, top=100.0):
    law = np.where((m >= mmin) & (m <= mmax), m**-alpha * (1 - alpha) / (mmax ** (1 - alpha) - mmin ** (1 - alpha)), 0)
    area = 0.5 * (erf((top - mpp) / sigpp / sqrt(2)) - erf((mmin - mpp) / sigpp / sqrt(2)))
    peak = np.exp(-0.5 * ((m - mpp) / sigpp) ** 2) / (sigpp * sqrt(2 * np.pi) * area) * ((m >= mmin) & (m <= top))
    return (1 - lam) * law + lam * peak


def densities(chain, m):
    some = np.linspace(0, chain.draws("alpha").size - 1, 500).astype(int)
    draws = {name: chain.draws(name)[some] for name in TRUTH}
    return [density(m, **{name: values[k] for name, values in draws.items()}) for k in range(len(some))]


def result(path, name):
    with h5py.File(path) as file:
        text = file.attrs.get(f"result.{name}")
    return float(text.decode() if isinstance(text, bytes) else text)


def main(out: Path) -> int:
    use_style()
    fit, ignored = read_chain(out / "samples.nc"), read_chain(out / "ignored.nc")
    m = np.linspace(3, 90, 400)
    figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for chain, colour, label in ((ignored, COLOURS["naive"], "selection ignored"),
                                 (fit, COLOURS["hierarchical"], "with the selection")):
        band(axis, m, densities(chain, m), colour, label, share=0.9)
    axis.plot(m, density(m, **TRUTH), color=BLACK, linestyle="--", label="truth")
    axis.set_yscale("log")
    axis.set_ylim(1e-5, 1)
    axis.set_xlabel("mass")
    axis.set_ylabel("p(mass)")
    axis.legend()
    print(save(figure, out, "population"))

    good = True
    for name, truth in TRUTH.items():
        values = fit.draws(name)
        below = np.mean(values < truth)  # bounds have skewed posteriors: their sd would say little
        near = 0.001 < below < 0.999
        good = good and near
        print(f"{name:6} {values.mean():7.3f} +- {values.std():.3f}, truth {truth}: at the quantile {below:.3f}",
              "" if near else "NOT AS EXPECTED")
    wrong = ignored.draws("alpha")
    off = (wrong.mean() - TRUTH["alpha"]) / wrong.std()
    print(f"without the selection alpha = {wrong.mean():.2f} +- {wrong.std():.2f}: {off:+.1f} sd off")
    with h5py.File(out / "samples.nc") as file:
        variance = float(file["monte_carlo/variance"][()])
    total = variance + result(out / "samples.nc", "selection_variance")
    effective, needed = result(out / "samples.nc", "injections_n_eff"), result(out / "samples.nc", "injections_needed")
    print(f"V = {variance:.2f} of the samples, {total:.2f} in all; {effective:.0f} effective injections, {needed:.0f} needed")
    good = good and abs(off) > 3 and total < 1 and effective > needed
    print("good" if good else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
