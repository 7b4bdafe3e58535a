/**
 * Statements as steps of a workgroup. What only concerns single lanes runs lane by lane; barriers and collectives, and
 * the control flow around them, run for all lanes together, so that lanes which part can be noticed.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { Fragment, Stmt } from '../kernel.ts';
import type { ProductOf } from '../products.ts';
import { scalarFunction, type ScalarFunction } from '../scalar.ts';
import { someStmt } from '../walk.ts';
import { compileExpr } from './expression.ts';
import type { GroupStep, Lane, StatementPlaces, Step, Value } from './places.ts';
import { compileCollective } from './together.ts';
import { aligned, compileTransfer } from './transfer.ts';

const COLLECTIVE: ReadonlySet<Stmt['kind']> = new Set<Stmt['kind']>([
  'barrier',
  'mma',
  'ldmatrix',
  'shuffle',
  'broadcast',
  'vote',
  'some',
  'matrix',
]);
const isTogether = (s: Stmt): boolean => someStmt([s], (x) => COLLECTIVE.has(x.kind));

/** Compiles a body; maximal runs of single-lane statements become one step each. */
export function compileGroup(stmts: readonly Stmt[], places: StatementPlaces): GroupStep {
  const steps: GroupStep[] = [];
  let run: Step[] = [];
  const flush = (): void => {
    if (run.length === 0) return;
    const step = sequence(run);
    steps.push((lanes) => lanes.forEach(step));
    run = [];
  };
  for (const s of stmts) {
    if (isTogether(s)) {
      flush();
      steps.push(compileTogether(s, places));
    } else {
      run.push(compileStep(s, places));
    }
  }
  flush();
  return (lanes) => {
    for (const step of steps) step(lanes);
  };
}

function compileTogether(s: Stmt, places: StatementPlaces): GroupStep {
  if (s.kind === 'if') {
    const cond = compileExpr(s.cond, places);
    const then = compileGroup(s.then, places);
    const otherwise = s.else ? compileGroup(s.else, places) : undefined;
    return (lanes) => {
      const yes = lanes.filter((l) => cond(l) !== 0);
      const no = yes.length === lanes.length ? [] : lanes.filter((l) => !yes.includes(l));
      if (yes.length > 0) then(yes);
      if (otherwise && no.length > 0) otherwise(no);
    };
  }
  if (s.kind === 'for') {
    const [from, to, step] = [s.from, s.to, s.step].map((e) => compileExpr(e, places));
    const slot = places.slot(s.name);
    const body = compileGroup(s.body, places);
    return (lanes) => {
      const ends = new Map(lanes.map((l) => [l, { to: to!(l), step: step!(l), at: from!(l) }]));
      let active = lanes.filter((l) => ends.get(l)!.at < ends.get(l)!.to);
      while (active.length > 0) {
        for (const l of active) l.slots[slot] = ends.get(l)!.at;
        body(active);
        for (const l of active) ends.get(l)!.at += ends.get(l)!.step;
        active = active.filter((l) => ends.get(l)!.at < ends.get(l)!.to);
      }
    };
  }
  return compileCollective(s, places);
}

function sequence(steps: readonly Step[]): Step {
  if (steps.length === 1) return steps[0]!;
  if (steps.length === 2) {
    const [a, b] = [steps[0]!, steps[1]!];
    return (l) => {
      a(l);
      b(l);
    };
  }
  return (l) => {
    for (let n = 0; n < steps.length; n++) steps[n]!(l);
  };
}

function compileStep(s: Stmt, places: StatementPlaces): Step {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign': {
      const slot = places.slot(s.name);
      const value = compileExpr(s.value, places);
      return (l) => {
        l.slots[slot] = value(l);
      };
    }
    case 'array': {
      const local = places.declareLocal(s.name, s.length);
      return (l) => {
        l.arrays[local]!.fill(0);
      };
    }
    case 'store':
      return compileStore(s.name, compileExpr(s.index, places), compileExpr(s.value, places), places);
    case 'for':
      return compileLoop(s, places);
    case 'if': {
      const cond = compileExpr(s.cond, places);
      const then = sequence(s.then.map((x) => compileStep(x, places)));
      const otherwise = sequence((s.else ?? []).map((x) => compileStep(x, places)));
      return (l) => {
        if (cond(l) !== 0) then(l);
        else otherwise(l);
      };
    }
    case 'contract':
      return compileContract(s, places);
    case 'stores': {
      const index = compileExpr(s.index, places);
      const each = s.values.map((v, n) =>
        compileStore(s.name, (l) => index(l) + n, compileExpr(v, places), places),
      );
      return (l) => {
        aligned(places, l, s.name, index(l), s.values.length);
        if (s.values.length === 4) places.trace?.(s, l.number, s.name, index(l));
        for (const one of each) one(l);
      };
    }
    case 'loads':
    case 'word':
    case 'words':
    case 'copy':
    case 'commit':
    case 'await':
      return compileTransfer(s, places);
    case 'comment':
      return () => undefined;
    case 'barrier':
    case 'mma':
    case 'ldmatrix':
    case 'shuffle':
    case 'broadcast':
    case 'vote':
    case 'some':
    case 'warpgroup':
    case 'matrix':
      throw new CompilerBug('kernel interpreter', `${s.kind} among single-lane statements`);
  }
}

