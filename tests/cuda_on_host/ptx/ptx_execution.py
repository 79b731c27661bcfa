"""Control flow, memory, threads and warps, as C++ on ptx_operations.hpp."""
from ptx_common import CPP, SIZE, Unknown, mangle, split
from ptx_instruction import instruction

SPACES = 'global shared local param const'
CACHE = 'volatile relaxed acquire release acq_rel weak gpu sys cta cluster nc ca cg cs cv lu wb wt unified L1 L2'

# ---- control


@instruction('bra', 'uni')
def bra(i):
    return f'goto {mangle(i.operands[0])};'


@instruction('brx', 'idx uni')
def brx(i):
    cases = ' '.join(f'case {k}: goto {mangle(label)};'
                     for k, label in enumerate(i.function.targets[i.operands[1]]))
    return f'switch ({i.value(0, "u32")}) {{ {cases} default: __builtin_unreachable(); }}'


@instruction('ret exit', 'uni')
def leave(i):
    return 'return;'


@instruction('trap brkpt')
def trap(i):
    return f'cuda_on_host::fail("trap in {i.function.name}");'


@instruction('call', 'uni')
def call(i):
    return i.function.call(i.operands)


@instruction('membar fence', 'gl cta sys gpu sc acq_rel acquire release proxy alias')
@instruction('prefetch prefetchu discard applypriority', SPACES + ' L1 L2 evict_normal evict_last')
@instruction('nanosleep pmevent griddepcontrol', 'launch_dependents wait')
def nothing(i):
    return ';'


# ---- moving data


@instruction('mov')
def mov(i):
    destination, source = i.operands
    whole = f'b{SIZE[i.type] * 8}'
    if destination.startswith('{'):
        parts = split(destination[1:-1])
        n = SIZE[i.type] * 8 // len(parts)
        puts = ' '.join(i.function.put(d, f'v_ >> {k * n}', f'b{n}') for k, d in enumerate(parts))
        return f'{{ const u64 v_ = {i.value(1, whole)}; {puts} }}'
    if source.startswith('{'):
        parts = split(source[1:-1])
        n = SIZE[i.type] * 8 // len(parts)
        return i.put(' | '.join(f'u64({i.function.value(s, f"b{n}")}) << {k * n}' for k, s in enumerate(parts)), whole)
    return i.put(i.value(1))


def memory(i):
    space = i.one_of(SPACES, '')
    return space, 4 if i.has('v4') else 2 if i.has('v2') else 1, SIZE[i.type]


@instruction('ld ldu', f'{SPACES} {CACHE} v2 v4')
def load(i):
    space, count, size = memory(i)
    address = i.function.pointer(i.operands[1], space, count * size)
    destinations = split(i.operands[0][1:-1]) if count > 1 else [i.operands[0]]
    loads = ' '.join(f'write_loaded({mangle(d)}, load<{CPP[i.type]}>(a_ + {k * size}));'
                     for k, d in enumerate(destinations) if d != '_')
    return f'{{ const u64 a_ = {address}; check_aligned(a_, {count * size}); {loads} }}'


@instruction('st', f'{SPACES} {CACHE} v2 v4')
def store(i):
    space, count, size = memory(i)
    address = i.function.pointer(i.operands[0], space, count * size)
    values = split(i.operands[1][1:-1]) if count > 1 else [i.operands[1]]
    stores = ' '.join(f'store<{CPP[i.type]}>(a_ + {k * size}, {i.function.value(v, i.type)});'
                      for k, v in enumerate(values))
    return f'{{ const u64 a_ = {address}; check_aligned(a_, {count * size}); {stores} }}'


@instruction('cvta', f'{SPACES} to')
def cvta(i):
    if not i.has('shared'):
        return i.put(i.value(1))
    return i.put(f'u64({i.value(1)}) - shared_pointer(0)' if i.has('to') else f'shared_pointer({i.value(1)})')


@instruction('isspacep', SPACES)
def isspacep(i):
    inside = f'in_shared({i.value(1, "u64")})'
    space = i.one_of(SPACES)
    return i.put({'shared': inside, 'global': f'!{inside}'}.get(space, 'false'), 'pred')


# ---- threads of a block, lanes of a warp


