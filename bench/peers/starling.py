"""Starling's runs: their command lines, and what is read from the chain files."""

import json
import subprocess
import time
from pathlib import Path

import numpy as np

from problem import (
    BURN_IN,
    KEPT_STEPS,
    MU_RANGE,
    NOISE,
    SAMPLES_PER_OBJECT,
    SIGMA_RANGE,
    THREADS,
    TRUTH,
    WALKERS,
    latents_kept,
)

# What emcee does by default, from where it starts here.
LIKE_EMCEE = (
    f"--ensembles 1 --walkers {WALKERS} --burn-in {BURN_IN} --steps {KEPT_STEPS} --moves stretch --moves-per-step 1 "
    f"--start theta_mu={TRUTH[0]}:0.0001 --start theta_sigma={TRUTH[1]}:0.0001"
).split()


# As long as it takes to be right: a fraction of the defaults, which are meant to be safe.
SHORT = "--ensembles 1 --walkers 100 --burn-in 200 --steps 200".split()
SETTINGS = {"starling": [], "starling-short": SHORT, "starling-like-emcee": LIKE_EMCEE}


def simulate(starling: Path, objects: int, catalog: Path) -> None:
    """A catalog: points with their noise, and posterior samples of the same objects under a flat prior."""
    part = catalog.with_suffix(".part.h5")
    what = f"--objects {objects} --sigma {NOISE} --samples {SAMPLES_PER_OBJECT} --seed 1".split()
    truth = f"theta_mu={TRUTH[0]},theta_sigma={TRUTH[1]}"
    subprocess.run([starling, "simulate", "--truth", truth, *what, "--output", part], check=True)
    part.rename(catalog)


def command(starling: Path, fit: str, catalog: Path, seed: int, output: Path, settings: list) -> list:
    """The command line of a fit; without settings, those that Starling has by default."""
    method = "--samples samples --method marginal" if fit == "samples" else f"--method {fit}"
    options = f"{method} --device cpu --threads {THREADS} --seed {seed} --overwrite".split()
    priors = ["--prior", f"theta_mu=uniform{MU_RANGE}", "--prior", f"theta_sigma=uniform{SIGMA_RANGE}"]
    return [starling, "fit", catalog, *options, *priors, *settings, "--output", output]


def result(starling: Path, fit: str, chain_file: Path, wall_s: float) -> dict:
    """The same that one.py saves."""
    import h5py

    def number(value) -> float:
        return float(np.ravel(value)[0])

    with h5py.File(chain_file) as file:
        theta = np.stack([file["posterior/theta_mu"][:], file["posterior/theta_sigma"][:]], axis=-1)
        steps_s = number(file.attrs["result.sampling_seconds"])
        warmup_s = number(file.attrs["result.burn_in_seconds"])
        objects = number(file["observed_data"].attrs["objects"])
        device = np.ravel(file.attrs["device"])[0]
        device = device.decode() if isinstance(device, bytes) else str(device)
    seconds = {"setup": wall_s - steps_s, "compile": 0.0, "warmup": warmup_s, "sampling": steps_s - warmup_s}
    answer = {"theta": theta, "seconds": seconds, "device": device}
    if fit == "joint":
        begin = time.time()
        latents = [replay(starling, chain_file, row).reshape(theta.shape[:2]) for row in latents_kept(int(objects))]
        answer["replay_s"] = (time.time() - begin) / len(latents)
        answer["latents"] = np.stack(latents, axis=-1)
    return answer


def replay(starling: Path, chain_file: Path, row: int) -> np.ndarray:
    """The draws of one object's latent, chain by chain."""
    command = [starling, "latents", chain_file, "--object", str(row), "--draws", "--json"]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return np.array(json.loads(shown.stdout)["draws"])
