/**
 * What workgroups with asynchronous copies of tiles and products of warpgroups do beyond plain statements. A warpgroup is
 * 128 consecutive lanes. Meanings and layouts are those of the PTX ISA, in whose terms they are named: "mbarrier",
 * "cp.async.bulk.tensor", "wgmma.mma_async", "setmaxnreg".
 *
 * Barriers of a kernel lie in shared arrays of u32, two words each; `index` counts barriers. A barrier's phase completes
 * when as many lanes have arrived as it was told, and all bytes announced in it have come.
 */
import type { Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';

export interface BarrierPlace {
  readonly barriers: string;
  readonly index: Expr;
}

/**
 * A matrix of 16-bit elements in shared memory, as copies of tiles with a 128-byte swizzle leave it: boxes of lines of 64
 * elements. Eight lines take 1024 bytes, and arrays of such matrices begin at multiples of that.
 */
export interface SwizzledMatrix {
  readonly array: string;
  /** Of the first element, before the swizzle, in elements. */
  readonly offset: Expr;
  /** Lines run along the rows or columns of the product, not along its depth. */
  readonly transposed: boolean;
  /** Where lines are transposed: bytes from one box of 64 columns to the next. */
  readonly boxBytes: number;
}

/** Four packed words per lane of a 64 × 16 matrix ("Register fragments for wgmma", A), from `offset` on. */
export interface RegisterMatrix {
  readonly fragment: string;
  readonly offset: Expr;
}

export type WarpgroupOp =
  | ({ readonly op: 'init'; readonly arrivals: number } & BarrierPlace)
  /** Barriers that this lane has initialised can be used by copies. */
  | { readonly op: 'fence-init' }
  /** Arrives, and announces bytes that copies will bring. */
  | ({ readonly op: 'arrive'; readonly bytes: number } & BarrierPlace)
  /** Waits for the end of the phase whose number has this parity. */
  | ({ readonly op: 'wait'; readonly parity: Expr } & BarrierPlace)
  /** Starts a copy of the box of a tensor that begins at these coordinates, innermost first; it arrives as bytes. */
  | ({
      readonly op: 'load';
      readonly map: string;
      readonly into: string;
      /** In elements. */
      readonly offset: Expr;
      readonly at: readonly Expr[];
    } & BarrierPlace)
  /** Of a warpgroup: each of its lanes may use this many registers from here on. */
  | { readonly op: 'registers'; readonly count: number; readonly change: 'raise' | 'lower' }
  /** Of a warp: products may use registers that other statements changed; `arrays` are those that they use. */
  | { readonly op: 'fence'; readonly arrays: readonly string[] }
  /**
   * Of a warpgroup: starts d += a · bᵀ for 64 × n sums in f32 over a depth of 16. `d` has n / 2 elements per lane ("Register
   * fragments for wgmma", D) and may not be touched before `finish`; neither may the operands be changed.
   */
  | {
      readonly op: 'product';
      readonly storage: 'f16' | 'bf16';
      readonly n: number;
      readonly d: string;
      readonly a: SwizzledMatrix | RegisterMatrix;
      readonly b: SwizzledMatrix;
      /** False: the sums start from zero. */
      readonly accumulate: boolean;
    }
  /** Of a warp: the products started since the last one are a group. */
  | { readonly op: 'commit' }
  /** Of a warp: waits until at most so many groups are unfinished; `arrays` then hold sums. */
  | { readonly op: 'finish'; readonly pending: number; readonly arrays: readonly string[] };

/** Who takes part together: "wgmma.mma_async" and "setmaxnreg" ask for a warpgroup, the other `.aligned` ones for a warp. */
export function togetherIn(op: WarpgroupOp): 'lane' | 'warp' | 'warpgroup' {
  if (op.op === 'product' || op.op === 'registers') return 'warpgroup';
  return ['fence', 'commit', 'finish'].includes(op.op) ? 'warp' : 'lane';
}

const isRegisters = (m: SwizzledMatrix | RegisterMatrix): m is RegisterMatrix => 'fragment' in m;
export { isRegisters };

/** Expressions that a statement evaluates. */
export function warpgroupExprs(op: WarpgroupOp): readonly Expr[] {
  switch (op.op) {
    case 'init':
    case 'arrive':
      return [op.index];
    case 'wait':
      return [op.index, op.parity];
    case 'load':
      return [op.index, op.offset, ...op.at];
    case 'product':
      return [op.a.offset, op.b.offset];
    case 'fence-init':
    case 'registers':
    case 'fence':
    case 'commit':
    case 'finish':
      return [];
  }
}

export function mapWarpgroupExprs(op: WarpgroupOp, f: (e: Expr) => Expr): WarpgroupOp {
  switch (op.op) {
    case 'init':
    case 'arrive':
      return { ...op, index: f(op.index) };
    case 'wait':
      return { ...op, index: f(op.index), parity: f(op.parity) };
    case 'load':
      return { ...op, index: f(op.index), offset: f(op.offset), at: op.at.map(f) };
    case 'product':
      return { ...op, a: { ...op.a, offset: f(op.a.offset) }, b: { ...op.b, offset: f(op.b.offset) } };
    case 'fence-init':
    case 'registers':
    case 'fence':
    case 'commit':
    case 'finish':
      return op;
  }
}

export function renameWarpgroupOp(op: WarpgroupOp, to: (name: string) => string): WarpgroupOp {
  const side = <M extends SwizzledMatrix | RegisterMatrix>(m: M): M =>
    isRegisters(m) ? { ...m, fragment: to(m.fragment) } : { ...m, array: to(m.array) };
  switch (op.op) {
    case 'init':
    case 'arrive':
    case 'wait':
      return { ...op, barriers: to(op.barriers) };
    case 'load':
      return { ...op, barriers: to(op.barriers), map: to(op.map), into: to(op.into) };
    case 'product':
      return { ...op, d: to(op.d), a: side(op.a), b: side(op.b) };
    case 'fence':
    case 'finish':
      return { ...op, arrays: op.arrays.map(to) };
    case 'fence-init':
    case 'registers':
    case 'commit':
      return op;
  }
}

/** Local arrays that a statement takes whole. */
export function wholeArrays(op: WarpgroupOp): readonly string[] {
  if (op.op === 'product') return isRegisters(op.a) ? [op.d, op.a.fragment] : [op.d];
  return op.op === 'fence' || op.op === 'finish' ? op.arrays : [];
}

/** Shared arrays that a statement names. */
export function sharedArrays(op: WarpgroupOp): readonly string[] {
  if (op.op === 'product') return isRegisters(op.a) ? [op.b.array] : [op.a.array, op.b.array];
  const barriers = 'barriers' in op ? [op.barriers] : [];
  return op.op === 'load' ? [op.into, ...barriers] : barriers;
}

const place = (p: BarrierPlace): string => `${p.barriers}[${printExpr(p.index)}]`;

function matrix(m: SwizzledMatrix | RegisterMatrix): string {
  if (isRegisters(m)) return `${m.fragment}[${printExpr(m.offset)}]`;
  return `${m.array}[${printExpr(m.offset)}${m.transposed ? `; transposed, boxes ${m.boxBytes} bytes` : ''}]`;
}

/** One line of text, as `--emit kernel` shows it. */
export function printWarpgroup(op: WarpgroupOp): string {
  switch (op.op) {
    case 'init':
      return `mbarrier ${place(op)} counts ${op.arrivals}`;
    case 'fence-init':
      return 'mbarrier fence';
    case 'arrive':
      return `arrive ${place(op)}${op.bytes > 0 ? ` expecting ${op.bytes} bytes` : ''}`;
    case 'wait':
      return `wait ${place(op)} parity ${printExpr(op.parity)}`;
    case 'load':
      return `load ${op.into}[${printExpr(op.offset)}] = ${op.map}[${op.at.map((e) => printExpr(e)).join(', ')}] arrives at ${place(op)}`;
    case 'registers':
      return `${op.change} registers to ${op.count}`;
    case 'fence':
      return `wgmma fence ${op.arrays.join(', ')}`.trimEnd();
    case 'product':
      return `wgmma.${op.storage} m64n${op.n}k16 ${op.d} ${op.accumulate ? '+=' : '='} ${matrix(op.a)} * ${matrix(op.b)}`;
    case 'commit':
      return 'wgmma commit';
    case 'finish':
      return `wgmma wait ${op.pending}: ${op.arrays.join(', ')}`;
  }
}
