"""Tables (peers.md), figures (peers.png) and everything that was measured (peers.json)."""

import json
from pathlib import Path
from statistics import median

from problem import FITS

REMARK_R_HAT = 1.1
ENOUGH = 1000  # effective draws that are enough for most uses
DISTURBED = 0.15  # cores that other programs used meanwhile
RATES = {
    "theta_per_s": "ESS/s",
    "latent_per_s": "ESS/s, worst latent",
    "theta_per_s_in_all": "ESS/s, whole process",
    "seconds_to_enough": f"s to ESS {ENOUGH}",
}


def summarised(results: dict) -> list[dict]:
    """One entry for each fit, program and size: medians over the rounds, and how Starling compares."""
    groups = {}
    for run in results["runs"]:
        groups.setdefault((run["fit"], run["objects"], run["program"]), []).append(run)
    entries = [summary(*key, runs) for key, runs in groups.items()]
    for entry in entries:
        if "scaled_from_steps" in entry:
            like = find(entries, entry["fit"], entry["objects"], results["same_draws"])
            entry["ess_theta"] = like.get("ess_theta") if like else None
        for quantity in ("theta", "latent"):
            if entry.get(f"ess_{quantity}"):
                entry[f"{quantity}_per_s"] = entry[f"ess_{quantity}"] / max(entry["sampling_s"], 1e-9)
        if "theta_per_s" in entry:
            entry["theta_per_s_in_all"] = entry["ess_theta"] / entry["wall_s"]
            before = entry["setup_s"] + entry["compile_s"] + entry["warmup_s"]
            entry["seconds_to_enough"] = before + ENOUGH / entry["theta_per_s"]
    for entry in entries:
        base = find(entries, entry["fit"], entry["objects"], "Starling")
        if not base or not base.get("agrees") or not entry.get("agrees"):
            continue
        for name in RATES:
            if name in base and name in entry:
                ratio = base[name] / entry[name]
                entry[f"starling_is_faster_{name}"] = 1 / ratio if name == "seconds_to_enough" else ratio
    return entries


def find(entries: list[dict], fit: str, objects: int, program: str) -> dict | None:
    for entry in entries:
        if (entry["fit"], entry["objects"], entry["program"]) == (fit, objects, program):
            return entry
    return None


def summary(fit: str, objects: int, program: str, runs: list[dict]) -> dict:
    done = [run for run in runs if run["outcome"] == "done"]
    entry = {"fit": fit, "objects": objects, "program": program, "rounds": len(done)}
    if not done:
        return {**entry, "outcome": runs[0]["outcome"], "message": runs[0].get("message", "")}
    entry["outcome"] = "done"
    for name in ("setup", "compile", "warmup", "sampling"):
        entry[f"{name}_s"] = median(run["seconds"][name] for run in done)
    for name in (
        "wall_s",
        "memory_mb",
        "ess_theta",
        "ess_latent",
        "r_hat",
        "replay_s",
        "leapfrog_steps",
        "cpu_s",
        "others_cores",
        "scaled_from_steps",
    ):
        values = [run[name] for run in done if name in run]
        if values:
            entry[name] = median(values)
    entry["agrees"] = not any(run["differences"] for run in done)
    return entry


def spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def short(value: float | None) -> str:
    """Two or three digits."""
    if value is None:
        return ""
    if value >= 100:
        return spaced(float(f"{value:.3g}"))
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def remark(entry: dict) -> str:
    texts = []
    if not entry["agrees"]:
        texts.append("**does not agree**")
    if entry.get("r_hat", 1) > REMARK_R_HAT:
        texts.append(f"R-hat {entry['r_hat']:.2f}")
    if "scaled_from_steps" in entry:
        texts.append(f"scaled from {entry['scaled_from_steps']:.0f} steps")
    if entry["others_cores"] > DISTURBED:
        texts.append("disturbed")
    return "; ".join(texts)


def table(entries: list[dict], joint: bool) -> list[str]:
    """Rows are programs. The figures in parentheses say how many times faster Starling is."""
    rates = [rate for rate in RATES if joint or rate != "latent_per_s"]
    names = ["set-up", "compile", "warm-up", "sampling", "whole process", "memory, MB", "ESS"]
    names += [RATES[rate] for rate in rates]
    lines = ["| program | " + " | ".join(names) + " | |", "|-" + "|-:" * len(names) + "|-|"]
    for entry in entries:
        if entry["outcome"] != "done":
            why = f"{entry['outcome']}: {entry['message']}" if entry["message"] else entry["outcome"]
            lines.append(f"| {entry['program']} |" + " |" * len(names) + f" {why[:100].replace('|', '/')} |")
            continue
        cells = [
            short(entry[name]) for name in ("setup_s", "compile_s", "warmup_s", "sampling_s", "wall_s", "memory_mb")
        ]
        cells.append(short(entry.get("ess_theta")))
        for name in rates:
            faster = entry.get(f"starling_is_faster_{name}")
            ratio = f" ({short(faster)} x)" if faster and entry["program"] != "Starling" else ""
            cells.append(short(entry.get(name)) + ratio)
        lines.append(f"| {entry['program']} | " + " | ".join(cells) + f" | {remark(entry)} |")
    return lines


