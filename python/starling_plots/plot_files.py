"""Figures of chain files as they come: a corner and a trace plot of each, and an overlay of several."""

from pathlib import Path

from .chain_file import read_chain
from .posterior import corner_plot, overlay_plot, trace_plot
from .style import CYCLE, save, use_style


def plot_files(files: list[Path], out: Path) -> list[Path]:
    """Draws the figures into `out`; gives the paths of the PNGs (PDFs lie beside them)."""
    use_style()
    chains = [read_chain(path) for path in files]
    names = _distinct_names(files)
    made = []
    for name, chain in zip(names, chains):
        title = f"{name} ({chain.method} fit)"
        made.append(save(corner_plot(chain, title), out, f"corner_{name}"))
        made.append(save(trace_plot(chain, title), out, f"trace_{name}"))
    if len(chains) > 1:
        fits = [(f"{name} ({chain.method})", chain, CYCLE[i % len(CYCLE)])
                for i, (name, chain) in enumerate(zip(names, chains))]
        made.append(save(overlay_plot(fits), out, "overlay"))
    return made


def _distinct_names(files: list[Path]) -> list[str]:
    """The files' stems; where two are alike, numbered."""
    stems = [path.stem for path in files]
    if len(set(stems)) == len(stems):
        return stems
    return [f"{i + 1}_{stem}" for i, stem in enumerate(stems)]
