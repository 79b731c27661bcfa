"""An instruction, and the table of what translates it: INSTRUCTIONS[name] = (function, modifiers that it knows).

The functions return one C++ statement; they are in ptx_arithmetic.py and ptx_execution.py.
"""
from ptx_common import FLOAT, SIZE, Unknown

INSTRUCTIONS = {}


def instruction(names, allowed=''):
    def register(function):
        for name in names.split():
            INSTRUCTIONS[name] = (function, frozenset(allowed.split()))
        return function
    return register


class Instruction:
    """An opcode with its modifiers and operands; knows the function that it stands in."""

    def __init__(self, function, opcode, modifiers, operands):
        self.function, self.opcode, self.operands = function, opcode, operands
        self.name = opcode.split('.')[0]
        self.modifiers = [m.split('::')[0] for m in modifiers]
        self.types = [m for m in modifiers if m in SIZE]
        self.type = self.types[-1] if self.types else None

    def has(self, modifier):
        return modifier in self.modifiers

    def one_of(self, names, default=None):
        """The modifier that is among these names."""
        found = [m for m in self.modifiers if m in names.split()]
        if not found and default is None:
            raise Unknown(self.opcode)
        return found[0] if found else default

    def value(self, i, ptx_type=None):
        return self.function.value(self.operands[i], ptx_type or self.type)

    def bits(self, i):
        """Operand i as an unsigned integer of the type's size."""
        return f'{self.unsigned()}({self.value(i)})'

    def put(self, expression, ptx_type=None):
        return self.function.put(self.operands[0], expression, ptx_type or self.type)

    def unsigned(self):
        return f'u{SIZE[self.type] * 8}'

    def is_float(self):
        return self.type in FLOAT

    def site(self):
        return self.function.site()

    # floating point: subnormals to zero, rounding, saturation as the modifiers say

    def flushed(self, expression):
        return f'flush({expression})' if self.has('ftz') else expression

    def operand(self, i):
        return self.flushed(self.value(i))

    def rounded(self, expression):
        mode = {'rn': None, 'rz': 'FE_TOWARDZERO', 'rm': 'FE_DOWNWARD', 'rp': 'FE_UPWARD'}[
            self.one_of('rn rz rm rp', 'rn')]
        if mode:
            expression = f'rounded<{mode}>([&] {{ return {expression}; }})'
        expression = self.flushed(expression)
        return f'saturate({expression})' if self.has('sat') else expression


ROUNDING = 'rn rz rm rp ftz sat'
