"""The mass function of the three fits beside the truth, and the check of the result."""

import sys
from pathlib import Path

import numpy as np
from scipy.integrate import trapezoid
from simulate import ALPHA, LIMIT, LOG10_M_STAR, YOUNG
from starling_plots.chain_file import read_chain
from starling_plots.style import COLOURS, TRUTH as BLACK, band, plt, save, use_style

TRUTH = {
    "alpha": ALPHA,
    "log10_m_star": LOG10_M_STAR,
    "theta_mu_young": YOUNG[0],
    "theta_sigma_young": YOUNG[1],
}
FITS = {"naive": "medians", "samples": "posterior samples", "joint": "joint with the spectra"}


def density(x, alpha, star):
    y = 10 ** (x - star)
    p = y ** (alpha + 1) * np.exp(-y)
    return p / trapezoid(p, x)


def main(out: Path) -> int:
    use_style()
    x = np.linspace(LIMIT, 12, 400)
    figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
    offsets = {}
    colours = {"naive": COLOURS["naive"], "samples": COLOURS["samples"], "joint": COLOURS["hierarchical"]}
    for fit, label in FITS.items():
        chain = read_chain(out / f"{fit}.nc")
        draws = {name: chain.draws(name).ravel() for name in TRUTH if fit != "naive" or name in ("alpha", "log10_m_star")}
        some = np.linspace(0, draws["alpha"].size - 1, 300).astype(int)
        curves = [density(x, draws["alpha"][k], draws["log10_m_star"][k]) for k in some]
        band(axis, x, curves, colours[fit], label, share=0.9)
        offsets[fit] = {name: (values.mean() - TRUTH[name]) / values.std() for name, values in draws.items()}
        for name, values in draws.items():
            print(f"{fit:8} {name:18} {values.mean():8.4f} +- {values.std():.4f}, truth {TRUTH[name]:g}: {offsets[fit][name]:+.1f} sd")
    axis.plot(x, density(x, ALPHA, LOG10_M_STAR), color=BLACK, linestyle="--", label="truth")
    masses = np.load(out / "truth.npz")["mass"]
    axis.hist(masses, bins=40, density=True, color="0.85", zorder=0, label="true masses")
    axis.set_yscale("log")
    axis.set_ylim(1e-3, 3)
    axis.set_xlabel("log10 mass")
    axis.set_ylabel("density")
    axis.legend()
    print(save(figure, out, "mass_function"))
    good = all(abs(off) < 4 for off in offsets["joint"].values())
    if masses.size >= 2000:  # fewer galaxies may not tell
        good = good and max(abs(off) for off in offsets["naive"].values()) > 3
    print("good" if good else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
