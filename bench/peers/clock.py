"""How long a Python program spends on what: setup (start-up, imports, data), compile, warmup, sampling."""

import contextlib
import time

seconds = {"setup": 0.0, "compile": 0.0, "warmup": 0.0, "sampling": 0.0}
_jax_compiling = []  # intervals


def watch_jax() -> None:
    """From now on what JAX spends on tracing and compiling counts as compile, in whatever phase it happens."""
    import jax

    def note(event, duration, **_):
        if event.startswith("/jax/core/compile/"):
            now = time.time()
            _jax_compiling.append((now - duration, now))

    jax.monitoring.register_event_duration_secs_listener(note)


def _compiling_between(begin: float, end: float) -> float:
    """Length of the union of the intervals: JAX reports functions inside of others twice."""
    total = 0.0
    for start, stop in sorted(_jax_compiling):
        start = max(start, begin)
        if start < min(stop, end):
            total += min(stop, end) - start
            begin = min(stop, end)
    return total


def add(phase: str, begin: float, end: float) -> None:
    """Counts the time between as part of a phase."""
    compiling = _compiling_between(begin, end) if phase != "compile" else 0.0
    seconds["compile"] += compiling
    seconds[phase] += end - begin - compiling


@contextlib.contextmanager
def phase(name: str):
    begin = time.time()
    yield
    add(name, begin, time.time())
