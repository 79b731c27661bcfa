"""Translates one function: declarations, labels, operands. The instructions are in ptx_arithmetic.py and ptx_execution.py."""
import re

from ptx_common import CPP, SIZE, Unknown, Variable, mangle, split, unsigned
import ptx_arithmetic  # noqa: F401 (fills INSTRUCTIONS)
import ptx_execution  # noqa: F401
from ptx_instruction import INSTRUCTIONS, Instruction

SPECIAL = {
    '%laneid': 'cuda_on_host::lane()', '%warpid': '(cuda_on_host::linear_thread() / 32)', 'WARP_SZ': '32u',
    '%lanemask_eq': '(1u << cuda_on_host::lane())', '%lanemask_lt': '((1u << cuda_on_host::lane()) - 1)',
    '%lanemask_le': '((2u << cuda_on_host::lane()) - 1)', '%lanemask_gt': '(~((2u << cuda_on_host::lane()) - 1))',
    '%lanemask_ge': '(~((1u << cuda_on_host::lane()) - 1))',
    '%clock': 'u32(0)', '%clock64': 'u64(0)', '%globaltimer': 'u64(0)', '%gridid': 'u64(0)', '%smid': 'u32(0)',
    '%nsmid': 'u32(1)', '%dynamic_smem_size': 'u32(cuda_on_host::shared_memory_size() - STATIC)',
}
for d in 'xyz':
    SPECIAL.update({f'%tid.{d}': f'cuda_on_host::thread_index.{d}', f'%ntid.{d}': f'cuda_on_host::block_size.{d}',
                    f'%ctaid.{d}': f'cuda_on_host::block_index.{d}', f'%nctaid.{d}': f'cuda_on_host::grid_size.{d}'})


