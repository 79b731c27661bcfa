"""Draws what starling-bench measured: nanoseconds per element against the number of objects, a line per backend.

    python bench/plot.py BENCH.json FIGURE.png

BENCH.json is what starling-bench --benchmark_out writes. An element is one (object, walker), one (sample, walker) or one
random word.
"""

import json
import sys
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)

KERNELS = [
    "naive",
    "exact marginal",
    "samples marginal",
    "latents, exact",
    "latents, exact, not kept",
    "latents, Metropolis",
    "Philox",
]
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]


def measured(path: str) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """work -> backend -> [(objects, nanoseconds per element)]"""
    with open(path) as file:
        entries = json.load(file)["benchmarks"]
    found: dict = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        if entry.get("error_occurred") or "fastest_ns_per_element" not in entry:
            continue
        work, objects, backend = entry["name"].split("/")[:3]
        found[work][backend].append((int(objects), entry["fastest_ns_per_element"]))
    return found


def draw(found, picture: str) -> None:
    works = [k for k in KERNELS if k in found]
    if not works:
        sys.exit("plot.py: the file holds no kernels; was starling-bench run with --no-kernels?")
    columns = min(3, len(works))
    rows = -(-len(works) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.7 * rows), squeeze=False, sharex=True)
    backends = sorted({b for w in works for b in found[w]}, key=lambda b: (b.startswith("cuda"), b))
    colour = {b: COLOURS[k % len(COLOURS)] for k, b in enumerate(backends)}
    for axis, work in zip(axes.flat, works):
        for backend in backends:
            points = sorted(found[work].get(backend, []))
            if points:
                marker = "s" if backend.startswith("cuda") else "o"
                axis.plot(*zip(*points), marker=marker, ms=5, color=colour[backend], label=backend)
        axis.set(title=work, xscale="log", yscale="log")
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(works) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("ns per element")
    for axis in axes[-1]:
        axis.set_xlabel("objects")
    handles = {h: t for a in axes.flat for h, t in [(t, h) for h, t in zip(*a.get_legend_handles_labels())]}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=min(4, len(handles)), frameon=False)
    figure.tight_layout(rect=(0, 0.06 if rows > 1 else 0.12, 1, 1))
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    draw(measured(sys.argv[1]), sys.argv[2])
