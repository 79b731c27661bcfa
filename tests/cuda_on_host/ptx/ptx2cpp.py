#!/usr/bin/env python3
"""Translates PTX, as nvcc wrote it, to C++ that runs on the engine: ptx2cpp.py IN.ptx OUT.cpp

Every entry becomes a C++ function on the raw bits of its registers, with gotos; barriers, shuffles and votes call the
engine. The arithmetic is the PTX's own (explicit fma, rounding, saturation), so IEEE operations give the GPU's bits;
*.approx operations (ex2, lg2, sin, cos, rsqrt, ...) are computed exactly and differ from a GPU in their last bits.
An instruction or modifier that is not known here is an error at translation, never a guess.
"""
import sys

from ptx_common import Unknown
from ptx_module import Module
from ptx_writer import write


def main():
    if len(sys.argv) != 3:
        sys.exit('usage: ptx2cpp.py IN.ptx OUT.cpp')
    with open(sys.argv[1]) as source:
        text = source.read()
    try:
        translated = write(Module(text))
    except Unknown as error:
        sys.exit(f'{sys.argv[1]}: not supported: {error}')
    with open(sys.argv[2], 'w') as target:
        target.write(translated)


if __name__ == '__main__':
    main()
