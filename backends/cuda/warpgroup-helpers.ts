/**
 * Device functions of warpgroup statements, by name: the inline PTX and what the CPU emulator does instead. Sections of the
 * PTX ISA are named beside what follows them.
 */

export interface WarpgroupHelper {
  readonly comment: string;
  /** Absent: `void`. */
  readonly result?: string;
  readonly name: string;
  readonly parameters: readonly string[];
  readonly ptx: string;
  /** `at` is the place of the call. */
  readonly emulated: string;
}

const shared = (p: string): string => `static_cast<uint32_t>(__cvta_generic_to_shared(${p}))`;
const BARRIER = 'uint32_t* barrier';

const FIXED: readonly WarpgroupHelper[] = [
  {
    comment: '// "mbarrier.init": phases complete after so many arrivals.',
    name: 'mbarrier_init',
    parameters: [BARRIER, 'uint32_t arrivals'],
    ptx: `  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(${shared('barrier')}), "r"(arrivals) : "memory");`,
    emulated: 'cuemu::mbarrier_init(cuemu::to_shared(barrier), arrivals, at);',
  },
  {
    comment: '// "fence.mbarrier_init": the copy engine sees barriers that were initialised before.',
    name: 'mbarrier_fence',
    parameters: [],
    ptx: '  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");',
    emulated: 'cuemu::fence_mbarrier_init();',
  },
  {
    comment: '// "mbarrier.arrive"',
    name: 'mbarrier_arrive',
    parameters: [BARRIER],
    ptx: `  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(${shared('barrier')}) : "memory");`,
    emulated: 'cuemu::mbarrier_arrive(cuemu::to_shared(barrier), 0, at);',
  },
  {
    comment: '// "mbarrier.arrive.expect_tx": arrives, and the phase also waits for bytes of copies.',
    name: 'mbarrier_expect',
    parameters: [BARRIER, 'uint32_t bytes'],
    ptx: `  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(${shared('barrier')}), "r"(bytes) : "memory");`,
    emulated: 'cuemu::mbarrier_arrive(cuemu::to_shared(barrier), bytes, at);',
  },
  {
    comment: '// "mbarrier.try_wait.parity": until the phase of this parity has completed.',
    name: 'mbarrier_wait',
    parameters: [BARRIER, 'uint32_t parity'],
    ptx: `  asm volatile(
      "{\\n.reg .pred done;\\nagain:\\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\\n@!done bra again;\\n}"
      ::"r"(${shared('barrier')}), "r"(parity) : "memory");`,
    emulated: 'cuemu::mbarrier_wait(cuemu::to_shared(barrier), parity, at);',
  },
  {
    comment: '// "wgmma.fence": products see registers as they are now.',
    name: 'wgmma_fence',
    parameters: [],
    ptx: '  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");',
    emulated: 'cuemu::wgmma_fence(at);',
  },
  {
    comment: '// "wgmma.commit_group"',
    name: 'wgmma_commit',
    parameters: [],
    ptx: '  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");',
    emulated: 'cuemu::wgmma_commit(at);',
  },
  {
    comment: `// "Matrix descriptor format" of wgmma: address, bytes between boxes of 64 columns where lines run along the depth (else
// unused), 1024 bytes between groups of eight lines, 128-byte swizzle; in units of 16 bytes.`,
    result: 'uint64_t',
    name: 'swizzled_matrix',
    parameters: ['const void* start', 'uint32_t box_bytes'],
    ptx: `  const uint64_t address = ${shared('start')} & 0x3ffff;
  return address >> 4 | static_cast<uint64_t>(box_bytes >> 4) << 16 | 64ull << 32 | 1ull << 62;`,
    emulated: `(void)at;
  return static_cast<uint64_t>((cuemu::to_shared(start) & 0x3ffff) >> 4) | static_cast<uint64_t>(box_bytes >> 4) << 16 |
         64ull << 32 | 1ull << 62;`,
  },
];

/** The helper of a name, or undefined where the name is none of these. */
export function warpgroupHelper(name: string): WarpgroupHelper | undefined {
  const fixed = FIXED.find((h) => h.name === name);
  if (fixed) return fixed;
  const tile = /^load_tile_(\d)d$/.exec(name);
  if (tile) return loadTile(name, Number(tile[1]));
  const registers = /^(raise|lower)_registers_(\d+)$/.exec(name);
  if (registers) return setRegisters(name, registers[1] === 'raise' ? 'inc' : 'dec', Number(registers[2]));
  const wait = /^wgmma_wait_(\d+)$/.exec(name);
  if (wait) return waitFor(name, Number(wait[1]));
  const hold = /^hold_(words_)?(\d+)$/.exec(name);
  if (hold) return holdArray(name, hold[1] !== undefined, Number(hold[2]));
  const product = /^wgmma_m64n(\d+)k16_(f16|bf16)(_reg)?(_t)?_(add|set)$/.exec(name);
  if (!product) return undefined;
  const [, n, type, registersA, transposed, how] = product;
  return wgmma(name, {
    n: Number(n),
    type: type as 'f16' | 'bf16',
    registers: registersA !== undefined,
    transposed: transposed !== undefined,
    add: how === 'add',
  });
}

const list = (n: number, f: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => f(i)).join(', ');

