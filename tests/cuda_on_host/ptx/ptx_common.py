"""PTX's types, and small things about its text that all parts of the translator need."""
import re

# Bytes of each type.
SIZE = {
    'b8': 1, 'u8': 1, 's8': 1, 'b16': 2, 'u16': 2, 's16': 2, 'f16': 2, 'b32': 4, 'u32': 4, 's32': 4, 'f32': 4,
    'b64': 8, 'u64': 8, 's64': 8, 'f64': 8, 'b128': 16, 'pred': 1,
}
# The C++ type of a value; registers hold unsigned bits.
CPP = {
    'b8': 'u8', 'u8': 'u8', 's8': 's8', 'b16': 'u16', 'u16': 'u16', 's16': 's16', 'f16': 'u16', 'b32': 'u32',
    'u32': 'u32', 's32': 's32', 'f32': 'float', 'b64': 'u64', 'u64': 'u64', 's64': 's64', 'f64': 'double',
    'pred': 'bool',
}
FLOAT = ('f32', 'f64')


class Unknown(Exception):
    """PTX that the translator does not know."""


def unsigned(ptx_type):
    """The C++ type of a register of this PTX type."""
    return 'bool' if ptx_type == 'pred' else f'u{SIZE[ptx_type] * 8}'


def mangle(name):
    """A C++ identifier for a PTX one."""
    return re.sub(r'[^A-Za-z0-9_]', '_', name)


def split(text):
    """Parts between commas that are outside of brackets."""
    parts, depth, current = [], 0, ''
    for c in text:
        if c in '([{':
            depth += 1
        if c in ')]}':
            depth -= 1
        if c == ',' and depth == 0:
            parts.append(current.strip())
            current = ''
        else:
            current += c
    if current.strip():
        parts.append(current.strip())
    return parts


def mentions(text, name):
    """Whether a name occurs in PTX text as a whole word."""
    return re.search(r'(?<![\w$.])' + re.escape(name) + r'(?![\w$.])', text) is not None


class Variable:
    """A declared variable or parameter: .global .align 4 .b8 name[12] = {..}"""

    DECLARATION = re.compile(
        r'^(?:\.(?:visible|extern|weak|common)\s+)*\.(global|const|shared|local|param|reg)\b(.*?)'
        r'\.(\w+)\s+([\w$.]+)\s*((?:\[\d*\])*)\s*$', re.S)

    def __init__(self, text):
        head, _, self.initial = (part.strip() for part in text.partition('='))
        # .ptr .align is the alignment of what a pointer points to, not its own
        align = None if '.ptr' in head else re.search(r'\.align\s+(\d+)', head)
        head = re.sub(r'\.ptr(\s*\.(?:global|shared|const|local))?|\.align\s+\d+|\.attribute\s*\([^)]*\)', '', head)
        match = self.DECLARATION.match(head.strip())
        if not match or match.group(3) not in SIZE:
            raise Unknown('variable ' + text[:80])
        self.space, _, self.type, self.name, dimensions = match.groups()
        self.external = '.extern' in head
        count = 1
        for n in re.findall(r'\[(\d*)\]', dimensions):
            count *= int(n or 0)
        self.size = SIZE[self.type] * count
        self.align = max(int(align.group(1)) if align else SIZE[self.type], 1)
        self.offset = 0  # shared: in the kernel's shared memory
