"""Makes a catalog of posterior samples of masses behind a selection, and injections that tell of it."""

import sys
from pathlib import Path

import h5py
import numpy as np

TRUTH = dict(alpha=3.0, mmin=5.0, mmax=85.0, lam=0.08, mpp=34.0, sigpp=4.0)
EVENTS, INJECTIONS = 100, 800_000


def power_law(random, size, slope, low, high):
    u = random.uniform(size=size)
    return (low ** (slope + 1) + u * (high ** (slope + 1) - low ** (slope + 1))) ** (1 / (slope + 1))


def population(random, size):
    peak = random.normal(TRUTH["mpp"], TRUTH["sigpp"], size=size)  # its cut at mmin, seven sigma away, does not matter
    return np.where(random.uniform(size=size) < TRUTH["lam"], peak,
                    power_law(random, size, -TRUTH["alpha"], TRUTH["mmin"], TRUTH["mmax"]))


def is_seen(random, mass):
    """The volume in which it is seen grows with the mass."""
    return random.uniform(size=mass.size) < np.minimum(1, (mass / 60) ** 2.2)


def main(out: Path) -> None:
    random = np.random.default_rng(7)
    mass = population(random, 200_000)
    mass = mass[is_seen(random, mass)][:EVENTS]
    samples, prior = [], []
    for m in mass:
        # measured with 5 % noise; under a prior ~ m the posterior of m is a normal times m, drawn by rejection
        error = 0.05 * m
        x, count = random.normal(m, error), random.integers(300, 900)
        drawn = random.normal(x, error, size=20 * count)
        drawn = drawn[(drawn > 0) & (random.uniform(size=drawn.size) < drawn / (x + 6 * error))][:count]
        samples.append(drawn)
        prior.append(drawn)
    with h5py.File(out / "events.h5", "w") as file:
        file["mass"] = np.concatenate(samples)
        file["prior"] = np.concatenate(prior)
        file["first"] = np.cumsum([0] + [len(s) for s in samples])
    slope, low, high = -2.0, 2.0, 150.0
    injected = power_law(random, INJECTIONS, slope, low, high)
    seen = is_seen(random, injected)
    density = injected**slope * (slope + 1) / (high ** (slope + 1) - low ** (slope + 1))
    np.savetxt(out / "injections.csv", np.column_stack([injected[seen], density[seen]]), delimiter=",",
               header="mu,p_draw", comments="", fmt="%.12g")
    print(f"{EVENTS} events, {seen.sum()} of {INJECTIONS} injections were seen")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
