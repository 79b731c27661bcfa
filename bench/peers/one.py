"""Runs one program on one catalog, in a process of its own, and saves its draws and times.

    python one.py PROGRAM FIT CATALOG SEED BEGIN OUTPUT.npz      BEGIN: when the process was started (time.time())

Exit status 3: a package is missing.
"""

import json
import sys
import time

import numpy as np

import clock
import ensembles
import nuts

PROGRAMS = {
    "emcee-one": ensembles.emcee_one,
    "emcee-many": ensembles.emcee_many,
    "zeus": ensembles.zeus_many,
    "emcee-numpy": ensembles.emcee_numpy_samples,
    "emcee-jax": ensembles.emcee_jax_samples,
    "gwpopulation": ensembles.gwpopulation_samples,
    "numpyro-centred": lambda fit, catalog, seed: nuts.numpyro_joint(catalog, seed, centred=True),
    "numpyro": lambda fit, catalog, seed: nuts.numpyro_joint(catalog, seed, centred=False),
    "blackjax": lambda fit, catalog, seed: nuts.blackjax_joint(catalog, seed),
    "pymc": lambda fit, catalog, seed: nuts.pymc_joint(catalog, seed),
    "nutpie-centred": lambda fit, catalog, seed: nuts.nutpie_joint(catalog, seed, centred=True),
    "nutpie": lambda fit, catalog, seed: nuts.nutpie_joint(catalog, seed, centred=False),
    "stan": lambda fit, catalog, seed: nuts.stan_joint(catalog, seed),
}


def main() -> int:
    program, fit, catalog, seed, begin, output = sys.argv[1:]
    np.random.seed(int(seed))  # emcee and zeus use NumPy's global generator
    try:
        result = PROGRAMS[program](fit, catalog, int(seed))
    except ImportError as missing:
        print(missing, file=sys.stderr)
        return 3
    # Everything that was not counted is start-up, imports, reading the catalog and building the model. What a scaled
    # run counts, it did not spend.
    counted = sum(clock.seconds.values())
    if "unscaled_s" in result:
        counted += result["unscaled_s"] - clock.seconds["warmup"] - clock.seconds["sampling"]
    clock.seconds["setup"] += time.time() - float(begin) - counted
    np.savez(output, seconds=json.dumps(clock.seconds), **result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
