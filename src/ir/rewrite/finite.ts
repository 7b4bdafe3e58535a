/** Whether a value is finite as long as inputs are: only then is 0 times it 0. */
import { children, f32, key, rewrite, type Expr, type OpExpr } from '../../expr/expr.ts';
import type { OpName } from '../../expr/ops.ts';
import type { Draft } from './draft.ts';

const FINITE: ReadonlySet<OpName> = new Set([
  'neg',
  'abs',
  'floor',
  'ceil',
  'round',
  'tanh',
  'sin',
  'cos',
  'erf',
  'add',
  'sub',
  'mul',
  'min',
  'max',
  'cast',
]);

export function isFinite(e: Expr, draft: Draft): boolean {
  if (e.type !== 'f32') return true;
  switch (e.kind) {
    case 'const':
      return Number.isFinite(e.value);
    case 'var':
      return true;
    case 'read': {
      const def = draft.def(e.name);
      if (!def) return true;
      return !draft.states.some((s) => s.next === def.name) && isFinite(def.value, draft);
    }
    case 'reduce':
      return e.op === 'sum' && isFinite(e.body, draft);
    case 'op':
      // A power with fixed operands is a scale.
      if (e.op === 'pow') return children(e).every((c) => isScale(c));
      if (e.op === 'select') return choiceIsFinite(e, draft);
      return FINITE.has(e.op) && children(e).every((c) => isFinite(c, draft));
  }
}

/** An exponential of what is not above a constant is finite. */
function choiceIsFinite({ args }: OpExpr, draft: Draft): boolean {
  const [condition, yes, no] = args as readonly [Expr, Expr, Expr];
  const [x, least] = condition.kind === 'op' && /^g[et]$/.test(condition.op) ? condition.args : [];
  const bounded = x && least?.kind === 'const' && least.value <= 1 ? key(x) : undefined;
  const rest = rewrite(no, (e) =>
    e.kind === 'op' && e.op === 'exp' && key(e.args[0]!) === bounded ? f32(1) : e,
  );
  return isFinite(yes, draft) && isFinite(rest, draft);
}

const isScale = (e: Expr): boolean =>
  e.kind === 'const' ||
  (e.kind === 'var' && e.type !== 'f32') ||
  (e.kind === 'op' && ['cast', 'neg', 'add', 'mul'].includes(e.op) && e.args.every(isScale));
