"""The demo: every figure from the chain files and catalogs of its folder, then the page."""

import json
from pathlib import Path

import numpy as np

from .catalog_file import read_columns, read_samples
from .chain_file import read_chain
from .page import write_page
from .plate import plate_diagram
from .posterior import corner_plot, overlay_plot, shrinkage_plot, trace_plot
from .style import COLOURS, save, use_style
from .toy import five_objects_plot, medians_plot, populations_plot, true_values_plot

TOY_LIMITS = {"theta_mu": (-0.5, 0.5), "theta_sigma": (0.5, 1.5)}
TOY_FITS = {  # run -> what figures call it, its colour
    "naive": ("naive fit", COLOURS["naive"]),
    "samples": ("marginal fit, samples", COLOURS["samples"]),
    "exact": ("marginal fit, exact", COLOURS["exact"]),
    "joint": ("joint fit", COLOURS["hierarchical"]),
}
REAL_CATALOGS = {  # name -> title, measured quantity, its unit
    "schools": ("Eight schools", "effect of coaching", "points"),
    "pleiades": ("Pleiades in Hipparcos", "parallax", "mas"),
}


def tell_story(folder: Path) -> Path:
    """Draws DIR/figures/*.png and *.pdf and writes DIR/index.html; gives the page's path."""
    use_style()
    story = json.loads((folder / "story.json").read_text())
    figures = folder / "figures"
    made = {"plate": plate_diagram(folder / "model.dot", figures, "plate")}
    for name, figure in _figures(folder, story):
        made[name] = save(figure, figures, name)
    return write_page(story, made, folder / "index.html")


def _figures(folder: Path, story: dict):
    """(name, figure), one after the other, so that few are open at a time."""
    toy = story["toy"]
    truth = {name: toy["truth"][name] for name in TOY_LIMITS}
    (mu,) = read_columns(folder / toy["measured"], "mu")
    samples = read_samples(folder / toy["samples"])
    medians = np.array([np.median(of_object) for of_object in samples])
    chains = {name: read_chain(folder / run["file"]) for name, run in story["runs"].items()}

    yield "true_values", true_values_plot(mu, truth)
    yield "five_objects", five_objects_plot(samples, mu)
    yield "medians", medians_plot(medians, truth)
    yield "populations", populations_plot(medians, chains["naive"], chains["joint"], truth)
    for name, (title, colour) in TOY_FITS.items():
        yield f"corner_{name}", corner_plot(chains[name], title, colour, truth, TOY_LIMITS)
        yield f"trace_{name}", trace_plot(chains[name], title[0].upper() + title[1:], colour, truth)
    yield "overlay", overlay_plot([(TOY_FITS[name][0], chains[name], TOY_FITS[name][1]) for name in ("naive", "joint")],
                                  truth, TOY_LIMITS)
    yield "overlay_hierarchical", overlay_plot(
        [(TOY_FITS[name][0], chains[name], TOY_FITS[name][1]) for name in ("samples", "exact", "joint")], truth)
    yield "corner_unknown_noise", corner_plot(chains["unknown_noise"], "joint fit, noise unknown",
                                              COLOURS["hierarchical"], toy["truth"])
    for name, (title, quantity, unit) in REAL_CATALOGS.items():
        if f"{name}_joint" not in chains:
            continue
        naive, joint = chains[f"{name}_naive"], chains[f"{name}_joint"]
        yield f"{name}_overlay", overlay_plot(
            [("naive fit", naive, COLOURS["naive"]), ("joint fit", joint, COLOURS["hierarchical"])], unit=unit)
        yield f"{name}_shrinkage", shrinkage_plot(joint, title, quantity, unit, COLOURS["hierarchical"])
