/** Device functions for products of matrix units and for what they load. */
import type { MmaStorage } from '../../src/kernel/kernel.ts';

/** A function whose device text is PTX, and that the CPU emulator gives its meaning. */
export interface Collective {
  readonly comment: string;
  /** Type and, before it, template parameters. */
  readonly head?: string;
  readonly signature: string;
  readonly ptx: string;
  /** What the CPU emulator runs instead; \`at\` is the place of the call for its reports. */
  readonly emulated: string;
  /** The emulator's meaning needs no place. */
  readonly placeless?: true;
}

interface Kind {
  /** In PTX. */
  readonly type: string;
  readonly depth: 16 | 32;
  readonly sum: {
    readonly cpp: string;
    readonly ptx: string;
    readonly constraint: string;
    readonly text: string;
  };
}
const FLOATS = { cpp: 'float', ptx: 'f32', constraint: '+f', text: 'f32' };
const INTEGERS = { cpp: 'int', ptx: 's32', constraint: '+r', text: 'integers' };

const KINDS: Readonly<Record<MmaStorage, Kind>> = {
  f16: { type: 'f16', depth: 16, sum: FLOATS },
  bf16: { type: 'bf16', depth: 16, sum: FLOATS },
  i8: { type: 's8', depth: 32, sum: INTEGERS },
  u8: { type: 'u8', depth: 32, sum: { ...INTEGERS, cpp: 'unsigned' } },
};

/** The name of the function that multiplies. */
export const mmaHelper = (storage: MmaStorage): string =>
  `mma_m16n8k${KINDS[storage].depth}_${KINDS[storage].type}`;

function mma({ type, depth, sum }: Kind): Collective {
  const [d, c] = [`"${sum.constraint}"`, sum.ptx];
  return {
    comment: `// d += a * b for one 16 x 8 x ${depth} tile held by a warp; operands in ${type}, sums in ${sum.text}.`,
    signature: `mma_m16n8k${depth}_${type}(${sum.cpp}* d, const uint32_t* a, const uint32_t* b`,
    ptx: `  asm volatile(
      "mma.sync.aligned.m16n8k${depth}.row.col.${c}.${type}.${type}.${c} {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : ${d}(d[0]), ${d}(d[1]), ${d}(d[2]), ${d}(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));`,
    emulated: `cuemu::mma_m16n8k${depth}_${type}(d, a, b, at);`,
  };
}

const ldmatrix = (suffix: string, modifier: string): Collective => ({
  comment: `// Loads four 8 x 8 matrices of 16-bit elements${modifier ? ', transposed' : ''}; lane l gives row l % 8 of matrix l / 8.`,
  signature: `ldmatrix_x4${suffix}(uint32_t* r, const void* row`,
  ptx: `  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4${modifier}.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");`,
  emulated: `cuemu::ldmatrix<4, ${modifier !== ''}>(r, cuemu::to_shared(row), at);`,
});

export const MATRIX_HELPERS: Readonly<Record<string, Collective>> = {
  ...Object.fromEntries(
    (Object.keys(KINDS) as MmaStorage[]).map((storage) => [mmaHelper(storage), mma(KINDS[storage])]),
  ),
  ldmatrix_x4: ldmatrix('', ''),
  ldmatrix_x4_trans: ldmatrix('_trans', '.trans'),
};
