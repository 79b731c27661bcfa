"""Galaxies with spectra: output/galaxies.h5 (flux, flux_error) and output/truth.npz."""

import sys
from pathlib import Path

import h5py
import numpy as np

ALPHA, LOG10_M_STAR, LIMIT = -1.3, 10.8, 9.0
YOUNG, DUST = (-2.0, 1.0), (-1.0, 0.5)  # mean and sd of logit(young share) and of ln(dust)
BINS = 200
WAVELENGTH = 3600 + 5600 * (np.arange(BINS) + 0.5) / BINS


def planck(temperature):
    c = 1.438777e8 / temperature
    return (5500 / WAVELENGTH) ** 5 * np.expm1(c / 5500) / np.expm1(c / WAVELENGTH)


OLD = planck(4500) * (0.4 + 0.6 / (1 + np.exp((4000 - WAVELENGTH) / 30)))
YOUNG_LIGHT = 8 * planck(15000)
EXTINCTION = 0.4 * np.log(10) * (WAVELENGTH / 5500) ** -0.7


def spectra(mass, young, dust):
    share = 1 / (1 + np.exp(-young))
    light = share[:, None] * YOUNG_LIGHT + (1 - share)[:, None] * OLD
    return 10 ** (mass - 10)[:, None] * light * np.exp(-np.exp(dust)[:, None] * EXTINCTION)


def schechter(rng, count):
    """log10 masses, by inverting the cumulative sum on a fine grid."""
    x = np.linspace(LIMIT, 13, 400_001)
    y = 10 ** (x - LOG10_M_STAR)
    cumulative = np.cumsum(y ** (ALPHA + 1) * np.exp(-y))
    return np.interp(rng.random(count), cumulative / cumulative[-1], x)


def main(out: Path, count: int) -> None:
    rng = np.random.default_rng(7)
    mass = schechter(rng, count)
    young, dust = rng.normal(*YOUNG, count), rng.normal(*DUST, count)
    clean = spectra(mass, young, dust)
    error = np.hypot(0.25, 0.05 * clean)  # the sky's light, and calibration
    with h5py.File(out / "galaxies.h5", "w") as file:
        file["flux"] = clean + error * rng.standard_normal(clean.shape)
        file["flux_error"] = error
    np.savez(out / "truth.npz", mass=mass, young=young, dust=dust)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
