/**
 * Integers that are proven to fit a byte, from the storage of tensors and from what expressions clamp, mask or shift: products of
 * such are summed four at a time, and a byte is all that is stored of them.
 */
import { visit, type Expr, type OpExpr } from '../expr/expr.ts';
import { STORAGE, type ScalarType, type StorageType } from '../expr/types.ts';
import type { IrDef, IrKernel } from '../ir/ir.ts';

interface Ends {
  readonly lo: number;
  readonly hi: number;
}
const ALL: Ends = { lo: -Infinity, hi: Infinity };
/** Whole ranges of what storage holds, where they are narrow. */
const OF_STORAGE: Readonly<Partial<Record<StorageType, Ends>>> = {
  i8: { lo: -128, hi: 127 },
  u8: { lo: 0, hi: 255 },
  bool: { lo: 0, hi: 1 },
};
const OF_TYPE: Readonly<Record<ScalarType, Ends>> = {
  f32: ALL,
  i32: { lo: -(2 ** 31), hi: 2 ** 31 - 1 },
  u32: { lo: 0, hi: 2 ** 32 - 1 },
  bool: { lo: 0, hi: 1 },
};

/** What an integer that wraps can be where the exact value is between the ends; rounding of floats is monotone. */
function within(type: ScalarType, { lo, hi }: Ends): Ends {
  if (type === 'f32')
    return Number.isNaN(lo) || Number.isNaN(hi) ? ALL : { lo: Math.fround(lo), hi: Math.fround(hi) };
  const all = OF_TYPE[type];
  return lo >= all.lo && hi <= all.hi ? { lo, hi } : all;
}

export class ByteRanges {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly tensors: ReadonlyMap<string, StorageType>;
  private readonly known = new Map<string, Ends>();

  constructor(kernel: Pick<IrKernel, 'defs' | 'tensors'>) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.tensors = new Map(kernel.tensors.map((t) => [t.name, t.storage]));
  }

  /** The storage of a byte that holds every value of an integer expression. */
  storageOf(e: Expr): 'i8' | 'u8' | undefined {
    const { lo, hi } = this.of(e);
    if (e.type === 'i32' && lo >= -128 && hi <= 127) return 'i8';
    return e.type === 'u32' && hi <= 255 ? 'u8' : undefined;
  }

  private of(e: Expr): Ends {
    switch (e.kind) {
      case 'const':
        return { lo: e.value, hi: e.value };
      case 'read':
        return this.read(e.name, e.type);
      case 'op':
        return this.operation(e);
      default:
        return OF_TYPE[e.type];
    }
  }

  private read(name: string, type: ScalarType): Ends {
    const storage = this.tensors.get(name);
    if (storage) return OF_STORAGE[storage] ?? OF_TYPE[STORAGE[storage].value];
    const known = this.known.get(name);
    if (known) return known;
    const value = this.defs.get(name)?.value;
    // What a definition reads of itself can be anything.
    this.known.set(name, OF_TYPE[type]);
    const ends = value && value.kind !== 'reduce' ? this.of(value) : OF_TYPE[type];
    this.known.set(name, ends);
    return ends;
  }

  private operation(e: OpExpr): Ends {
    const [a, b] = e.args as [Expr, Expr];
    const all = OF_TYPE[e.type];
    const x = this.of(a);
    const by = b?.kind === 'const' ? b.value : undefined;
    const monotone = (f: (v: number) => number): Ends => within(e.type, { lo: f(x.lo), hi: f(x.hi) });
    switch (e.op) {
      case 'neg':
        return within(e.type, { lo: -x.hi, hi: -x.lo });
      case 'floor':
        return monotone(Math.floor);
      case 'ceil':
        return monotone(Math.ceil);
      case 'round':
        return { lo: Math.floor(x.lo), hi: Math.ceil(x.hi) };
      case 'add':
      case 'sub': {
        const y = this.of(b);
        const [lo, hi] = e.op === 'add' ? [y.lo, y.hi] : [-y.hi, -y.lo];
        return within(e.type, { lo: x.lo + lo, hi: x.hi + hi });
      }
      case 'mul': {
        const y = this.of(b);
        const ends = [x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi];
        return within(e.type, { lo: Math.min(...ends), hi: Math.max(...ends) });
      }
      case 'min':
      case 'max': {
        const y = this.of(b);
        return { lo: Math[e.op](x.lo, y.lo), hi: Math[e.op](x.hi, y.hi) };
      }
      case 'select': {
        const [y, z] = [this.of(b), this.of(e.args[2]!)];
        return { lo: Math.min(y.lo, z.lo), hi: Math.max(y.hi, z.hi) };
      }
      case 'cast':
        return this.cast(e, x);
      case 'bitand': {
        const mask = by ?? (a.kind === 'const' ? a.value : undefined);
        return mask !== undefined && mask >= 0 ? { lo: 0, hi: mask } : all;
      }
      case 'shr':
        return by !== undefined ? monotone((v) => Math.floor(v / 2 ** (by & 31))) : all;
      case 'mod':
        return by !== undefined && by > 0 ? { lo: 0, hi: by - 1 } : all;
      default:
        return all;
    }
  }

  private cast(e: OpExpr, x: Ends): Ends {
    const from = e.args[0]!.type;
    if (from !== 'f32' || e.type === 'f32') return within(e.type, x);
    const { lo, hi } = OF_TYPE[e.type];
    const into = (v: number): number => Math.min(Math.max(Math.trunc(v), lo), hi);
    return { lo: into(x.lo), hi: into(x.hi) };
  }
}

/** Definitions of bytes that sums of integer products multiply. */
export function byteFactors(kernel: IrKernel): ReadonlyMap<string, 'i8' | 'u8'> {
  let known = factorsOf.get(kernel);
  if (!known) factorsOf.set(kernel, (known = findFactors(kernel)));
  return known;
}

const factorsOf = new WeakMap<IrKernel, ReadonlyMap<string, 'i8' | 'u8'>>();

function findFactors(kernel: IrKernel): ReadonlyMap<string, 'i8' | 'u8'> {
  const ranges = new ByteRanges(kernel);
  const defs = new Set(kernel.defs.map((d) => d.name));
  const out = new Map<string, 'i8' | 'u8'>();
  for (const { value } of kernel.defs) {
    if (value.kind !== 'reduce' || value.op !== 'sum' || value.type === 'f32') continue;
    if (value.body.kind !== 'op' || value.body.op !== 'mul') continue;
    for (const factor of value.body.args)
      visit(factor, (e) => {
        const storage = e.kind === 'read' && defs.has(e.name) ? ranges.storageOf(e) : undefined;
        if (storage && e.kind === 'read') out.set(e.name, storage);
      });
  }
  return out;
}