def best(entries: list[dict], fit: str, objects: int, rate: str, ours: bool) -> dict | None:
    """The fastest of those with the right answer, of Starling's rows or of the others."""
    some = [
        entry
        for entry in entries
        if (entry["fit"], entry["objects"]) == (fit, objects)
        and entry["program"].startswith("Starling") == ours
        and rate in entry
        and entry["agrees"]
    ]
    return max(some, key=lambda entry: -entry[rate] if rate == "seconds_to_enough" else entry[rate], default=None)


def overview(entries: list[dict], sizes: list[int]) -> list[str]:
    """The fastest of Starling's rows beside the fastest peer."""
    lines = ["| fit | | " + " | ".join(f"N = {spaced(size)}" for size in sizes) + " |", "|-" * (len(sizes) + 2) + "|"]
    for fit in FITS:
        for rate in RATES:
            cells = []
            for size in sizes:
                ours, peer = (best(entries, fit, size, rate, of_ours) for of_ours in (True, False))
                if not ours or not peer:
                    cells.append("")
                    continue
                ratio = ours[rate] / peer[rate]
                faster = 1 / ratio if rate == "seconds_to_enough" else ratio
                both = f"{short(ours[rate])} ({ours['program']}), {short(peer[rate])} ({peer['program']})"
                cells.append(f"**{short(faster)} x**: {both}")
            if any(cells):
                lines.append(f"| {fit} | {RATES[rate]} | " + " | ".join(cells) + " |")
    return lines


HOW = f"""
Times in seconds, medians of the rounds. Set-up: start of the process, imports, reading the catalog, building the model,
collecting and writing draws. Warm-up: adaptation or burn-in. Sampling: the draws that are kept. ESS: ArviZ's, bulk or
tail, the lesser, of the slower of the two hyperparameters. ESS/s: per second of sampling; of the whole process: per
second from its start to its end, which depends on how long a run somebody chose. Seconds to ESS {ENOUGH}: set-up,
compile, warm-up, and {ENOUGH} / (ESS/s), so that it does not. Memory: the most that the program and those that it
starts (chains, compilers) held. (3 x): Starling's first row is 3 times faster. "Does not agree": a posterior mean or
standard deviation is farther from the answer by quadrature than its Monte Carlo error allows; such a row counts for
nothing.
""".strip()


def tables(results: dict, entries: list[dict]) -> str:
    machine, settings = results["machine"], results["settings"]
    sizes = settings["sizes"]
    lines = [
        "# Starling and its peers",
        "",
        f"{results['date']}. {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB; "
        f"{machine['system']}. CPU only, {settings['threads']} threads where a program has threads. "
        f"Rounds: {settings['rounds']}; limit of one run: {settings['timeout_s']:g} s.",
        "",
        "The fastest of Starling's rows, the fastest peer, and how many times faster Starling is:",
        "",
        *overview(entries, sizes),
        "",
        HOW,
        "",
    ]
    for fit, title in FITS.items():
        for size in sizes:
            some = [entry for entry in entries if entry["fit"] == fit and entry["objects"] == size]
            if not some:
                continue
            lines += [f"## {title[0].upper()}{title[1:]}; N = {spaced(size)}", ""]
            lines += [*table(some, fit == "joint"), ""]
            replay = [entry["replay_s"] for entry in some if "replay_s" in entry]
            if replay:
                lines += [f"Starling's draws of one latent are computed when asked for: {short(replay[0])} s each.", ""]
    if any(entry.get("others_cores", 0) > DISTURBED for entry in entries):
        lines += [f"Disturbed rows: other programs used more than {DISTURBED} cores meanwhile; times are too long.", ""]
    if any("scaled_from_steps" in entry for entry in entries):
        lines += [
            f"Scaled rows ran for fewer steps. Their times are scaled to all {settings['burn_in']} + "
            f"{settings['kept_steps']} steps by likelihood evaluations; their ESS is that of "
            f"\"{results['same_draws']}\", the same sampler on the same likelihood.",
            "",
        ]
    lines += ["Versions: " + ", ".join(f"{name} {version}" for name, version in results["versions"].items()) + ".", ""]
    return "\n".join(lines)


