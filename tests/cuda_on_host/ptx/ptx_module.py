"""Reads a PTX module: its variables and functions, whose bodies stay text (ptx_function.py translates them)."""
import re

from ptx_common import Unknown, Variable, mentions, split


class FunctionText:
    """An entry or function as it stands in the module."""

    def __init__(self, kind, name, results, parameters, body, max_threads):
        self.kind, self.name, self.body = kind, name, body
        self.results, self.parameters = results, parameters
        self.max_threads = max_threads
        self.parameter_bytes = 0
        for p in parameters:
            self.parameter_bytes = (self.parameter_bytes + p.align - 1) // p.align * p.align
            p.offset = self.parameter_bytes
            self.parameter_bytes += p.size


class Module:
    HEAD = re.compile(r'(?:\.(?:visible|extern|weak)\s+)*\.(entry|func)\b')
    SIGNATURE = re.compile(
        r'(?:\.(?:visible|extern|weak)\s+)*\.(?:entry|func)\s*(?:\.noreturn\s*)?(\([^)]*\))?\s*([\w$.]+)\s*'
        r'(?:\(([^)]*)\))?', re.S)

    def __init__(self, text):
        self.shared = {}            # name -> Variable, of the whole module
        self.dynamic_shared = set()
        self.globals = {}           # name -> Variable
        self.functions = []         # with bodies
        self.callable = {}          # name -> (results, parameters), declared functions included
        text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
        text = re.sub(r'//[^\n]*', '', text)
        self.files = {int(n): name for n, name in re.findall(r'\.file\s+(\d+)\s+"([^"]*)"', text)}
        text = re.sub(r'\.file\s+\d+\s+"[^"]*"[^\n]*', '', text)
        text = re.sub(r'\.section\s+[^{]*\{[^}]*\}', '', text, flags=re.S)
        self._read(text)
        for f in self.functions:
            for declaration in re.findall(r'(?<![\w.])(\.shared\s[^;]*);', f.body):
                self._add_shared(Variable(declaration))

    def _read(self, text):
        i = 0
        while True:
            i = re.compile(r'\s*').match(text, i).end()
            if i >= len(text):
                return
            if re.compile(r'\.(version|target|address_size)').match(text, i):
                i = text.index('\n', i)
                continue
            head = self.HEAD.match(text, i)
            if head:
                i = self._read_function(text, i, head)
                continue
            end = text.index(';', i)
            declaration = text[i:end].strip()
            i = end + 1
            if declaration and not declaration.startswith('.pragma'):
                self._add_variable(Variable(declaration))

    def _read_function(self, text, begin, head):
        brace, semicolon = text.find('{', head.end()), text.find(';', head.end())
        if semicolon != -1 and (brace == -1 or semicolon < brace):
            self._declare(text[begin:semicolon], head.group(1), None)
            return semicolon + 1
        depth, end = 0, brace
        while True:
            if text[end] == '{':
                depth += 1
            elif text[end] == '}':
                depth -= 1
                if depth == 0:
                    break
            elif text[end] == '"':
                end = text.index('"', end + 1)
            end += 1
        self._declare(text[begin:brace], head.group(1), text[brace + 1:end])
        return end + 1

    def _declare(self, head, kind, body):
        results, name, parameters = self.SIGNATURE.match(head).groups()
        results = [Variable(v) for v in split(results[1:-1])] if results else []
        parameters = [Variable(v) for v in split(parameters or '')]
        if kind == 'func':
            self.callable[name] = (results, parameters)
        if body is None:
            return
        bound = re.search(r'\.maxntid\s+([\d, ]+)', head)
        max_threads = 1024
        if bound:
            max_threads = 1
            for n in bound.group(1).split(','):
                max_threads *= int(n)
        self.functions.append(FunctionText(kind, name, results, parameters, body, max_threads))

    def _add_variable(self, variable):
        if variable.space == 'shared':
            self._add_shared(variable)
        elif variable.space in ('global', 'const'):
            self.globals[variable.name] = variable
        else:
            raise Unknown(f'a .{variable.space} variable outside of functions: {variable.name}')

    def _add_shared(self, variable):
        if variable.external or variable.size == 0:
            self.dynamic_shared.add(variable.name)
        else:
            self.shared.setdefault(variable.name, variable)

    def lay_out_shared(self, function):
        """Gives offsets to the shared variables of a function; returns how many bytes they take."""
        in_functions = any(mentions(f.body, n) for f in self.functions if f.kind == 'func' for n in self.shared)
        size = 0
        for name, variable in self.shared.items():
            if not in_functions and not mentions(function.body, name):
                continue
            size = (size + variable.align - 1) // variable.align * variable.align
            variable.offset = size
            size += variable.size
        return (size + 15) // 16 * 16