@instruction('bar barrier', 'sync red warp aligned popc and or cta')
def bar(i):
    if i.has('warp'):
        return f'warp_sync({i.value(0, "u32")}, {i.site()});'
    if i.has('sync'):
        threads = f'whole_block({i.value(1, "u32")}); ' if len(i.operands) > 1 else ''
        return f'{threads}cuda_on_host::sync_block(false, {i.value(0, "u32")}, {i.site()});'
    if i.has('red'):
        predicate, barrier = i.function.value(i.operands[-1], 'pred'), i.value(1, 'u32')
        if i.has('and'):  # none with a false predicate
            return i.put(f'cuda_on_host::sync_block(!{predicate}, {barrier}, {i.site()}) == 0', 'pred')
        count = f'cuda_on_host::sync_block({predicate}, {barrier}, {i.site()})'
        return i.put(count, 'u32') if i.has('popc') else i.put(count + ' != 0', 'pred')
    raise Unknown(i.opcode)


@instruction('shfl', 'sync up down bfly idx')
def shfl(i):
    if not i.has('sync'):
        raise Unknown(i.opcode)
    value, *in_range = i.operands[0].split('|')
    mode = i.one_of('up down bfly idx')
    puts = i.function.put(value, 'v_', 'b32')
    if in_range:
        puts += ' ' + i.function.put(in_range[0], 'p_', 'pred')
    return (f'{{ bool p_; const u32 v_ = shuffle<Shuffle::{mode}>({i.value(1, "b32")}, {i.value(2, "u32")}, '
            f'{i.value(3, "u32")}, {i.value(4, "u32")}, p_, {i.site()}); {puts} }}')


@instruction('vote', 'sync ballot any all uni')  # CUB writes vote.ballot.sync, nvcc vote.sync.ballot
def vote(i):
    if not i.has('sync'):
        raise Unknown(i.opcode)
    kind, predicate, mask, site = i.one_of('ballot any all uni'), i.value(1, 'pred'), i.value(2, 'u32'), i.site()
    if kind == 'ballot':
        return i.put(f'ballot({mask}, {predicate}, {site})', 'u32')
    if kind == 'any':
        return i.put(f'ballot({mask}, {predicate}, {site}) != 0', 'pred')
    if kind == 'all':
        return i.put(f'ballot({mask}, !{predicate}, {site}) == 0', 'pred')
    return i.put(f'match_all({mask}, u32({predicate}), {site}) != 0', 'pred')


@instruction('match', 'sync any all')
def match(i):
    if not i.has('sync'):
        raise Unknown(i.opcode)
    value, mask = f'{i.unsigned()}({i.value(1)})', i.value(2, 'u32')
    if i.has('any'):
        return i.put(f'match_any({mask}, {value}, {i.site()})', 'u32')
    lanes, *same = i.operands[0].split('|')
    puts = i.function.put(lanes, 'v_', 'u32')
    if same:
        puts += ' ' + i.function.put(same[0], 'v_ != 0', 'pred')
    return f'{{ const u32 v_ = match_all({mask}, {value}, {i.site()}); {puts} }}'


@instruction('redux', 'sync add and or xor min max')
def redux(i):
    kind = i.one_of('add and or xor min max')
    op = {'add': 'add', 'and': 'and_', 'or': 'or_', 'xor': 'xor_'}.get(kind, f'{kind}_{i.type[0]}')
    return i.put(f'reduce(WarpOp::{op}, {i.value(2, "u32")}, {i.value(1)}, {i.site()})', 'u32')


@instruction('activemask')
def activemask(i):
    return i.put('cuda_on_host::active_mask()', 'u32')


@instruction('atom red', f'{SPACES} {CACHE} add min max and or xor exch cas inc dec')
def atom(i):
    if i.type == 'f16':
        raise Unknown(i.opcode)
    kind = i.one_of('add min max and or xor exch cas inc dec')
    if kind in ('and', 'or', 'xor'):
        kind += '_'
    first = 1 if i.name == 'atom' else 0
    address = i.function.pointer(i.operands[first], i.one_of(SPACES, ''), SIZE[i.type])
    arguments = ', '.join(i.function.value(x, i.type) for x in i.operands[first + 1:])
    expression = f'atomic<Atomic::{kind}, {CPP[i.type]}>({address}, {arguments})'
    return i.put(expression) if i.name == 'atom' else expression + ';'
