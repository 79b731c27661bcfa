"""Makes a flux-limited catalog of galaxies under a BB1 luminosity function, and the probability to be seen.

    simulate.py FOLDER GALAXIES

writes catalog.h5 (x, sigma, distance) and selection.csv (mu, p_det) there. Luminosities are in solar units, distances in Mpc; a flux is
L / (4 pi r^2). Distances fill a sphere of 1000 Mpc evenly. A flux F is measured with noise sqrt(sigma_0^2 + (0.01 F)^2), and galaxies
with a measured flux above five times the noise there are in the catalog, which gives the noise at the measured flux. sigma_0 is such
that only galaxies of 20 times the upper scale are seen at the end of the sphere: the flux limits the catalog, not the volume.
"""

import sys
from math import pi
from pathlib import Path

import h5py
import numpy as np

BETA, LOWER, UPPER = -1.5, 1e8, 1e10
RADIUS, SHARE = 1000.0, 0.01
LIMIT = 20 * UPPER / (4 * pi * RADIUS**2)
NOISE = LIMIT * np.sqrt(1 / 25 - SHARE**2)  # sigma_0: the limit is at five times the noise


def bb1(random, size):
    """L from (1 - e^(-L/l)) L^beta e^(-L/u): (1 - e^(-t)) t^beta has a tail t^beta above 1 and rises as t^(beta + 1) below; by rejection."""
    out = np.empty(0)
    while out.size < size:
        # proposals ~ L^beta above l, ~ L^(beta + 1) / l below, joined at l; accepted with what is left of the density
        below = 1 / (BETA + 2)
        above = 1 / -(BETA + 1)
        u = random.uniform(size=2 * size)
        low = random.uniform(size=u.size) < below / (below + above)
        t = np.where(low, u ** (1 / (BETA + 2)), u ** (1 / (BETA + 1)))
        keep = (1 - np.exp(-t)) / np.where(low, t, 1) * np.exp(-t * LOWER / UPPER)
        out = np.append(out, LOWER * t[random.uniform(size=u.size) < keep])
    return out[:size]


def flux(luminosity, distance):
    return luminosity / (4 * pi * distance**2)


def noise(flux):
    return np.hypot(NOISE, SHARE * flux)


def detection(luminosity):
    """p_det(L): over all distances in the sphere and the noise."""
    from scipy.special import ndtr

    # equal steps of ln r, as faint galaxies are seen in a small part of the volume
    r = RADIUS * np.exp(-np.linspace(0, 12, 6001))
    share = 3 * r**3 / RADIUS**3 * 0.002
    share[0] /= 2  # trapezoidal rule
    share /= share.sum()
    return np.minimum(1, [(ndtr((flux(l, r) - LIMIT) / noise(flux(l, r))) * share).sum() for l in luminosity])


def main(out: Path, galaxies: int) -> None:
    random = np.random.default_rng(11)
    x, distance = np.empty(0), np.empty(0)
    drawn = 0
    while x.size < galaxies:
        luminosity = bb1(random, 2_000_000)
        r = RADIUS * random.uniform(size=luminosity.size) ** (1 / 3)
        true = flux(luminosity, r)
        measured = true + noise(true) * random.normal(size=r.size)
        seen = measured > LIMIT
        x, distance = np.append(x, measured[seen]), np.append(distance, r[seen])
        drawn += r.size
    x, distance = x[:galaxies], distance[:galaxies]
    with h5py.File(out / "catalog.h5", "w") as file:
        file["x"], file["sigma"], file["distance"] = x, noise(x), distance
    at = np.geomspace(1e6, 1e12, 600)
    np.savetxt(out / "selection.csv", np.column_stack([at, detection(at)]), delimiter=",", header="mu,p_det",
               comments="", fmt="%.12g")
    print(f"{galaxies} galaxies; {galaxies / drawn:.3%} of all are seen")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
