"""Reads a chain file: NetCDF-4 is HDF5, so h5py is enough."""

from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np


class BadFile(Exception):
    """A file that is missing, or is not what it should be; the message is for the user."""


@dataclass
class Chain:
    """Draws of every hyperparameter, and what the file says of the objects."""

    path: Path
    method: str
    parameters: dict[str, np.ndarray]  # name -> [chain, draw]; hyperparameters that were fixed are left out
    ensemble: np.ndarray  # [chain] which ensemble a chain (walker) belongs to
    attributes: dict = field(default_factory=dict)
    latent_mean: np.ndarray | None = None  # [object], joint fits only
    latent_sd: np.ndarray | None = None
    x: np.ndarray | None = None  # [object], None where the catalog was too large to keep
    sigma: np.ndarray | None = None
    ids: list[str] | None = None

    def draws(self, name: str) -> np.ndarray:
        """All draws of one hyperparameter, [chain * draw]."""
        return self.parameters[name].ravel()


def read_chain(path) -> Chain:
    path = Path(path)
    if not path.is_file():
        raise BadFile(f"{path}: there is no such chain file")
    try:
        with h5py.File(path, "r") as file:
            return _read(path, file)
    except OSError as error:
        raise BadFile(f"{path}: not a chain file (not NetCDF-4: {error})") from error


def _read(path: Path, file: h5py.File) -> Chain:
    if "posterior" not in file:
        raise BadFile(f"{path}: not a chain file (it has no group 'posterior')")
    posterior = file["posterior"]
    parameters = {name: data[()] for name, data in posterior.items() if data.ndim == 2 and data.dtype.kind == "f"}
    # HDF5 lists names alphabetically; the file says which order the model has.
    order = _texts(file.attrs.get("parameters", ""))
    parameters = {name: parameters[name] for name in order if name in parameters} | parameters
    if not parameters or next(iter(parameters.values())).size == 0:
        raise BadFile(f"{path}: holds no draws")
    parameters = {name: draws for name, draws in parameters.items() if np.ptp(draws) > 0}
    chains = next(iter(parameters.values())).shape[0]
    ensemble = posterior["ensemble"][()] if "ensemble" in posterior else np.zeros(chains, int)
    attributes = {name: _text(value) for name, value in file.attrs.items()}
    chain = Chain(path, attributes.get("method", ""), parameters, ensemble, attributes)
    if "latent_moments" in file:
        chain.latent_mean = file["latent_moments/mean"][()]
        chain.latent_sd = file["latent_moments/sd"][()]
    observed = file.get("observed_data")
    if observed is not None and "x" in observed:
        chain.x = observed["x"][()]
        if "sigma" in observed:
            chain.sigma = np.broadcast_to(observed["sigma"][()], chain.x.shape)
        if "id" in observed:
            chain.ids = [_text(name) for name in observed["id"][()]]
    return chain


def _text(value):
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def _texts(value) -> list[str]:
    """A list of names: an array of strings, or one string with commas or blanks between them."""
    if isinstance(value, (str, bytes)):
        return _text(value).replace(",", " ").split()
    return [_text(name) for name in np.atleast_1d(value)]
