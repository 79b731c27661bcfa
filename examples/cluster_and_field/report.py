"""Membership of every star in the Pleiades, its figure, and the check of the result."""

import csv
import sys
from pathlib import Path

import numpy as np
from starling_plots.chain_file import read_chain
from starling_plots.style import COLOURS, DATA, plt, save, use_style

CLUSTER = 2  # the component near 8 mas
MOVES_ALONG = 6.0  # mas / yr from the cluster's proper motion, which the fit does not know


def membership(chain, x, sigma):
    """P(star belongs to the cluster | parallaxes), averaged over 2000 draws."""
    some = np.linspace(0, chain.draws("theta_mu_1").size - 1, 2000).astype(int)
    mean, width = ([chain.draws(f"{name}_{k}")[some] for k in (1, 2, 3)] for name in ("theta_mu", "theta_sigma"))
    weight = [chain.draws(f"weight_{k}")[some] for k in (1, 2)]
    weight.append(1 - weight[0] - weight[1])
    probability = np.empty(x.size)
    for i in range(x.size):
        densities = [w * np.exp(-0.5 * (x[i] - m) ** 2 / (s**2 + sigma[i] ** 2)) / np.sqrt(s**2 + sigma[i] ** 2)
                     for w, m, s in zip(weight, mean, width)]
        probability[i] = np.mean(densities[CLUSTER - 1] / sum(densities))
    return probability


def main(out: Path) -> int:
    use_style()
    chain = read_chain(out / "marginal.nc")
    with open(out / "stars.csv") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    x, sigma, motion = (np.array([float(row[key]) for row in rows]) for key in ("x", "sigma", "motion"))
    probability = membership(chain, x, sigma)
    with open(out / "members.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "probability"])
        writer.writerows((row["id"], f"{p:.4f}") for row, p in zip(rows, probability))

    figure, axis = plt.subplots(figsize=(7, 4.2), layout="constrained")
    along = motion < MOVES_ALONG
    for chosen, colour, label in ((~along, DATA, "other stars"), (along, COLOURS["hierarchical"], "move with the cluster")):
        axis.errorbar(x[chosen], probability[chosen], xerr=sigma[chosen], fmt=".", color=colour, elinewidth=0.5, label=label)
    axis.set_xlim(-2, 20)
    axis.set_xlabel("parallax [mas]")
    axis.set_ylabel("P(member | parallax)")
    axis.legend()
    print(save(figure, out, "membership"))

    parallax, sd = chain.draws(f"theta_mu_{CLUSTER}").mean(), chain.draws(f"theta_mu_{CLUSTER}").std()
    members, others = probability[along].mean(), probability[~along].mean()
    print(f"parallax of the cluster {parallax:.2f} +- {sd:.2f} mas; members expected {probability.sum():.0f} of {x.size} stars")
    print(f"mean membership of the {along.sum()} stars that move with the cluster {members:.2f}, of the others {others:.2f}")
    good = abs(parallax - 8.3) < 0.4 and members > 3 * others
    print("good" if good else "NOT AS EXPECTED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