class Function:
    TOKEN = re.compile(r'\s*(\.loc\s+[^\n]*|[{}](?=\s)|[\w$.%]+\s*:(?!:)|[^;]*?;)', re.S)
    STATEMENT = re.compile(r'^(?:@(!?)(%?[\w$]+)\s+)?([\w.:]+)\s*(.*)$', re.S)

    def __init__(self, module, text, static_bytes):
        self.module, self.text, self.static_bytes = module, text, static_bytes
        self.name = text.name
        self.registers = {}  # name -> C++ type
        self.symbols = {}    # name -> C++ expression of its address
        self.targets = {}    # label of a .branchtargets -> its labels
        self.line = (0, 0)   # file, line
        self.declarations, self.statements, self.scopes = [], [], []

    # ---- operands

    def value(self, operand, ptx_type):
        """C++ expression of an operand as a value of the PTX type."""
        operand = operand.strip()
        cpp = CPP[ptx_type]
        if operand[:1] == '-' and operand[1:] in self.registers:
            return f'{cpp}(-{self.value(operand[1:], ptx_type)})'
        if operand[:1] == '!':
            return f'(!{self.value(operand[1:], ptx_type)})'
        if operand in SPECIAL:
            return f'{cpp}({SPECIAL[operand]})'
        if operand in self.registers:
            return f'read<{cpp}>({mangle(operand)})'
        number = self.number(operand, ptx_type)
        if number:
            return number
        symbol = re.match(r'^([\w$.]+)(?:\s*\+\s*(\d+))?$', operand)
        if symbol and self.symbol(symbol.group(1)):
            return f'{cpp}({self.symbol(symbol.group(1))} + {symbol.group(2) or 0})'
        raise Unknown('operand ' + operand)

    @staticmethod
    def number(operand, ptx_type):
        single = re.match(r'^0[fF]([0-9a-fA-F]{8})$', operand)
        if single:
            return f'bits<float>(0x{single.group(1)}u)' if ptx_type != 'f64' else \
                f'double(bits<float>(0x{single.group(1)}u))'
        double = re.match(r'^0[dD]([0-9a-fA-F]{16})$', operand)
        if double:
            return f'bits<double>(0x{double.group(1)}ull)'
        integer = re.match(r'^(-?(?:0[xX][0-9a-fA-F]+|\d+))U?$', operand)
        if integer:
            return f'immediate<{CPP[ptx_type]}>({int(integer.group(1), 0) & (2 ** 64 - 1)}ull)'
        return None

    def symbol(self, name):
        """Address of a variable or function; of a shared one its offset. None if there is none."""
        if name in self.symbols:
            return self.symbols[name]
        if name in self.module.shared:
            return f'{self.module.shared[name].offset}ull'
        if name in self.module.dynamic_shared:
            return 'u64(STATIC)'
        if name in self.module.globals:
            return f'reinterpret_cast<u64>(&{mangle(name)}[0])'
        if name in self.module.callable:
            return f'reinterpret_cast<u64>(&{mangle(name)})'
        return None

    def pointer(self, operand, space, size):
        """C++ expression of the address [register + offset], [symbol + offset] or [number]."""
        match = re.match(r'^\[\s*([^\s+\]]+)\s*(?:\+\s*(-?\w+))?\s*\]$', operand)
        if not match:
            raise Unknown('address ' + operand)
        base, offset = match.group(1), match.group(2) or '0'
        if base in self.registers:
            begin = f'u64({mangle(base)})'
        elif re.match(r'^\d', base):
            begin = f'{base}ull'
        else:
            begin = self.symbol(base)
            if begin is None:
                raise Unknown('symbol ' + base)
            if base in self.module.shared or base in self.module.dynamic_shared:
                space = 'shared'
        expression = f'({begin} + u64(s64({offset})))'
        return f'shared_address({expression}, {size}, {self.site()})' if space == 'shared' else expression

    def put(self, destination, expression, ptx_type):
        """C++ statement: destination = expression, converted to the PTX type."""
        if destination == '_':
            return ''
        if destination not in self.registers:
            raise Unknown('destination ' + destination)
        return f'write({mangle(destination)}, {CPP[ptx_type]}({expression}));'

    def site(self):
        return f'{{F{self.line[0]}, {self.line[1]}}}'

    def call(self, operands):
        results, rest = ([], operands)
        if operands[0].startswith('('):
            results, rest = [operands[0][1:-1].strip()], operands[1:]
        function = rest[0]
        arguments = split(rest[1][1:-1]) if len(rest) > 1 and rest[1].startswith('(') else []
        addresses = [self.symbols[a] for a in arguments]
        if function == 'vprintf':
            return f'device_printf(load<u64>({addresses[0]}));'
        if function == '__assertfail':
            return (f'device_assert(load<u64>({addresses[0]}), load<u64>({addresses[1]}), '
                    f'load<u32>({addresses[2]}));')
        if function not in self.module.callable:
            raise Unknown('call of ' + function)
        return f'{mangle(function)}({", ".join([self.symbols[r] for r in results] + addresses)});'

    # ---- the body

    def translate(self):
        f = self.text
        if f.kind == 'entry':
            head = f'void {mangle(f.name)}(const unsigned char* parameters_)'
            for p in f.parameters:
                self.symbols[p.name] = f'(reinterpret_cast<u64>(parameters_) + {p.offset})'
        else:
            head = f'void {mangle(f.name)}({", ".join("u64 " + mangle(p.name) for p in f.results + f.parameters)})'
            for p in f.results + f.parameters:
                self.symbols[p.name] = mangle(p.name)
        self.translate_body(re.sub(r'([{}])', r' \1 ', f.body))
        constants = [f'[[maybe_unused]] constexpr u64 STATIC = {self.static_bytes};',
                     '[[maybe_unused]] bool CARRY = false;']
        lines = ['  ' + line for line in constants + self.declarations + self.statements]
        return '\n'.join([f'[[gnu::noinline]] {head} {{'] + lines + ['}'])

    def translate_body(self, body):
        i = 0
        while body[i:].strip():
            token = self.TOKEN.match(body, i)
            if not token:
                raise Unknown('syntax: ' + body[i:i + 80])
            i = token.end()
            text = token.group(1).strip()
            if re.match(r'\.loc\s', text):
                self.line = self.location(text)
            elif text == '{':
                self.scopes.append((dict(self.registers), dict(self.symbols)))
                self.statements.append('{')
            elif text == '}':
                self.registers, self.symbols = self.scopes.pop()
                self.statements.append('}')
            elif text.endswith(':') and not text.startswith('.'):
                i = self.label(text[:-1].strip(), body, i)
            else:
                self.statement(text.rstrip(';').strip())

    def location(self, text):
        """File and line of a .loc; inside CUDA's own intrinsics those of the caller."""
        file, line = (int(n) for n in text.split()[1:3])
        caller = re.search(r'inlined_at\s+(\d+)\s+(\d+)', text)
        if caller and re.search(r'/(sm_\d+_|device_)\w+\.hpp$', self.module.files.get(file, '')):
            return int(caller.group(1)), int(caller.group(2))
        return file, line

    def label(self, name, body, i):
        targets = re.compile(r'\s*\.branchtargets\s+([^;]*);').match(body, i)
        if targets:
            self.targets[name] = split(targets.group(1))
            return targets.end()
        self.statements.append(mangle(name) + ':;')
        return i

    def declare(self, text):
        # at the top of a function so that no goto jumps over them
        (self.statements if self.scopes else self.declarations).append(text)

    def declare_registers(self, text):
        ptx_type, names = re.match(r'\.reg\s+\.(\w+)\s+(.*)$', text, re.S).groups()
        cpp = unsigned(ptx_type)
        for name in split(names):
            counted = re.match(r'^(%?[\w$]+)<(\d+)>$', name)
            several = [f'{counted.group(1)}{k}' for k in range(int(counted.group(2)))] if counted else [name]
            for n in several:
                self.registers[n] = cpp
            if several:
                start = '' if self.scopes else '{}'
                self.declare(f'{cpp} ' + ', '.join(mangle(n) + start for n in several) + ';')

    def declare_variable(self, text):
        v = Variable(text)
        if v.space == 'shared':
            return  # the module has laid it out
        if v.space in ('const', 'global'):
            raise Unknown('variable in a function: ' + text[:60])
        self.declare(f'alignas({max(v.align, 16)}) unsigned char {mangle(v.name)}_memory[{max(v.size, 1)}];')
        self.symbols[v.name] = f'reinterpret_cast<u64>({mangle(v.name)}_memory)'

    def statement(self, text):
        if not text or text.startswith('.pragma'):
            return
        if text.startswith('.reg'):
            self.declare_registers(text)
            return
        if re.match(r'\.(local|param|shared|const|global)\b', text):
            self.declare_variable(text)
            return
        match = self.STATEMENT.match(text)
        if not match:
            raise Unknown('statement ' + text[:80])
        negated, predicate, opcode, rest = match.groups()
        try:
            code = self.instruction(opcode, split(' '.join(rest.split())))
        except (Unknown, KeyError, IndexError, ValueError, StopIteration) as error:
            raise Unknown(f'{self.name}: "{" ".join(text.split())}": {error!r}') from error
        if predicate:
            code = f'if ({negated}{mangle(predicate)}) {{ {code} }}'
        self.statements.append(code)

    def instruction(self, opcode, operands):
        name, *modifiers = opcode.split('.')
        if name not in INSTRUCTIONS:
            raise Unknown(opcode)
        translate, allowed = INSTRUCTIONS[name]
        unknown = [m for m in modifiers if m not in SIZE and m.split('::')[0] not in allowed]
        if unknown:
            raise Unknown(f'modifier .{unknown[0]} of {opcode}')
        return translate(Instruction(self, opcode, modifiers, operands))