function compileLoop(s: Extract<Stmt, { kind: 'for' }>, places: StatementPlaces): Step {
  const [from, to, step] = [s.from, s.to, s.step].map((e) => compileExpr(e, places));
  const slot = places.slot(s.name);
  const body = sequence(s.body.map((x) => compileStep(x, places)));
  return (l) => {
    const end = to!(l);
    const by = step!(l);
    if (by <= 0) throw new CompilerBug('kernel interpreter', `step of loop ${s.name} is ${by}`);
    for (let at = from!(l); at < end; at += by) {
      l.slots[slot] = at;
      body(l);
    }
  };
}

function compileStore(name: string, index: Value, value: Value, places: StatementPlaces): Step {
  const local = places.local(name);
  if (local !== undefined) {
    return (l) => {
      const array = l.arrays[local]!;
      const at = index(l);
      if (at >= 0 && at < array.length) array[at] = value(l);
      else places.report.add('out-of-bounds', `lane ${l.number} writes ${name}[${at}] of ${array.length}`);
    };
  }
  const memory = places.memory(name);
  if (!memory) throw new CompilerBug('kernel interpreter', `${name} is not declared`);
  return (l) => {
    const at = index(l);
    const x = value(l);
    if (Number.isNaN(x)) places.checkStore(name, at, x);
    memory.save(at, x, l.number);
  };
}

/** c + a · b: floats are rounded once, integers wrap. */
function productOf(of: ProductOf): ScalarFunction {
  switch (of) {
    case 'f32':
      return (a, b, c) => Math.fround(c + a * b);
    case 'i32':
      return (a, b, c) => (c + Math.imul(a, b)) | 0;
    case 'u32':
      return (a, b, c) => (c + Math.imul(a, b)) >>> 0;
    case 'i8x4':
      return scalarFunction('dot4_i8', 'u32', 'i32');
    case 'u8x4':
      return scalarFunction('dot4_u8', 'u32', 'u32');
  }
}

/** The scalar meaning of a contraction: each product is added in order of k, floats rounded once per addition. */
function compileContract(s: Extract<Stmt, { kind: 'contract' }>, places: StatementPlaces): Step {
  const slots = { row: places.slot(' row'), col: places.slot(' col'), k: places.slot(' k') };
  const element = (f: Fragment, row: number, col: number): { load: Value; index: Value } => {
    const offset = compileExpr(f.offset, places);
    const index: Value = (l) => offset(l) + l.slots[row]! * f.rowStride + l.slots[col]! * f.colStride;
    const local = places.local(f.array);
    const memory = places.memory(f.array);
    const load: Value = (l) =>
      local === undefined ? memory!.load(index(l), l.number) : localLoad(l, local, index(l), f.array);
    return { load, index };
  };
  const localLoad = (l: Lane, local: number, at: number, name: string): number => {
    const array = l.arrays[local]!;
    if (at >= 0 && at < array.length) return array[at]!;
    places.report.add('out-of-bounds', `lane ${l.number} contracts ${name}[${at}] of ${array.length}`);
    return 0;
  };
  const a = element(s.a, slots.row, slots.k);
  const b = element(s.b, slots.col, slots.k);
  const acc = element(s.acc, slots.row, slots.col);
  const add = productOf(s.of ?? 'f32');
  const save = compileStore(
    s.acc.array,
    acc.index,
    (l) => {
      let sum = acc.load(l);
      for (let k = 0; k < s.depth; k++) {
        l.slots[slots.k] = k;
        sum = add(a.load(l), b.load(l), sum);
      }
      return sum;
    },
    places,
  );
  return (l) => {
    for (let r = 0; r < s.rows; r++) {
      for (let c = 0; c < s.cols; c++) {
        l.slots[slots.row] = r;
        l.slots[slots.col] = c;
        save(l);
      }
    }
  };
}
