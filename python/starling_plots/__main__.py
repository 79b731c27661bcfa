"""Command line of the figures: `plot` for any chain files, `story` for the demo, `pleiades` for its catalog,
`calibration` for the ranks of a calibration, `check` for posterior predictive checks."""

import argparse
import sys
from pathlib import Path

MISSING_PACKAGE = 3  # exit status: the program tells the user what to install


def main() -> int:
    parser = argparse.ArgumentParser(prog="starling_plots", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    plot = commands.add_parser("plot", help="corner and trace plots of chain files, and an overlay of several")
    plot.add_argument("files", nargs="+", type=Path)
    plot.add_argument("--out", required=True, type=Path)
    story = commands.add_parser("story", help="figures and page of a demo folder that holds story.json")
    story.add_argument("folder", type=Path)
    pleiades = commands.add_parser("pleiades", help="extract the Pleiades from the Hipparcos catalogue")
    pleiades.add_argument("out", type=Path)
    calibration = commands.add_parser("calibration", help="ranks of a calibration with their band")
    calibration.add_argument("file", type=Path)
    calibration.add_argument("picture", type=Path)
    check = commands.add_parser("check", help="a catalog's histogram among those of replicated catalogs")
    check.add_argument("file", type=Path)
    check.add_argument("picture", type=Path)
    arguments = parser.parse_args()

    if arguments.command == "pleiades":
        from .pleiades import CUT, extract

        print(f"{extract(arguments.out)} stars {CUT}")
        return 0
    if arguments.command == "calibration":
        from .calibration import plot_calibration

        print(plot_calibration(arguments.file, arguments.picture))
        return 0
    if arguments.command == "check":
        from .check import plot_check

        print(plot_check(arguments.file, arguments.picture))
        return 0
    if arguments.command == "plot":
        from .plot_files import plot_files

        for path in plot_files(arguments.files, arguments.out):
            print(path)
        return 0
    from .story import tell_story

    print(tell_story(arguments.folder))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImportError as missing:
        what = f"the Python package {missing.name} is missing" if missing.name else str(missing)
        print(f"starling: {what}", file=sys.stderr)
        sys.exit(MISSING_PACKAGE)
    except Exception as error:
        if type(error).__name__ != "BadFile":
            raise
        print(f"starling: error: {error}", file=sys.stderr)
        sys.exit(2)