COLORS = {
    "Starling": "#1f4e9c",
    "emcee": "#e07b00",
    "emcee, gwpopulation": "#008b8b",
    "zeus": "#2a9d4a",
    "NumPyro": "#7b3fa0",
    "BlackJAX": "#111111",
    "PyMC": "#c0392b",
    "PyMC with nutpie": "#e377c2",
    "Stan": "#7f7f7f",
}
VARIANTS = {  # words in a program's name: line and marker
    "one walker": ("--", "v"),
    "centred": ("--", "v"),
    "like emcee": ("--", "v"),
    "short": (":", "D"),
    "NumPy": ("--", "v"),
}


def color(program: str) -> str:
    return next(COLORS[name] for name in sorted(COLORS, key=len, reverse=True) if program.startswith(name))


def style(program: str) -> dict:
    """Colour by program, line and marker by its variant."""
    words = program.replace("NumPyro", "")
    line, marker = next((look for word, look in VARIANTS.items() if word in words), ("-", "o"))
    main = program == "Starling"
    return {
        "color": color(program),
        "linestyle": line,
        "marker": marker,
        "linewidth": 2.6 if main else 1.4,
        "markersize": 7 if main else 5,
        "zorder": 3 if main else 2,
        "markerfacecolor": "white" if "tuned" in program else color(program),
    }


def draw_lines(axis, points: dict[str, list], sizes: list[int]) -> None:
    """A line for each program, over the number of objects."""
    from matplotlib.ticker import NullFormatter, NullLocator

    for program, values in points.items():
        axis.plot(*zip(*values), label=program, **style(program))
    axis.set(xscale="log", yscale="log", xlabel="objects N")
    axis.set_xticks(sizes, [spaced(size) for size in sizes])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.grid(True, which="major", alpha=0.3)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncol=2, fontsize=8, frameon=False)


def draw_dots(axis, points: dict[str, list]) -> None:
    """A dot for each program, of the only size."""
    programs = list(points)[::-1]
    values = [points[program][0][1] for program in programs]
    for row, (program, value) in enumerate(zip(programs, values)):
        axis.plot(value, row, **style(program) | {"marker": "o", "markersize": 8})
        axis.annotate(short(value), (value, row), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_yticks(range(len(programs)), programs, fontsize=8.5)
    axis.set(xscale="log", xlim=(min(values) / 2, max(values) * 5), ylim=(-0.7, len(programs) - 0.3))
    axis.grid(True, axis="y", alpha=0.3)


def draw(results: dict, entries: list[dict], path: Path) -> None:
    """One panel for each kind of fit, and for the joint one also its latents and how long one waits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    speed = "ESS per second of sampling"
    panels = [
        ("naive", "theta_per_s", "Naive fit", speed),
        ("marginal", "theta_per_s", "Marginal fit, closed form", speed),
        ("samples", "theta_per_s", "Marginal fit of posterior samples", speed),
        ("joint", "theta_per_s", "Joint model: hyperparameters", speed),
        ("joint", "latent_per_s", "Joint model: worst latent", speed),
        ("joint", "seconds_to_enough", "Joint model: wait for ESS 1000", "seconds, with start and compile"),
    ]
    sizes = results["settings"]["sizes"]
    figure, axes = plt.subplots(2, 3, figsize=(15.5, 10.5 if len(sizes) > 1 else 7), layout="constrained")
    for axis, (fit, quantity, title, label) in zip(axes.flat, panels):
        points = {}
        for entry in sorted(entries, key=lambda entry: entry["objects"]):
            if entry["fit"] == fit and entry.get(quantity) and entry["agrees"]:
                points.setdefault(entry["program"], []).append((entry["objects"], entry[quantity]))
        if points and len(sizes) > 1:
            draw_lines(axis, points, sizes)
            axis.set_ylabel(label)
        elif points:
            draw_dots(axis, points)
            axis.set_xlabel(label)
        axis.set_title(title)
        axis.spines[["top", "right"]].set_visible(False)
    cpu, threads = results["machine"]["cpu"], results["settings"]["threads"]
    only = f"N = {spaced(sizes[0])}; " if len(sizes) == 1 else ""
    figure.suptitle(f"Starling and its peers ({only}{cpu}, {threads} threads)")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.15)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def write(results: dict, output: Path) -> None:
    entries = summarised(results)
    (output / "peers.json").write_text(json.dumps({**results, "summary": entries}, indent=1) + "\n")
    (output / "peers.md").write_text(tables(results, entries))
    draw(results, entries, output / "peers.png")
