"""Reads the catalogs that `starling simulate` and the demo write."""

import csv
from pathlib import Path

import h5py
import numpy as np

from .chain_file import BadFile


def read_columns(path, *names: str) -> list[np.ndarray]:
    """Columns of a CSV file with a header row; lines that start with # are comments."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    if not rows or any(name not in rows[0] for name in names):
        raise BadFile(f"{path}: needs the columns {', '.join(names)} and at least one row")
    return [np.array([float(row[name]) for row in rows]) for name in names]


def read_samples(path) -> list[np.ndarray]:
    """Posterior samples of each object: dataset `samples`, [N, K], or one after the other with `offsets`."""
    with h5py.File(Path(path), "r") as file:
        samples = file["samples"][()]
        if samples.ndim == 2:
            return list(samples)
        return np.split(samples, file["offsets"][()][1:-1].astype(int))
