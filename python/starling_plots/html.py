"""The few pieces of HTML that the page is made of. Images are embedded: the page needs no other file."""

import base64
from html import escape
from pathlib import Path

STYLE = """
body { font: 17px/1.6 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1c1c1c; background: #fff; margin: 0; }
main { max-width: 960px; margin: 0 auto; padding: 24px 20px 80px; }
h1 { font-size: 2em; line-height: 1.2; margin: 0.6em 0 0.2em; }
main > p, main > .key, main > .warning { max-width: 800px; }
h2 { font-size: 1.4em; margin: 2.2em 0 0.4em; border-top: 1px solid #ddd; padding-top: 1em; }
figure { margin: 1.4em 0; }
figure img { max-width: 100%; max-height: 640px; display: block; margin: 0 auto; }
figcaption { color: #444; font-size: 0.9em; margin: 0.5em auto 0; max-width: 720px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; }
@media (max-width: 700px) { .pair { grid-template-columns: 1fr; } }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1em 0; font-size: 0.92em; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 14px 5px 0; text-align: right; border-bottom: 1px solid #e4e4e4; }
th { border-bottom: 2px solid #888; vertical-align: bottom; }
th, td:not(:first-child) { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.key { background: #eef4fa; border-left: 5px solid #0072B2; padding: 0.8em 1.2em; margin: 1.4em 0; }
.warning { background: #fdf1e7; border-left: 5px solid #D55E00; padding: 0.6em 1.2em; margin: 1.2em 0; }
code { background: #f3f3f3; padding: 1px 4px; font-size: 0.92em; }
pre { background: #f3f3f3; padding: 0.8em 1em; overflow-x: auto; font-size: 0.88em; }
"""

SYMBOLS = {"theta_mu": "θ<sub>μ</sub>", "theta_sigma": "θ<sub>σ</sub>", "noise_scale": "α"}


def symbol(parameter: str) -> str:
    return f"<i>{SYMBOLS[parameter]}</i>" if parameter in SYMBOLS else escape(parameter)


def paragraph(text: str) -> str:
    return f"<p>{text}</p>\n"


def box(kind: str, text: str) -> str:
    return f'<div class="{kind}">{text}</div>\n'


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>\n"


def image(path: Path, caption: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return (f'<figure><img alt="{escape(path.stem.replace("_", " "))}" src="data:image/png;base64,{data}">'
            f"<figcaption>{caption}</figcaption></figure>\n")


def pair(left: str, right: str) -> str:
    return f'<div class="pair">{left}{right}</div>\n'


def table(header: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


def document(title: str, body: str) -> str:
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n{body}</main></body></html>\n")
