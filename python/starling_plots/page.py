"""The page of the demo: what the figures and numbers of one run mean, in plain words."""

from html import escape
from pathlib import Path

from .html import box, document, heading, image, pair, paragraph, symbol, table
from .pleiades import CUT
from .style import decimals

MU, SIGMA, NOISE = symbol("theta_mu"), symbol("theta_sigma"), symbol("noise_scale")
FIT_NAMES = {"naive": "naive", "samples": "marginal, samples", "exact": "marginal, exact", "joint": "joint"}


def write_page(story: dict, figures: dict[str, Path], path: Path) -> Path:
    numbers = Numbers(story)
    parts = [_opening, _problem, _naive, _samples, _right, _unknown_noise, _schools, _pleiades, _runs]
    body = "".join(part(story, numbers, figures) for part in parts)
    path.write_text(document("Starling: the population behind noisy measurements", body), encoding="utf-8")
    return path


class Numbers:
    """Numbers of story.json as HTML that says where each comes from."""

    def __init__(self, story: dict):
        self.story = story

    def value(self, run: str, parameter: str, column: str) -> float:
        return self.story["runs"][run]["summary"]["parameters"][parameter][column]

    def cell(self, run: str, parameter: str, column: str) -> str:
        value = self.value(run, parameter, column)
        if value is None:
            return "–"
        digits = {"r_hat": 3, "ess_bulk": 0, "ess_tail": 0, "tau": 1}.get(column)
        if digits is None:
            digits = decimals(self.value(run, parameter, "sd"))
        return (f'<span data-run="{run}" data-parameter="{parameter}" data-column="{column}">'
                f"{_fixed(value, digits)}</span>")

    def estimate(self, run: str, parameter: str) -> str:
        return f'{self.cell(run, parameter, "mean")}&nbsp;±&nbsp;{self.cell(run, parameter, "sd")}'

    def bias(self, comparison: str, parameter: str) -> str:
        value = self.story["comparisons"][comparison]["parameters"][parameter]["bias_in_sd"]
        return (f'<span data-comparison="{comparison}" data-parameter="{parameter}" data-column="bias_in_sd">'
                f"{_fixed(value, 1)}</span>")

    def distance(self, run: str, parameter: str, truth: float) -> float:
        """From the posterior mean to the truth, in posterior sds."""
        return (self.value(run, parameter, "mean") - truth) / self.value(run, parameter, "sd")


