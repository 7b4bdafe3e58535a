/** Expressions as closures over a lane. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { Expr, OpExpr } from '../../expr/expr.ts';
import { applyOp } from '../../expr/scalar.ts';
import { scalarFunction } from '../scalar.ts';
import type { Places, Value } from './places.ts';

const fround = Math.fround;

export function compileExpr(e: Expr, places: Places): Value {
  switch (e.kind) {
    case 'const': {
      const value = e.type === 'f32' ? fround(e.value) : e.value;
      return () => value;
    }
    case 'var': {
      const slot = places.slot(e.name);
      return (l) => l.slots[slot]!;
    }
    case 'read':
      return compileRead(e, places);
    case 'op':
      return compileOp(e, places);
    case 'reduce':
      throw new CompilerBug('kernel interpreter', 'a reduction is left', e.span);
  }
}

function compileRead(e: Extract<Expr, { kind: 'read' }>, places: Places): Value {
  const index = compileExpr(e.index[0]!, places);
  const local = places.local(e.name);
  if (local !== undefined) {
    const { report } = places;
    return (l) => {
      const array = l.arrays[local]!;
      const at = index(l);
      if (at >= 0 && at < array.length) return array[at]!;
      report.add('out-of-bounds', `lane ${l.number} reads ${e.name}[${at}] of ${array.length}`);
      return 0;
    };
  }
  const memory = places.memory(e.name);
  if (!memory) throw new CompilerBug('kernel interpreter', `${e.name} is not declared`);
  return (l) => memory.load(index(l), l.number);
}

function compileOp(e: OpExpr, places: Places): Value {
  const [a, b, c] = e.args.map((x) => compileExpr(x, places));
  switch (e.op) {
    case 'select':
      return (l) => (a!(l) !== 0 ? b!(l) : c!(l));
    case 'and':
      return (l) => (a!(l) !== 0 && b!(l) !== 0 ? 1 : 0);
    case 'or':
      return (l) => (a!(l) !== 0 || b!(l) !== 0 ? 1 : 0);
    case 'lt':
      return (l) => (a!(l) < b!(l) ? 1 : 0);
    case 'philox': {
      const all = e.args.map((x) => compileExpr(x, places));
      return (l) =>
        applyOp(
          'philox',
          'u32',
          [],
          all.map((x) => x(l)),
        );
    }
    default:
      return compileStrict(e, a!, b, c);
  }
}

/** Operations that evaluate all operands; the frequent ones are spelled out so that they inline. */
function compileStrict(e: OpExpr, a: Value, b: Value | undefined, c: Value | undefined): Value {
  const from = e.args[0]!.type;
  if (b && !c && from === 'f32') {
    if (e.op === 'add') return (l) => fround(a(l) + b(l));
    if (e.op === 'sub') return (l) => fround(a(l) - b(l));
    if (e.op === 'mul') return (l) => fround(a(l) * b(l));
  }
  if (b && !c && from === 'i32') {
    if (e.op === 'add') return (l) => (a(l) + b(l)) | 0;
    if (e.op === 'mul') return (l) => Math.imul(a(l), b(l));
  }
  const f = scalarFunction(e.op, from, e.type);
  if (c && b) return (l) => f(a(l), b(l), c(l));
  return b ? (l) => f(a(l), b(l), 0) : (l) => f(a(l), 0, 0);
}
