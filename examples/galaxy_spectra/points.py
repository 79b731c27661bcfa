"""What comes between the fits: medians of each galaxy's samples for the naive fit, and the density of the interim
prior at every sample."""

import sys
from pathlib import Path

import h5py
import numpy as np

INTERIM = ((10, 1), (-2, 1.5), (-1, 0.5))  # mean and sd of mass, young, dust, as in interim.toml


def main(out: Path) -> None:
    with h5py.File(out / "samples.h5", "a") as file:
        samples = file["samples"][:]  # [N, K, 3]
        log_density = sum(-0.5 * ((samples[..., j] - m) / s) ** 2 - np.log(s) for j, (m, s) in enumerate(INTERIM))
        if "interim_prior" in file:
            del file["interim_prior"]
        file["interim_prior"] = np.exp(log_density)
    medians = np.median(samples[..., 0], axis=1)
    kept = medians[medians > 9]  # as one does who takes medians for masses
    np.savetxt(out / "medians.csv", kept, header="x", comments="")
    print(f"{medians.size - kept.size} of {medians.size} medians lie below the limit and are left out")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
