"""Writes a module as C++: its variables, its functions, and their registration for the runtime."""
import re

from ptx_common import SIZE, Unknown, mangle, mentions, split
from ptx_function import Function

BUILT_IN = ('vprintf', '__assertfail')


def address(module, name):
    if name in module.callable:
        return f'reinterpret_cast<u64>(&{mangle(name)})'
    return f'reinterpret_cast<u64>(&{mangle(name)}[0])'


def write(module):
    used = [v for n, v in module.globals.items()
            if any(mentions(f.body, n) for f in module.functions)
            or any(mentions(other.initial, n) for other in module.globals.values())]
    lines = ['#include "cuda_on_host/ptx/ptx_operations.hpp"', 'using namespace cuda_on_host::ptx;', 'namespace {',
             '[[maybe_unused]] const char* const F0 = "ptx";']
    lines += [f'[[maybe_unused]] const char* const F{k} = "{name}";' for k, name in module.files.items()]
    pointers = []  # (variable, index, symbol, offset): initial values that are addresses
    for v in used:
        lines.append(write_variable(v, pointers))
    for name, (results, parameters) in module.callable.items():
        if name not in BUILT_IN:
            lines.append(f'void {mangle(name)}({", ".join(["u64"] * (len(results) + len(parameters)))});')
    registrations = []
    for f in module.functions:
        static_bytes = module.lay_out_shared(f)
        lines.append(Function(module, f, static_bytes).translate())
        if f.kind == 'entry':
            parameters = ', '.join(f'{{{p.offset}, {p.size}}}' for p in f.parameters)
            registrations.append(f'  register_kernel("{f.name}", {{&{mangle(f.name)}, {static_bytes}, '
                                 f'{f.max_threads}, {f.parameter_bytes}, {{{parameters}}}}});')
    lines += ['struct Registration {', 'Registration() {'] + registrations
    for v, index, symbol, offset in pointers:
        size = SIZE[v.type]
        lines.append(f'  {{ const u64 a = {address(module, symbol)} + {offset}; '
                     f'std::memcpy(reinterpret_cast<char*>(&{mangle(v.name)}[0]) + {index * size}, &a, {size}); }}')
    lines += [f'  register_variable("{v.name}", &{mangle(v.name)}[0], {v.size});' for v in used]
    lines += ['}', '} registration;', '}  // namespace', '']
    return '\n'.join(lines)


def write_variable(v, pointers):
    size = SIZE[v.type]
    element = f'u{size * 8}'
    values = []
    for index, text in enumerate(split(v.initial.strip('{}'))):
        bits = re.match(r'^0[fFdD]([0-9a-fA-F]+)$', text)
        symbol = re.match(r'^(?:generic\()?([\w$.]+)\)?(?:\+(\d+))?$', text)
        if bits:
            values.append(f'0x{bits.group(1)}ull')
        elif re.match(r'^-?\d\w*$', text):
            values.append(f'{element}({text}ull)')
        elif symbol:
            pointers.append((v, index, symbol.group(1), symbol.group(2) or '0'))
            values.append('0')
        else:
            raise Unknown(f'initial value {text} of {v.name}')
    initial = f' = {{{", ".join(values)}}}' if values else ''
    return f'alignas({max(v.align, size)}) {element} {mangle(v.name)}[{v.size // size}]{initial};'