def _fixed(value: float, digits: int) -> str:
    """With so many decimals, and no minus sign before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _opening(story, n, figures) -> str:
    toy = story["toy"]
    text = "<h1>The population behind noisy measurements</h1>\n"
    text += paragraph(
        f"{toy['objects']} objects have true values that nobody sees; each was measured with noise. How are the true "
        "values distributed? What is usually done takes one number per object and fits a distribution to those "
        "numbers. This page shows, on a catalog whose truth is known, how wrong that is, and what to do instead.")
    text += box("key", paragraph(
        f"The width of the population is {toy['truth']['theta_sigma']:g}. "
        f"The <b>naive fit</b> says {n.estimate('naive', 'theta_sigma')}: "
        f"{n.bias('joint', 'theta_sigma')} posterior standard deviations away from the <b>joint fit</b>, "
        f"which says {n.estimate('joint', 'theta_sigma')}."))
    return text + image(figures["populations"], "Grey: what was measured. The naive fit (orange) describes the grey "
                        "histogram, noise and all. The joint fit (blue) describes the population (dashed).")


def _problem(story, n, figures) -> str:
    toy, truth = story["toy"], story["toy"]["truth"]
    text = heading("The problem")
    text += paragraph(
        f"Every object <i>i</i> has a true value <i>μ<sub>i</sub></i>, drawn from a normal population with mean {MU} = "
        f"{truth['theta_mu']:g} and width {SIGMA} = {truth['theta_sigma']:g}. What was measured is "
        f"<i>x<sub>i</sub></i>, the true value plus normal noise of standard deviation {truth['noise_scale']:g}. An "
        f"analysis of each object by itself gives {toy['samples_per_object']} posterior samples of its true value. "
        f"Wanted are {MU} and {SIGMA}. In a more realistic example the true value is a galaxy's stellar mass, "
        "and the measurement its spectrum.")
    text += pair(image(figures["plate"], "The model: circles are quantities, grey ones are known, and what is on the "
                       "plate exists once per object."),
                 image(figures["true_values"], "The true values, under the density that they were drawn from."))
    text += image(figures["five_objects"], "The samples of five objects. They spread around what was measured, and "
                  "that is off the true value by the noise.")
    return text


def _naive(story, n, figures) -> str:
    truth = story["toy"]["truth"]
    settings = story["runs"]["naive"]["settings"]
    noise_in = (truth["theta_sigma"] ** 2 + truth["noise_scale"] ** 2) ** 0.5
    short = (" Starling warns, at the end of this page, that such a run is short; a longer one would give the same wrong "
             "answer more precisely." if story["runs"]["naive"]["summary"]["warnings"] else "")
    text = heading("The naive answer, and why it is wrong")
    text += paragraph(
        "The naive fit takes the median of each object's samples for its true value. But medians spread more than true "
        "values do: their variance is that of the population plus that of the noise. The fit can't tell one from the "
        f"other and calls all of it population. With these numbers it must find a width of about "
        f"√({truth['theta_sigma']:g}² + {truth['noise_scale']:g}²) = {noise_in:.2f} (a little more, for a median of a few "
        f"samples scatters, too), and it finds {n.estimate('naive', 'theta_sigma')}.")
    text += pair(image(figures["medians"], "The medians, under the density of the true values."),
                 image(figures["corner_naive"], "The naive posterior: 1 and 2 sigma contours. Black: the truth."))
    text += paragraph(
        f"The truth is {abs(n.distance('naive', 'theta_sigma', truth['theta_sigma'])):.0f} posterior standard "
        "deviations away from the answer. More objects make that worse: the error bar shrinks, the mistake does not. "
        f"The sampler is not to blame. It is the familiar one: {settings['walkers']} walkers, "
        f"{settings['burn_in'] + settings['steps']} steps of the stretch move, the first {settings['burn_in']} "
        f"dropped.{short}")
    return text + image(figures["trace_naive"], "The walkers of the naive fit: they were started at the truth, and left it.")


def _samples(story, n, figures) -> str:
    run = story["runs"]["samples"]
    error, objects = run["monte_carlo"], run["objects"]
    sd = n.value("exact", "theta_sigma", "sd")
    off = (n.value("samples", "theta_sigma", "mean") - n.value("exact", "theta_sigma", "mean")) / sd
    text = heading("Better: the likelihood from the posterior samples")
    text += paragraph(
        "The right likelihood of an object integrates over everything its true value can be. The samples at hand can "
        "stand for that integral: average the population's density over them (importance sampling). The result, "
        f"{SIGMA} = {n.estimate('samples', 'theta_sigma')}, is far better than the naive one. But an average over "
        f"{story['toy']['samples_per_object']} samples has an error of its own, it is different for every {SIGMA}, and "
        f"{objects} such errors add up.")
    bias = error["expected_bias"].get("theta_sigma") if error["expected_bias"] else None
    expected = "" if bias is None else (
        f" To first order such errors move {SIGMA} by {bias:+.2f} posterior standard deviations. Against the exact fit "
        f"below it moved by {off:+.2f}; the rest is the chance of this one set of samples, which nothing can correct.")
    verdict = ("That is more than 1: this posterior is not to be trusted to its error bars."
               if error["variance"] >= 1 else "That is below 1: small enough for this posterior to be trusted.")
    text += box("warning" if error["variance"] >= 1 else "key", paragraph(
        f"The variance <i>V</i> of the log-likelihood that comes from the samples alone is "
        f'<b><span data-run="samples" data-column="variance">{error["variance"]:.2f}</span></b>. {verdict}{expected}'))
    text += pair(image(figures["corner_samples"], "The posterior from the samples' likelihood."),
                 image(figures["overlay_hierarchical"], "The three fits that do not ignore the noise, closer up."))
    if error["worst"]:
        text += paragraph("The objects with the largest share of <i>V</i>, and how many samples each would need for "
                          "its share to become harmless:")
        text += table(["object", "share of <i>V</i>", "effective samples", "samples", "needed"],
                      [[str(o["object"]), f"{o['variance']:.3f}", f"{o['n_eff']:.1f}", f"{o['samples']:.0f}",
                        f"{o['needed']:.0f}"] for o in error["worst"][:5]])
    return text


def _right(story, n, figures) -> str:
    truth = story["toy"]["truth"]
    joint = story["runs"]["joint"]["settings"]
    text = heading("The right answer")
    text += paragraph(
        "Here the integral over each true value has a closed form, so the marginal fit can be exact. And where there "
        "is none, the joint fit always works: it samples the population and the true values of all objects together. "
        f"Both find the same: {SIGMA} = {n.estimate('exact', 'theta_sigma')} (exact) and "
        f"{n.estimate('joint', 'theta_sigma')} (joint), "
        f"{abs(n.distance('joint', 'theta_sigma', truth['theta_sigma'])):.1f} posterior standard deviations from the "
        "truth.")
    text += image(figures["overlay"], "The naive and the joint posterior, with the truth.")
    text += pair(image(figures["corner_exact"], "The exact marginal fit."), image(figures["corner_joint"], "The joint fit."))
    rows = []
    for run, name in FIT_NAMES.items():
        biases = ["", ""] if run == "naive" else [n.bias(run, "theta_mu"), n.bias(run, "theta_sigma")]
        rows.append([name, n.estimate(run, "theta_mu"), biases[0], n.estimate(run, "theta_sigma"), biases[1]])
    rows.append(["truth", f"{truth['theta_mu']:g}", "", f"{truth['theta_sigma']:g}", ""])
    text += table(["fit", MU, "naive is off by, in sd", SIGMA, "naive is off by, in sd"], rows)
    text += image(figures["trace_joint"], f"Walkers of the joint fit: {joint['ensembles']} ensembles of "
                  f"{joint['walkers']}, {joint['burn_in']} steps dropped and {joint['steps']} kept.")
    return text


def _unknown_noise(story, n, figures) -> str:
    text = heading("And if the noise is not known?")
    text += paragraph(
        f"Then it joins the hyperparameters. What the data pin down is the total spread, {SIGMA}² + {NOISE}²; the split "
        f"between the two comes from the prior of {NOISE} (between 0.5 and 1.5). The joint fit says so: "
        f"{SIGMA} = {n.estimate('unknown_noise', 'theta_sigma')}, {NOISE} = "
        f"{n.estimate('unknown_noise', 'noise_scale')}. That is wide, and all that such data can tell.")
    return text + image(figures["corner_unknown_noise"],
                        f"A ridge: where {SIGMA} is larger, {NOISE} is smaller.")


def _real_table(n: Numbers, name: str, unit: str) -> str:
    rows = [[fit, n.estimate(f"{name}_{fit}", "theta_mu"), n.estimate(f"{name}_{fit}", "theta_sigma")]
            for fit in ("naive", "joint")]
    rows.append(["naive is off by, in posterior sd", n.bias(name, "theta_mu"), n.bias(name, "theta_sigma")])
    return table(["fit", f"{MU} [{unit}]", f"{SIGMA} [{unit}]"], rows)


def _schools(story, n, figures) -> str:
    text = heading("Real data: eight schools")
    text += paragraph(
        "Eight schools coached their pupils for a test; each reported the effect and its standard error (Rubin 1981; "
        "Gelman et al., <i>Bayesian Data Analysis</i>). How large is the effect in general, and how much do schools "
        f"differ? The naive fit takes the scatter of the reports for a difference between schools, "
        f"{n.estimate('schools_naive', 'theta_sigma')} points; but the standard errors are as large as the scatter, and "
        f"the joint fit finds {n.estimate('schools_joint', 'theta_sigma')}: the schools may well be all alike.")
    text += _real_table(n, "schools", "points")
    text += pair(image(figures["schools_overlay"], "Mean effect and difference between schools."),
                 image(figures["schools_shrinkage"], "Each school as reported, and as the joint fit sees it in the "
                       "light of the others."))
    return text


def _pleiades(story, n, figures) -> str:
    text = heading("Real data: the Pleiades")
    if "pleiades" in story.get("left_out", {}):
        return text + paragraph(f"Left out of this run: {escape(story['left_out']['pleiades'])}.")
    stars = story["runs"]["pleiades_joint"]["objects"]
    text += paragraph(
        "All stars of the cluster stand at nearly the same distance; it is some dozen parsecs deep at some hundred and "
        "thirty away. Their parallaxes in the Hipparcos catalogue (van Leeuwen 2007, CDS I/311) scatter far more: by "
        f"their errors, about 1 mas. These are {stars} stars {CUT}; parallax played no part in the choice.")
    text += paragraph(
        f"The naive fit takes the errors for depth: {n.estimate('pleiades_naive', 'theta_sigma')} mas. The joint fit "
        f"finds {n.estimate('pleiades_joint', 'theta_sigma')} mas, hardly distinguishable from none, around a mean "
        f"parallax of {n.estimate('pleiades_joint', 'theta_mu')} mas. It also weighs the stars: precise "
        "parallaxes count more, where the naive fit counts all alike. (Other measurements put the cluster at 136 pc, a "
        "parallax of 7.3 mas, Melis et al. 2014: an error that these stars have in common in this catalogue, which no "
        "fit to it alone can see.)")
    text += _real_table(n, "pleiades", "mas")
    text += pair(image(figures["pleiades_overlay"], "Mean parallax and spread."),
                 image(figures["pleiades_shrinkage"], "Each star as measured, and as the joint fit sees it."))
    return text


def _runs(story, n, figures) -> str:
    text = heading("The runs")
    text += paragraph(
        f"Starling {escape(story['version'])}, seed {story['seed']}. Every number and figure of this page comes from "
        "the chain files beside it; they open in ArviZ, too. Figures lie in <code>figures/</code>, as PNG and PDF.")
    rows = []
    for name, run in story["runs"].items():
        for i, parameter in enumerate(run["summary"]["parameters"]):
            first = [escape(run["title"]), f"<code>{escape(run['file'])}</code>"] if i == 0 else ["", ""]
            seconds = f"{run['seconds']:.2f}" if i == 0 and "seconds" in run else ""
            rows.append([*first, symbol(parameter), n.cell(name, parameter, "mean"), n.cell(name, parameter, "sd"),
                         n.cell(name, parameter, "r_hat"), n.cell(name, parameter, "ess_bulk"),
                         n.cell(name, parameter, "tau"), seconds])
    text += table(["fit", "file", "", "mean", "sd", "R-hat", "ESS", "τ", "seconds"], rows)
    warnings = [f"<li>{escape(run['title'])}: {escape(warning)}</li>"
                for run in story["runs"].values() for warning in run["summary"]["warnings"]]
    if warnings:
        text += box("warning", "<p>What Starling warns of in these runs:</p><ul>" + "".join(warnings) + "</ul>")
    devices = sorted({run["device"] for run in story["runs"].values()})
    text += paragraph("Computed on: " + "; ".join(escape(device) for device in devices) + ".")
    return text + paragraph("Look at any of them yourself:") + (
        "<pre>starling summary joint.nc\nstarling compare naive.nc joint.nc --truth theta_mu=0,theta_sigma=1\n"
        "starling latents joint.nc --object 0\nstarling plot naive.nc joint.nc --out figures</pre>\n")