function loadTile(name: string, rank: number): WarpgroupHelper {
  return {
    comment:
      '// "cp.async.bulk.tensor": a box of a tensor to shared memory; its bytes arrive at the barrier.',
    name,
    parameters: [
      'void* to',
      'const CUtensorMap* map',
      BARRIER,
      ...Array.from({ length: rank }, (_, i) => `int x${i}`),
    ],
    ptx: `  asm volatile(
      "cp.async.bulk.tensor.${rank}d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {${list(rank, (i) => `%${i + 3}`)}}], [%2];"
      ::"r"(${shared('to')}), "l"(map), "r"(${shared('barrier')}), ${list(rank, (i) => `"r"(x${i})`)} : "memory");`,
    emulated: `const int x[] = {${list(rank, (i) => `x${i}`)}};
  cuemu::tma_load(cuemu::to_shared(to), map, cuemu::to_shared(barrier), x, ${rank}, at);`,
  };
}

function setRegisters(name: string, change: 'inc' | 'dec', count: number): WarpgroupHelper {
  return {
    comment: `// "setmaxnreg": ${count} registers for each thread of the warpgroup.`,
    name,
    parameters: [],
    ptx: `  asm volatile("setmaxnreg.${change}.sync.aligned.u32 ${count};");`,
    emulated: `cuemu::set_registers(${count}, at);`,
  };
}

function waitFor(name: string, pending: number): WarpgroupHelper {
  return {
    comment: `// "wgmma.wait_group": at most ${pending} groups of products are unfinished afterwards.`,
    name,
    parameters: [],
    ptx: `  asm volatile("wgmma.wait_group.sync.aligned ${pending};" ::: "memory");`,
    emulated: `cuemu::wgmma_wait(${pending}, at);`,
  };
}

function holdArray(name: string, words: boolean, length: number): WarpgroupHelper {
  return {
    comment: '// Keeps the compiler from moving accesses to these registers past this point.',
    name,
    parameters: [words ? 'uint32_t* d' : 'float* d'],
    ptx: `#pragma unroll
  for (int i = 0; i < ${length}; ++i) asm volatile("" : "+${words ? 'r' : 'f'}"(d[i]) :: "memory");`,
    emulated: '(void)d, (void)at;',
  };
}

interface Product {
  readonly n: number;
  readonly type: 'f16' | 'bf16';
  readonly registers: boolean;
  readonly transposed: boolean;
  readonly add: boolean;
}

/** "wgmma.mma_async" with sums in f32; scale-d tells whether it adds. */
function wgmma(name: string, p: Product): WarpgroupHelper {
  const sums = p.n / 2;
  const sumText = lines(sums, 16, (i) => `%${i}`, '"', ', "', '"');
  const operands = lines(sums, 8, (i) => `"+f"(d[${i}])`, '', ',', '');
  const [a, b] = p.registers
    ? [`{%${sums}, %${sums + 1}, %${sums + 2}, %${sums + 3}}`, sums + 4]
    : [`%${sums}`, sums + 1];
  const transposes = p.registers ? (p.transposed ? '1' : '0') : `0, ${p.transposed ? '1' : '0'}`;
  const inputs = p.registers ? '"r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b)' : '"l"(a), "l"(b)';
  return {
    comment: `// "wgmma.mma_async": d ${p.add ? '+=' : '='} a * b for 64 x ${p.n} x 16 elements, asynchronously.`,
    name,
    parameters: ['float* d', p.registers ? 'const uint32_t* a' : 'uint64_t a', 'uint64_t b'],
    ptx: `  asm volatile(
      "{\\n.reg .pred add;\\nsetp.ne.b32 add, ${p.add ? 1 : 0}, 0;\\n"
      "wgmma.mma_async.sync.aligned.m64n${p.n}k16.f32.${p.type}.${p.type} {"
${sumText}
      "}, ${a}, %${b}, add, 1, 1, ${transposes};\\n}"
      : ${operands}
      : ${inputs});`,
    emulated: `cuemu::wgmma({d, ${p.registers ? 'a, 0' : 'nullptr, a'}, b, ${p.n}, ${String(p.type === 'f16')}, ${String(p.transposed)}, ${String(p.add)}}, at);`,
  };
}

/** Items in rows of `width`, each row between `open` and `close`, rows joined by `between`. */
function lines(
  count: number,
  width: number,
  item: (i: number) => string,
  open: string,
  between: string,
  close: string,
): string {
  const quoted = open !== '';
  const rows: string[] = [];
  for (let from = 0; from < count; from += width) {
    const row = Array.from({ length: Math.min(width, count - from) }, (_, i) => item(from + i)).join(', ');
    const last = from + width >= count;
    if (quoted) rows.push(`      ${open}${row}${last ? '' : ', '}${close}`);
    else rows.push(`${from === 0 ? '' : '        '}${row}${last ? '' : between}`);
  }
  return rows.join('\n');
}

/** The text of helpers for the device, and for the emulator. */
export const deviceText = (h: WarpgroupHelper): string =>
  `${h.comment}\nATTN_FN ${h.result ?? 'void'} ${h.name}(${h.parameters.join(', ')}) {\n${h.ptx}\n}`;
export const emulatedText = (h: WarpgroupHelper): string =>
  `ATTN_FN ${h.result ?? 'void'} ${h.name}(${[...h.parameters, 'cuemu::Loc at = cuemu::Loc::current()'].join(', ')}) {\n  ${h.emulated}\n}`;
