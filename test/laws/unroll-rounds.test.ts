/** Law of `unroll-rounds`: rounds over matrices that are written out mean what they meant, whatever a round does. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { rewrite, type Expr } from '../../src/expr/expr.ts';
import { interpretKernel, type InterpretedTensor } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { fixSizes } from '../../src/ir/passes/fix-sizes.ts';
import { unrollRounds } from '../../src/ir/passes/unroll-rounds.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { lowerIr } from '../../src/pipeline.ts';
import { seededRandom } from '../support/mutate.ts';
import { catches, demand, holds } from './law.ts';
import { GPU } from './lowering.ts';
import { irOf } from './steps-case.ts';

/** A matrix of more numbers than a lane can hold. */
const SIDE = 12;

/** Every statement is right after those before it in the list; the first is always there, and makes matrices of the rounds. */
const STATEMENTS = [
  'X = 0.5 * sum[a](X[l, a] * A[a, m]) + A',
  'let P = tanh(X)',
  'X = 0.25 * X[m, l] + 0.1 * sum[a](P[l, a] * X[a, m])',
  'z = 0.5 * z + max[m](P)',
  'X = X + 0.5 * z[l = (l + 1) % L]',
  'n = n * 3 % 7 + (if max[l, m](X) > 1 then 1 else 2)',
  'T[b, m, l] = X[b, m, l] + n',
  'z = z + 0.125 * sum[m](T * P)',
] as const;
const USES_P = /\bP\b/;
const USES_T = /\bT\b(?!\[b)/;

interface Rounds {
  readonly text: string;
  readonly seed: number;
}

function caseOf({
  chosen,
  rounds,
  seed,
}: {
  chosen: readonly boolean[];
  rounds: number;
  seed: number;
}): Rounds {
  const has = (start: string): boolean => STATEMENTS.some((s, n) => s.startsWith(start) && chosen[n]);
  const block = STATEMENTS.filter(
    (s, n) =>
      n === 0 ||
      (chosen[n] &&
        (!USES_P.test(s) || s.startsWith('let P') || has('let P')) &&
        (!USES_T.test(s) || has('T['))),
  );
  const states = [
    'state X: f32[b, l, m] = A[m, l]',
    ...(block.some((s) => s.startsWith('z =')) || block.some((s) => s.includes('z['))
      ? ['state z: f32[b, l] = 1']
      : []),
    ...(block.some((s) => /\bn\b/.test(s)) ? ['state n: i32[b] = 3'] : []),
  ];
  const missing = [
    ...(states.length > 1 && states.some((s) => s.includes(' z:')) && !block.some((s) => s.startsWith('z ='))
      ? ['z = 0.5 * z']
      : []),
    ...(states.some((s) => s.includes(' n:')) && !block.some((s) => s.startsWith('n ='))
      ? ['n = n + 1']
      : []),
  ];
  const names = states.map((s) => s.split(' ')[1]!.replace(':', ''));
  const text = `kernel k {
  axes b: B, l: L, m: L, a: L
  in A: f32[b, l, m]
  ${states.join('\n  ')}
  repeat ${rounds} {
    ${[...block, ...missing].join('\n    ')}
  }
  let row = sum[a](X[l, a] * A[a, m])
  out row
  ${names.map((n) => `out ${n}`).join('\n  ')}
}`;
  return { text, seed };
}

function inputs(seed: number): Readonly<Record<string, InterpretedTensor>> {
  const random = seededRandom(seed);
  const data = Float64Array.from({ length: 2 * SIDE * SIDE }, () => random() * 0.5 - 0.25);
  return { A: { shape: [2, SIDE, SIDE], data } };
}

const cases = fc
  .record({
    chosen: fc.array(fc.boolean(), { minLength: STATEMENTS.length, maxLength: STATEMENTS.length }),
    rounds: fc.integer({ min: 0, max: 4 }),
    seed: fc.nat(),
  })
  .map(caseOf);

const sizes = { B: 2, L: SIDE };

const law =
  (damage: (k: IrKernel) => IrKernel = (k) => k) =>
  ({ text, seed }: Rounds): void => {
    const ir = fixSizes(irOf(text), sizes);
    const made = unrollRounds(ir);
    verifyIr(made, 'unroll-rounds');
    const run = (k: IrKernel) => interpretKernel(k, inputs(seed), sizes, {});
    const [exact, found] = [run(ir), run(damage(made))];
    for (const [name, { data }] of Object.entries(exact))
      data.forEach((x, n) => {
        const error = Math.abs(x - found[name]!.data[n]!);
        demand(
          error <= 1e-9 * (1 + Math.abs(x)),
          () => `${name}[${n}]: ${x}, ${found[name]!.data[n]}\n${text}`,
        );
      });
  };

/** What is written out runs as launches of its own. */
const lowered = ({ text, seed }: Rounds): void => {
  const ir = irOf(text);
  const { program } = lowerIr(ir, { fixed: sizes, limits: GPU });
  const data = Float64Array.from(inputs(seed)['A']!.data, Math.fround);
  const exact = interpretKernel(ir, { A: { shape: [2, SIDE, SIDE], data } }, sizes);
  const { outputs, errors } = interpretProgram(program, { A: data }, {});
  demand(errors.length === 0, () => `${errors[0]!.message}\n${text}`);
  for (const [name, { data: wanted }] of Object.entries(exact)) {
    // Entries of the states stay near 1, and a few rounds of some hundred additions each lose some 10 bits of 24.
    const worst = Math.max(...wanted.map((x, n) => Math.abs(x - outputs[name]![n]!) / (1 + Math.abs(x))));
    demand(worst < 1e-4, () => `${name}: ${worst}\n${text}`);
  }
};

/** Reads of one name become reads of another. */
const renamed =
  (from: RegExp, to: string) =>
  (k: IrKernel): IrKernel => ({
    ...k,
    defs: k.defs.map((d) => ({
      ...d,
      value: rewrite(d.value, (e: Expr) => (e.kind === 'read' && from.test(e.name) ? { ...e, name: to } : e)),
    })),
  });

describe('unroll-rounds', () => {
  it('keeps the meaning', () => holds(cases, law(), 40));
  it('is what launches compute', () => holds(cases, lowered, 6));
  it('notices a round that begins where the first began', () =>
    catches(cases, law(renamed(/^X\.1\.1$/, 'X.first')), 40));
  it('notices a last round that is not read', () => catches(cases, law(renamed(/^X\.\d+\.3$/, 'X.1.1')), 40));
});
