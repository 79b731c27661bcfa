"""Runs Starling and its peers on the same catalogs, checks their answers, and writes tables and a figure.

Use it through `run`, which installs the peers. README.md says what is compared and how.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np

import problem
import report
import starling

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "peers"  # catalogs and what programs write

# glibc gives large arrays back to the system after each use and asks for them anew, page by page. With these settings
# it keeps them, which makes NumPy and JAX up to twice as fast; most people don't know, so both are measured.
TUNED_MALLOC = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.arena_max=1"
}

# (fit, what tables call it, program of one.py or of starling.py, environment). Per fit, the first Starling is what
# the others are held against.
ROWS = [
    ("naive", "Starling", "starling-like-emcee", {}),
    ("naive", "emcee, one walker at a time", "emcee-one", {}),
    ("naive", "emcee, vectorised", "emcee-many", {}),
    ("naive", "zeus, vectorised", "zeus", {}),
    ("marginal", "Starling", "starling", {}),
    ("marginal", "Starling, short", "starling-short", {}),
    ("marginal", "Starling, like emcee", "starling-like-emcee", {}),
    ("marginal", "emcee, one walker at a time", "emcee-one", {}),
    ("marginal", "emcee, vectorised", "emcee-many", {}),
    ("marginal", "zeus, vectorised", "zeus", {}),
    ("samples", "Starling", "starling-like-emcee", {}),
    ("samples", "emcee, JAX", "emcee-jax", {}),
    ("samples", "emcee, JAX, tuned malloc", "emcee-jax", TUNED_MALLOC),
    ("samples", "emcee, NumPy", "emcee-numpy", {}),
    ("samples", "emcee, NumPy, tuned malloc", "emcee-numpy", TUNED_MALLOC),
    ("samples", "emcee, gwpopulation", "gwpopulation", {}),
    ("samples", "emcee, gwpopulation, tuned malloc", "gwpopulation", TUNED_MALLOC),
    ("joint", "Starling", "starling", {}),
    ("joint", "Starling, short", "starling-short", {}),
    ("joint", "NumPyro", "numpyro", {}),
    ("joint", "NumPyro, centred", "numpyro-centred", {}),
    ("joint", "BlackJAX", "blackjax", {}),
    ("joint", "PyMC", "pymc", {}),
    ("joint", "PyMC with nutpie", "nutpie", {}),
    ("joint", "PyMC with nutpie, centred", "nutpie-centred", {}),
    ("joint", "Stan (PyStan)", "stan", {}),
]
SAME_DRAWS = "emcee, JAX"  # where a scaled run has its ESS from: the same sampler on the same likelihood

PACKAGES = (
    "emcee zeus-mcmc gwpopulation bilby numpyro blackjax jax jaxlib pymc pytensor nutpie numba pystan httpstan "
    "numpy arviz"
)


def effective_sizes(draws: np.ndarray) -> dict:
    """Mean, sd, their Monte Carlo errors, ESS (bulk or tail, the lesser) and R-hat of draws [chain, draw]."""
    import arviz

    draws = np.ascontiguousarray(draws, dtype=float)
    mean, sd = draws.mean(), draws.std()
    squares = (draws - mean) ** 2
    with np.errstate(all="ignore"):
        found = {
            "mean": mean,
            "sd": sd,
            "mcse_mean": sd / arviz.ess(draws, method="mean") ** 0.5,
            "mcse_sd": squares.std() / (2 * sd) / arviz.ess(squares, method="mean") ** 0.5,
            "ess": min(arviz.ess(draws, method=method) for method in ("bulk", "tail")),
            "r_hat": arviz.rhat(draws),
        }
    return {name: float(np.nan_to_num(value)) for name, value in found.items()}  # draws that never move give NaN


def difference(found: dict, right: tuple[float, float]) -> str | None:
    """What is wrong with a mean or sd, if it is off by more than 5 Monte Carlo errors and a twentieth of the sd."""
    mean, sd = right
    if not abs(found["mean"] - mean) < 5 * found["mcse_mean"] + 0.05 * sd:
        return f"mean {found['mean']:.4g} instead of {mean:.4g}"
    if not abs(found["sd"] - sd) < 5 * found["mcse_sd"] + 0.05 * sd:
        return f"sd {found['sd']:.3g} instead of {sd:.3g}"
    return None


def judge(result: dict, catalog: Path, fit: str) -> dict:
    """ESS of theta and the worst latent, and whether the answer is right."""
    right = problem.answer(catalog, fit)
    if "theta" not in result:  # a scaled run has too few draws; its likelihood is compared instead
        samples = problem.read_samples(catalog)
        ours = np.array([problem.samples_log_likelihood(samples, *theta) for theta in result["probe_theta"]])
        off = np.ptp(result["probe_log_prob"] - ours)
        return {
            "scaled_from_steps": int(result["scaled_from_steps"]),
            "differences": [f"ln L is off by {off:.2g}"] if off > 0.1 else [],
        }
    theta = [effective_sizes(result["theta"][..., k]) for k in range(2)]
    verdict = {
        "theta": theta,
        "ess_theta": min(each["ess"] for each in theta),
        "draws": int(np.prod(result["theta"].shape[:2])),
        "r_hat": max(each["r_hat"] for each in theta),
    }
    compared = list(zip(("theta_mu", "theta_sigma"), theta, right["theta"]))
    if "latents" in result:
        latents = [effective_sizes(draws) for draws in np.moveaxis(np.asarray(result["latents"]), -1, 0)]
        verdict["ess_latent"] = min(each["ess"] for each in latents)
        verdict["r_hat"] = max(verdict["r_hat"], *(each["r_hat"] for each in latents))
        compared += [(f"latent {k}", *pair) for k, pair in enumerate(zip(latents, right["latents"]))]
    found = [(name, difference(*pair)) for name, *pair in compared]
    verdict["differences"] = [f"{name}: {text}" for name, text in found if text]
    return verdict


def available_mb() -> float:
    text = Path("/proc/meminfo").read_text()
    return int(re.search(r"MemAvailable:\s+(\d+)", text)[1]) / 1024


def measured(command: list[str], folder: str, environment: dict, arguments) -> tuple[dict, str]:
    """Runs a command in a folder, with its limits; how that went, and the last line it wrote to standard error."""
    limit_mb = 0.8 * available_mb()
    limits = [str(limit) for limit in (arguments.timeout, limit_mb, problem.THREADS)]
    measure = [sys.executable, "-I", HERE / "measure.py", *limits, *command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(measure, cwd=folder, env=environment, **pipes) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            process.terminate()  # which, unlike being killed, lets it end the program, too
            raise
    usage = json.loads(output.splitlines()[-1])
    usage["limit_gb"] = limit_mb / 1000
    lines = errors.strip().splitlines()
    return usage, lines[-1] if lines else ""


def run_row(row: tuple, catalog: Path, seed: int, arguments) -> dict:
    """One run of one program: times, memory and the verdict on its draws, or why there are none."""
    fit, _, program, more = row
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            # Chains have a core each. More threads for their short vector products make PyMC up to 70 times slower.
            "OPENBLAS_NUM_THREADS": "1",
            # Nothing compiled is left over from the run before, by anyone.
            "XDG_CACHE_HOME": scratch,
            "NUMBA_CACHE_DIR": scratch,
            "PYTENSOR_FLAGS": f"base_compiledir={scratch}/pytensor",
            "MPLCONFIGDIR": str(WORK / "matplotlib"),
            "PYTHONWARNINGS": "ignore",
            **more,
        }
        ours = program in starling.SETTINGS
        output = Path(scratch) / ("run.nc" if ours else "run.npz")
        if ours:
            settings = starling.SETTINGS[program]
            command = starling.command(arguments.starling, fit, catalog, seed, output, settings)
        else:
            command = [sys.executable, HERE / "one.py", program, fit, catalog, str(seed), repr(time.time()), output]
        usage, last_line = measured(list(map(str, command)), scratch, environment, arguments)
        record = {name: usage[name] for name in ("wall_s", "cpu_s", "memory_mb", "others_cores")}
        if usage["ended"] == "too long":
            return {**record, "outcome": f"more than {arguments.timeout:g} s"}
        if usage["ended"] == "too much memory" or usage["status"] == -9:
            return {**record, "outcome": f"more than {usage['limit_gb']:.0f} GB"}
        if usage["status"] == 3 and not ours:
            return {**record, "outcome": "not installed", "message": last_line}
        if usage["status"] != 0:
            return {**record, "outcome": "failed", "message": last_line}
        if ours:
            result = starling.result(arguments.starling, fit, output, usage["wall_s"])
        else:
            result = dict(np.load(output))
            result["seconds"] = json.loads(str(result["seconds"]))
            if "unscaled_s" in result:
                record["wall_s"] += result["seconds"]["warmup"] + result["seconds"]["sampling"] - result["unscaled_s"]
        for name in ("replay_s", "leapfrog_steps", "device"):
            if name in result:
                record[name] = result[name] if isinstance(result[name], str) else float(result[name])
        return {**record, "outcome": "done", "seconds": result["seconds"], **judge(result, catalog, fit)}


def hopeless(records: list[dict], row: tuple, objects: int) -> str | None:
    """How this program has failed already: in an earlier round, or with a smaller catalog (not by an error)."""
    for record in records:
        if record["fit"] == row[0] and record["program"] == row[1] and record["outcome"] != "done":
            if record["objects"] == objects or (record["objects"] < objects and record["outcome"] != "failed"):
                return record["outcome"]
    return None


def told(record: dict) -> str:
    """One line about a run."""
    texts = [record["outcome"]]
    if "seconds" in record:
        texts.append(f"{record['wall_s']:.2f} s")
    texts += record.get("differences", [])[:3]
    if record.get("message"):
        texts.append(record["message"])
    return "; ".join(texts)


def machine() -> dict:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1e6
    return {
        "cpu": cpu[1] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
    }


def versions(program: Path) -> dict:
    found = {"starling": subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()}
    for name in PACKAGES.split():
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {**found, "python": platform.python_version()}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/peers/run", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of objects (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, for medians (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only rows that match, as 'joint: NumPyro'")
    parser.add_argument("--starling", type=Path, default=ROOT / "build/release/starling", help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "bench/results", help="folder (default: %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=600, metavar="SECONDS", help="of one run (default: %(default)s)"
    )
    arguments = parser.parse_args()
    arguments.sizes = sorted({int(float(size)) for size in arguments.sizes.split(",")})
    arguments.starling = arguments.starling.resolve()
    if not os.access(arguments.starling, os.X_OK):
        parser.error(f"no program {arguments.starling}; build it, or name it with --starling")
    return arguments


def main() -> None:
    warnings.filterwarnings("ignore")  # ArviZ announces its next version
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # tidies up, as Ctrl-C does
    arguments = parse_arguments()
    rows = [row for row in ROWS if re.search(arguments.only, f"{row[0]}: {row[1]}")]
    WORK.mkdir(parents=True, exist_ok=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    results = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(arguments.starling),
        "settings": {
            "sizes": arguments.sizes,
            "rounds": arguments.rounds,
            "timeout_s": arguments.timeout,
            "threads": problem.THREADS,
            "walkers": problem.WALKERS,
            "burn_in": problem.BURN_IN,
            "kept_steps": problem.KEPT_STEPS,
            "nuts_warmup": problem.NUTS_WARMUP,
            "nuts_draws": problem.NUTS_DRAWS,
            "samples_per_object": problem.SAMPLES_PER_OBJECT,
        },
        "same_draws": SAME_DRAWS,
        "runs": [],
    }
    runs = results["runs"]
    for this_round in range(1, arguments.rounds + 1):
        for objects in arguments.sizes:
            catalog = WORK / f"catalog-{objects}.h5"
            if not catalog.exists():
                starling.simulate(arguments.starling, objects, catalog)
            for row in rows:
                record = {"fit": row[0], "program": row[1], "objects": objects, "round": this_round}
                outcome = hopeless(runs, row, objects)
                if outcome:
                    record |= {"outcome": outcome, "tried": False}
                else:
                    record |= run_row(row, catalog, this_round, arguments)
                runs.append(record)
                where = f"round {this_round}, N = {objects}, {row[0]}: {row[1]}"
                print(f"{where}: {told(record)}", file=sys.stderr, flush=True)
        report.write(results, arguments.output)  # after each round, should the next one be interrupted
    print((arguments.output / "peers.md").read_text())


if __name__ == "__main__":
    main()
