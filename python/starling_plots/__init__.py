"""Figures of Starling's chain files and the page of `starling demo`.

Reads chain files (NetCDF-4 in ArviZ's InferenceData layout) and catalogs; knows nothing else of Starling.
Run as `python -m starling_plots --help`; usually the program `starling` does that.
"""
