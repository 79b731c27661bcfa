"""Arithmetic, comparison and conversion, as C++ on ptx_arithmetic.hpp."""
from ptx_common import CPP, FLOAT, SIZE, Unknown, mangle
from ptx_instruction import ROUNDING, instruction

# ---- integer and floating-point arithmetic


@instruction('add sub', ROUNDING + ' cc')
def add(i):
    sign = '+' if i.name == 'add' else '-'
    if i.has('cc'):
        return with_carry(i, i.bits(1), i.bits(2), sign, '0')
    if i.is_float():
        return i.put(i.rounded(f'{i.operand(1)} {sign} {i.operand(2)}'))
    if i.has('sat'):
        return i.put(f'clamp_s32(s64({i.value(1)}) {sign} s64({i.value(2)}))')
    return i.put(f'{i.bits(1)} {sign} {i.bits(2)}')


@instruction('addc subc', 'cc')
def addc(i):
    return with_carry(i, i.bits(1), i.bits(2), '+' if i.name == 'addc' else '-', 'CARRY')


def with_carry(i, a, b, sign, carry_in):
    carry_out = f'CARRY = (v_ >> {SIZE[i.type] * 8} & 1) != 0;' if i.has('cc') else ''
    return f'{{ const u128 v_ = u128({a}) {sign} {b} {sign} {carry_in}; {i.put("v_")} {carry_out} }}'


def product(i):
    """The half of the product of operands 1 and 2 that .hi or .lo asks for, unsigned."""
    if i.has('hi'):
        wide = 's128' if i.type.startswith('s') else 'u128'
        return f'{i.unsigned()}(({wide}({i.value(1)}) * {wide}({i.value(2)})) >> {SIZE[i.type] * 8})'
    return f'{i.unsigned()}(u64({i.bits(1)}) * u64({i.bits(2)}))'


def wide_type(i):
    return i.type[0] + str(SIZE[i.type] * 16)


@instruction('mul', ROUNDING + ' lo hi wide')
def mul(i):
    if i.is_float():
        return i.put(i.rounded(f'{i.operand(1)} * {i.operand(2)}'))
    if i.has('wide'):
        return i.put(f's128({i.value(1)}) * s128({i.value(2)})', wide_type(i))
    return i.put(product(i))


@instruction('mad fma', ROUNDING + ' lo hi wide cc')
def mad(i):
    if i.is_float():
        return i.put(i.rounded(f'std::fma({i.operand(1)}, {i.operand(2)}, {i.operand(3)})'))
    if i.has('sat'):
        raise Unknown(i.opcode)
    if i.has('wide'):
        return i.put(f's128({i.value(1)}) * s128({i.value(2)}) + s128({i.value(3, wide_type(i))})', wide_type(i))
    if i.has('cc'):
        return with_carry(i, product(i), i.bits(3), '+', '0')
    return i.put(f'{product(i)} + {i.bits(3)}')


@instruction('madc', 'lo hi cc')
def madc(i):
    return with_carry(i, product(i), i.bits(3), '+', 'CARRY')


@instruction('div', ROUNDING + ' approx full')
def div(i):
    return i.put(i.rounded(f'{i.operand(1)} / {i.operand(2)}') if i.is_float() else
                 f'divide({i.value(1)}, {i.value(2)})')


@instruction('rem')
def rem(i):
    return i.put(f'remainder({i.value(1)}, {i.value(2)})')


@instruction('neg', 'ftz')
def neg(i):
    return i.put(i.flushed(f'-{i.value(1)}') if i.is_float() else f'u64(0) - u64({i.value(1)})')


@instruction('abs', 'ftz')
def absolute(i):
    if i.is_float():
        return i.put(i.flushed(f'std::fabs({i.value(1)})'))
    return i.put(f'{i.value(1)} < 0 ? u64(0) - u64({i.value(1)}) : u64({i.value(1)})')


@instruction('min max', 'ftz NaN')
def minmax(i):
    if i.is_float():
        return i.put(f'float_{i.name}<{"true" if i.has("NaN") else "false"}>({i.operand(1)}, {i.operand(2)})')
    return i.put(f'std::{i.name}<{CPP[i.type]}>({i.value(1)}, {i.value(2)})')


