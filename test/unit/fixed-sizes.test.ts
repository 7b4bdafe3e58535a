/** Sizes that are fixed at compile time make constants of numbers, and change nothing about what is streamed over. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateFormula } from '../../backends/formula.ts';
import { manifestOf } from '../../src/compile.ts';
import { compile } from '../../src/index.ts';

const SIZES = { B: 1, H: 2, G: 2, N: 2048, D: 64, E: 64 };
const PARAMS = { top: 16, window: 64, share: 0.9, limit: 0.1 };

/** Elements of the largest tensor between launches. */
function largest(example: string, fixed: readonly (keyof typeof SIZES)[]): number {
  const text = readFileSync(new URL(`../../examples/${example}.attn`, import.meta.url), 'utf8');
  const set = Object.fromEntries(
    fixed.filter((n) => new RegExp(`: .*\\b${n}\\b`).test(text)).map((n) => [n, SIZES[n]]),
  );
  const { value, diagnostics } = compile(text, { target: 'cuda', set });
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('; '));
  const values = { ...SIZES, ...PARAMS };
  return Math.max(
    ...manifestOf(value.files).workspace.map((t) =>
      t.shape.map((f) => evaluateFormula(f, values)).reduce((a, b) => a * b, 1),
    ),
  );
}

const FIXED: readonly (readonly (keyof typeof SIZES)[])[] = [
  ['D', 'E'],
  ['D', 'E', 'N'],
  ['B', 'H', 'G', 'D', 'E', 'N'],
];

describe('a number of positions that is known', () => {
  it.each(['nsa', 'flexprefill', 'minference_vs', 'hip'])('makes no scores of all pairs: %s', (example) => {
    for (const fixed of FIXED) expect(largest(example, fixed)).toBeLessThan((SIZES.H * SIZES.N ** 2) / 4);
  });
});
