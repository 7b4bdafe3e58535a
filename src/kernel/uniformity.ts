/**
 * Which values are the same for all lanes of a workgroup or of a warp.
 *
 * A value is `uniform` (one value per workgroup), `warpgroup` or `warp` (one value per 128 or 32 consecutive lanes), `subgroup` (one
 * value per subgroup, whatever its size) or `lane` (may differ).
 * What is read from shared arrays or from buffers that the kernel writes counts as `lane`: no target can prove more.
 */
import { children, type Expr } from '../expr/expr.ts';
import type { Kernel, Stmt } from './kernel.ts';
import { stmtBodies } from './walk.ts';

export type Uniformity = 'uniform' | 'warpgroup' | 'warp' | 'subgroup' | 'lane';
const RANK: Readonly<Record<Uniformity, number>> = {
  uniform: 0,
  warpgroup: 1,
  warp: 2,
  subgroup: 3,
  lane: 4,
};
const WARP = 32;
const WARPGROUP = 128;

/** Subgroups need not be made of warps, nor warps of subgroups. */
function join(a: Uniformity, b: Uniformity): Uniformity {
  const [less, more] = RANK[a] <= RANK[b] ? [a, b] : [b, a];
  return more === 'subgroup' && less !== 'uniform' && less !== 'subgroup' ? 'lane' : more;
}

export interface UniformityMap {
  /** Uniformity of an expression's value. */
  of(e: Expr): Uniformity;
}

/** Calls `visit` for each statement with the uniformity of the control flow around it, after a fixed point is reached. */
export function analyzeUniformity(
  k: Kernel,
  visit: (s: Stmt, control: Uniformity) => void = () => undefined,
): UniformityMap {
  const names = new Map<string, Uniformity>([
    ['lane', 'lane'],
    ['subgroup_number', 'subgroup'],
  ]);
  for (const s of k.shared) names.set(s.name, 'lane');
  for (const b of k.buffers) names.set(b.name, b.access === 'read' ? 'uniform' : 'lane');
  let changed = true;

  const raise = (name: string, to: Uniformity): void => {
    const next = join(names.get(name) ?? 'uniform', to);
    if (next !== (names.get(name) ?? 'uniform')) {
      names.set(name, next);
      changed = true;
    }
  };
  const of = (e: Expr): Uniformity => {
    const { own, named } = partsOf(e);
    let u = own;
    for (const name of named) u = join(u, names.get(name) ?? 'uniform');
    return u;
  };
  const walk = (stmts: readonly Stmt[], control: Uniformity, f: (s: Stmt, c: Uniformity) => void): void => {
    for (const s of stmts) {
      f(s, control);
      stmtBodies(s).forEach((body) => walk(body, join(control, controlOf(s, of)), f));
    }
  };
  while (changed) {
    changed = false;
    walk(k.body, 'uniform', (s, control) => transfer(s, control, of, raise));
  }
  walk(k.body, 'uniform', visit);
  return { of };
}

interface Parts {
  /** Of the numbers of warps and warpgroups in it. */
  readonly own: Uniformity;
  /** All else that it reads. */
  readonly named: ReadonlySet<string>;
}
/** Kept by node: each round to the fixed point asks for all expressions again, and so do the passes. */
const parts = new WeakMap<Expr, Parts>();

function partsOf(e: Expr): Parts {
  const known = parts.get(e);
  if (known) return known;
  let own: Uniformity = 'uniform';
  const named = new Set<string>();
  const look = (x: Expr): void => {
    if (isGroupNumber(x, WARPGROUP)) own = join(own, 'warpgroup');
    else if (isGroupNumber(x, WARP)) own = join(own, 'warp');
    else {
      if (x.kind === 'var' || x.kind === 'read') named.add(x.name);
      for (const c of children(x)) look(c);
    }
  };
  look(e);
  const found = { own, named };
  parts.set(e, found);
  return found;
}

/** `lane / 32` and `lane >> 5` in any spelling, for groups of `size` lanes, a power of two. */
function isGroupNumber(e: Expr, size: number): boolean {
  if (e.kind !== 'op') return false;
  const [a, b] = e.args;
  if (a?.kind !== 'var' || a.name !== 'lane' || b?.kind !== 'const') return false;
  if (e.op === 'shr') return b.value >= Math.log2(size) && b.value < 32;
  return (e.op === 'idiv' || e.op === 'quot') && b.value > 0 && b.value % size === 0;
}

function controlOf(s: Stmt, of: (e: Expr) => Uniformity): Uniformity {
  if (s.kind === 'if') return of(s.cond);
  if (s.kind === 'for') return join(join(of(s.from), of(s.to)), of(s.step));
  return 'uniform';
}

function transfer(
  s: Stmt,
  control: Uniformity,
  of: (e: Expr) => Uniformity,
  raise: (name: string, to: Uniformity) => void,
): void {
  switch (s.kind) {
    case 'let':
    case 'var':
      return raise(s.name, of(s.value));
    case 'assign':
      return raise(s.name, join(control, of(s.value)));
    case 'store':
      return raise(s.name, join(control, join(of(s.index), of(s.value))));
    case 'for':
      return raise(s.name, join(of(s.from), of(s.step)));
    case 'contract':
      return raise(s.acc.array, 'lane');
    case 'mma':
      return raise(s.d, 'lane');
    case 'ldmatrix':
      return raise(s.into, 'lane');
    case 'words':
      return raise(s.into, 'lane');
    case 'shuffle':
    case 'broadcast':
      return raise(s.name, 'lane');
    case 'vote':
      return raise(s.name, of(s.value) === 'uniform' ? 'uniform' : 'warp');
    case 'word':
      return raise(s.name, of({ kind: 'read', type: 'u32', name: s.buffer, index: [s.from] }));
    case 'stores':
      return raise(s.name, 'lane');
    case 'loads':
      for (const n of s.names) raise(n, of({ kind: 'read', type: 'f32', name: s.array, index: [s.piece] }));
      return;
    case 'warpgroup':
      if (s.op.op === 'product') raise(s.op.d, 'lane');
      return;
    case 'matrix':
      if (s.op.op === 'save') raise(s.op.array, 'lane');
      return;
    case 'some':
    case 'array':
    case 'if':
    case 'barrier':
    case 'copy':
    case 'commit':
    case 'await':
    case 'comment':
      return;
  }
}