FUNCTIONS = {
    'sqrt': 'std::sqrt({})', 'rcp': '1 / {}', 'rsqrt': '1 / std::sqrt({})', 'ex2': 'std::exp2({})',
    'lg2': 'std::log2({})', 'sin': 'std::sin({})', 'cos': 'std::cos({})', 'tanh': 'std::tanh({})',
}


@instruction(' '.join(FUNCTIONS), ROUNDING + ' approx')
def function(i):
    expression = FUNCTIONS[i.name]
    if i.type == 'f64' and i.has('ftz'):  # {rcp,rsqrt}.approx.ftz.f64: a seed, of the high 32 bits
        return i.put(f'high_half({expression.format(f"high_half({i.value(1)})")})')
    return i.put(i.rounded(expression.format(i.operand(1))))


@instruction('copysign')
def copysign(i):
    return i.put(f'std::copysign({i.value(2)}, {i.value(1)})')


@instruction('testp', 'finite infinite number notanumber normal subnormal')
def testp(i):
    tests = {'finite': 'std::isfinite({})', 'infinite': 'std::isinf({})', 'number': '!std::isnan({})',
             'notanumber': 'std::isnan({})', 'normal': 'std::isnormal({})',
             'subnormal': 'std::fpclassify({}) == FP_SUBNORMAL'}
    return i.put(tests[i.one_of(' '.join(tests))].format(i.value(1)), 'pred')


# ---- bits


@instruction('and or xor')
def bitwise(i):
    return i.put(f'{i.value(1)} { {"and": "&", "or": "|", "xor": "^"}[i.name] } {i.value(2)}')


@instruction('not')
def bitwise_not(i):
    return i.put(f'!{i.value(1)}' if i.type == 'pred' else f'~{i.value(1)}')


@instruction('cnot')
def cnot(i):
    return i.put(f'{i.value(1)} == 0')


@instruction('lop3')
def lop3(i):
    return i.put(f'lop3({i.value(1)}, {i.value(2)}, {i.value(3)}, {int(i.operands[4], 0)})')


@instruction('shl shr')
def shift(i):
    cpp = CPP[i.type] if i.name == 'shr' else i.unsigned()
    return i.put(f'shift_{"right" if i.name == "shr" else "left"}<{cpp}>({i.value(1)}, {i.value(2, "u32")})')


@instruction('shf', 'l r wrap clamp')
def funnel_shift(i):
    left, wrap = ('true' if i.has(m) else 'false' for m in ('l', 'wrap'))
    return i.put(f'funnel_shift<{left}, {wrap}>({i.value(1)}, {i.value(2)}, {i.value(3, "u32")})')


@instruction('prmt')
def prmt(i):
    return i.put(f'prmt({i.value(1)}, {i.value(2)}, {i.value(3)})')


@instruction('bfe')
def bfe(i):
    return i.put(f'bit_field_extract<{CPP[i.type]}>({i.value(1)}, {i.value(2, "u32")}, {i.value(3, "u32")})')


@instruction('bfi')
def bfi(i):
    return i.put(f'bit_field_insert<{i.unsigned()}>({i.value(1)}, {i.value(2)}, {i.value(3, "u32")}, '
                 f'{i.value(4, "u32")})')


@instruction('bfind', 'shiftamt')
def bfind(i):
    return i.put(f'bit_find<{CPP[i.type]}, {"true" if i.has("shiftamt") else "false"}>({i.value(1)})', 'u32')


@instruction('bmsk', 'clamp wrap')
def bmsk(i):
    return i.put(f'bit_mask({i.value(1, "u32")}, {i.value(2, "u32")}, {"true" if i.has("wrap") else "false"})')


@instruction('popc')
def popc(i):
    return i.put(f'std::popcount({i.value(1)})', 'u32')


@instruction('clz')
def clz(i):
    return i.put(f'std::countl_zero({i.value(1)})', 'u32')


