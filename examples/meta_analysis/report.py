"""Figures of the eight schools, and the check of the result."""

import json
import sys
from pathlib import Path

import numpy as np
from starling_plots.chain_file import read_chain
from starling_plots.style import CYCLE, COLOURS, DATA, plt, save, use_style

REFERENCE = {"theta_mu": (4.41, 3.31), "theta_sigma": (3.60, 3.20)}  # posteriordb, eight_schools_noncentered
TOLERANCE = 0.15


def funnel(joint, draws, out):
    figure, axis = plt.subplots(figsize=(6, 4.2), layout="constrained")
    some = np.linspace(0, draws.size - 1, 6000).astype(int)
    axis.plot(draws[some], np.log(joint.draws("theta_sigma")[some]), ".", markersize=1.5, alpha=0.4, color=CYCLE[0])
    axis.set_xlabel("true effect of school A")
    axis.set_ylabel(r"$\ln\ \theta_\sigma$")
    axis.set_ylim(-4, 4)
    print(save(figure, out, "funnel"))


def shrinkage(joint, latents, out):
    figure, axis = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    place = np.arange(len(latents))
    axis.errorbar(joint.x, place + 0.12, xerr=joint.sigma, fmt="o", color=DATA, label="measured")
    axis.errorbar([l["mean"] for l in latents], place - 0.12, xerr=[l["sd"] for l in latents], fmt="s",
                  color=COLOURS["hierarchical"], label="hierarchical")
    axis.axvline(joint.draws("theta_mu").mean(), color=COLOURS["hierarchical"], linewidth=0.8)
    axis.set_yticks(place, [l["object"] for l in latents])
    axis.invert_yaxis()
    axis.set_xlabel("effect [points]")
    axis.set_ylabel("school")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    print(save(figure, out, "shrinkage"))


def main(out: Path) -> int:
    use_style()
    joint, marginal = read_chain(out / "joint.nc"), read_chain(out / "marginal.nc")
    latents = [json.loads((out / f"latent_{school}.json").read_text()) for school in "ABCDEFGH"]
    draws = np.loadtxt(out / "draws_A.csv", delimiter=",", skiprows=1, usecols=2)
    funnel(joint, draws, out)
    shrinkage(joint, latents, out)
    good = True
    for name, expected in REFERENCE.items():
        for chain in (marginal, joint):
            found = chain.draws(name).mean(), chain.draws(name).std()
            near = all(abs(f - e) < TOLERANCE for f, e in zip(found, expected))
            good = good and near
            print(f"{chain.method:9} {name:12} {found[0]:.2f} +- {found[1]:.2f}, reference {expected[0]} +- {expected[1]}:",
                  "good" if near else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
