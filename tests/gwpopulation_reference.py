"""Hyper-likelihoods of gwpopulation, for gwpopulation_test.cpp: makes a catalog of posterior samples with an interim
prior, found injections, and ln L with its variance of a power law + peak model at several hyperparameters.

    gwpopulation_reference.py FOLDER

writes events.h5 (samples, offsets, prior), injections.csv and expected.json there.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas
from gwpopulation.hyperpe import HyperparameterLikelihood
from gwpopulation.models.mass import two_component_single
from gwpopulation.vt import ResamplingVT

EVENTS, DRAWN = 60, 200_000
PARAMETERS = [
    dict(alpha=3.4, mmin=5.1, mmax=87.0, lam=0.04, mpp=34.0, sigpp=3.6),
    dict(alpha=2.1, mmin=4.0, mmax=70.0, lam=0.2, mpp=30.0, sigpp=6.0),
    dict(alpha=5.5, mmin=7.5, mmax=95.0, lam=0.01, mpp=40.0, sigpp=1.5),
    dict(alpha=-0.5, mmin=6.0, mmax=50.0, lam=0.5, mpp=25.0, sigpp=9.0),
]


def powerlaw_draws(random, size, slope, low, high):
    u = random.uniform(size=size)
    return (low ** (slope + 1) + u * (high ** (slope + 1) - low ** (slope + 1))) ** (1 / (slope + 1))


def main(folder: Path) -> None:
    random = np.random.default_rng(20261127)
    # Masses above 2, samples scattered about them, some outside of the support of the models; interim prior ~ m.
    posteriors = []
    for mass in np.concatenate([powerlaw_draws(random, EVENTS - 20, -2.3, 6, 80), random.normal(34, 4, size=20)]):
        samples = np.abs(random.normal(mass, 0.12 * mass, size=random.integers(500, 1500))) + 1e-3
        posteriors.append(pandas.DataFrame({"mass_1": samples, "prior": samples / 5000}))
    drawn = powerlaw_draws(random, DRAWN, -2.0, 2, 100)
    density = drawn**-2.0 * -1.0 / (100**-1.0 - 2**-1.0)
    found = random.uniform(size=DRAWN) < (drawn / 100) ** 1.5
    injections = {"mass_1": drawn[found], "prior": density[found], "total_generated": DRAWN, "analysis_time": 1}

    def model(dataset, alpha, mmin, mmax, lam, mpp, sigpp):
        return two_component_single(dataset["mass_1"], alpha, mmin, mmax, lam, mpp, sigpp)

    likelihood = HyperparameterLikelihood(
        posteriors,
        model,
        selection_function=ResamplingVT(model=model, data=injections, n_events=EVENTS, enforce_convergence=False),
    )
    expected = []
    for parameters in PARAMETERS:
        ln_l, variance = likelihood.ln_likelihood_and_variance(dict(parameters))
        expected.append({"parameters": parameters, "log_likelihood": float(ln_l), "variance": float(variance)})
    (folder / "expected.json").write_text(json.dumps(expected))
    with h5py.File(folder / "events.h5", "w") as file:
        file["mass"] = np.concatenate([p["mass_1"] for p in posteriors])
        file["prior"] = np.concatenate([p["prior"] for p in posteriors])
        file["first"] = np.cumsum([0] + [len(p) for p in posteriors])
    table = np.column_stack([injections["mass_1"], injections["prior"]])
    np.savetxt(folder / "injections.csv", table, delimiter=",", header="mu,p_draw", comments="", fmt="%.17g")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