@instruction('brev')
def brev(i):
    return i.put(f'bit_reverse({i.value(1)})')


@instruction('sad')
def sad(i):
    a, b = i.value(1), i.value(2)
    return i.put(f'({a} < {b} ? {i.unsigned()}({b}) - {i.unsigned()}({a}) : {i.unsigned()}({a}) - '
                 f'{i.unsigned()}({b})) + {i.bits(3)}')


# ---- comparison and selection

COMPARE = {'eq': '==', 'ne': '!=', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>=', 'lo': '<', 'ls': '<=', 'hi': '>',
           'hs': '>='}
COMPARISONS = ' '.join([*COMPARE, 'num', 'nan', 'equ', 'neu', 'ltu', 'leu', 'gtu', 'geu'])


def comparison(i):
    name, a, b = i.one_of(COMPARISONS), i.operand(1), i.operand(2)
    if name == 'num':
        return f'!unordered({a}, {b})'
    if name == 'nan':
        return f'unordered({a}, {b})'
    if name not in COMPARE:  # equ, ltu, ...: or unordered
        return f'(unordered({a}, {b}) || {a} {COMPARE[name[:-1]]} {b})'
    if name == 'ne' and i.is_float():
        return f'(!unordered({a}, {b}) && {a} != {b})'
    return f'({a} {COMPARE[name]} {b})'


@instruction('setp', COMPARISONS + ' and or xor ftz')
def setp(i):
    first, *second = i.operands[0].split('|')
    combine = i.one_of('and or xor', '')
    joined = {'': '{}', 'and': '({}) && c_', 'or': '({}) || c_', 'xor': '({}) != c_'}[combine]
    third = f'[[maybe_unused]] const bool c_ = {i.value(3, "pred") if combine else "true"};'
    puts = i.function.put(first, joined.format('e_'), 'pred')
    if second:
        puts += ' ' + i.function.put(second[0], joined.format('!e_'), 'pred')
    return f'{{ const bool e_ = {comparison(i)}; {third} {puts} }}'


@instruction('set', COMPARISONS + ' ftz')
def set_(i):
    result = i.types[0]
    yes, no = ('1.0f', '0.0f') if result == 'f32' else (f'{CPP[result]}(-1)', f'{CPP[result]}(0)')
    return i.put(f'{comparison(i)} ? {yes} : {no}', result)


@instruction('selp')
def selp(i):
    return i.put(f'{i.value(3, "pred")} ? {i.value(1)} : {i.value(2)}')


@instruction('slct', 'ftz')
def slct(i):
    result, selector = i.types
    return i.put(f'{i.value(3, selector)} >= 0 ? {i.value(1, result)} : {i.value(2, result)}', result)


# ---- conversion


@instruction('cvt', ROUNDING + ' rni rzi rmi rpi')
def cvt(i):
    to, source = i.types
    v = i.value(1, source)
    if 'f16' in (to, source):
        if (to, source) == ('f32', 'f16') and not i.has('sat'):
            return i.put(f'half_to_float({v})', to)
        if (to, source) == ('f16', 'f32') and i.modifiers[0] == 'rn' and not i.has('sat'):
            return i.put(f'float_to_half({v})', to)
        raise Unknown(i.opcode)
    if i.has('ftz') and source == 'f32':
        v = f'flush({v})'
    to_integer = i.one_of('rni rzi rmi rpi', 'none')
    v = {'rni': 'std::nearbyint({})', 'rzi': 'std::trunc({})', 'rmi': 'std::floor({})', 'rpi': 'std::ceil({})',
         'none': '{}'}[to_integer].format(v)
    if to in FLOAT:
        return i.put(i.rounded(f'{CPP[to]}({v})'), to)
    if source in FLOAT:
        return f'write_loaded({mangle(i.operands[0])}, to_integer<{CPP[to]}>({v}));'
    if i.has('sat'):
        return i.put(f'saturate_integer<{CPP[to]}>({v})', to)
    # sign-extends a signed type to a wider register, as a load does
    return f'write_loaded({mangle(i.operands[0])}, {CPP[to]}({v}));'
