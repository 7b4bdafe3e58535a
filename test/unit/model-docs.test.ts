/** The language reference: its examples are kernels that check, lower and run, and its lists are complete. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STORAGE } from '../../src/expr/types.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { lowerKernel } from '../../src/ir/from-model.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { paramValues } from '../../src/ir/sizes.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { CALLABLE_NAMES } from '../../src/model/builtins.ts';
import { checkFile } from '../../src/model/check.ts';
import { standardScope } from '../../src/model/functions.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { randomTensor } from '../support/kernels.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/language.md'), 'utf8');
const blocks = [...text.matchAll(/```attn\n([^]*?)```/g)].map((m) => m[1]!);
const nameOf = (block: string): string => /kernel (\w+)/.exec(block)![1]!;

/** Sizes under which the examples' requirements hold. */
const SIZES: Readonly<Record<string, number>> = {
  N: 4,
  M: 4,
  D: 4,
  E: 3,
  H: 4,
  G: 2,
  B: 2,
  T: 2,
  P: 3,
  R: 2,
};
const SPECIAL: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  blocks: { N: 32 },
  scaled: { N: 128 },
};

describe('docs/language.md', () => {
  it.each(blocks.map((b) => [nameOf(b), b]))('%s', (name, block) => {
    const parsed = parseSource(block, name);
    const { model, diagnostics } = checkFile(parsed.file);
    expect([...parsed.diagnostics, ...diagnostics]).toEqual([]);
    const kernel = lowerKernel(model, name);
    verifyIr(kernel);
    const sizes = Object.fromEntries(kernel.sizes.map((s) => [s, (SPECIAL[name] ?? SIZES)[s]!]));
    const known = new Map(Object.entries(sizes));
    const inputs = Object.fromEntries(
      kernel.tensors.map((t, n) => {
        const random = randomTensor(n, ...t.dims.map((d) => evalConst(d.extent, known)));
        // Integers from 0 to 2 are valid wherever the examples use them as an index.
        const data =
          STORAGE[t.storage].value === 'f32'
            ? random.data
            : random.data.map((x) => Math.floor((x + 1) * 1.4));
        return [
          t.name,
          { shape: random.shape, data: t.storage === 'bool' ? data.map((x) => +(x > 0)) : data },
        ];
      }),
    );
    const params = paramValues(kernel, sizes, { first: 1 });
    for (const output of Object.values(interpretKernel(kernel, inputs, sizes, params)))
      for (const x of output.data) expect(x).not.toBeNaN();
  });

  it('has an example of every item', () => {
    const items =
      /^\s*(axes|in|param|const|require|mask|let|score|normalize|aggregate|gate|state|recurrence|out|import|fn)\b/gm;
    expect(new Set([...blocks.join('\n').matchAll(items)].map((m) => m[1])).size).toBe(16);
  });

  it('lists every function', () => {
    const words = new Set([...text.matchAll(/`([^`\n]*)`/g)].flatMap((m) => m[1]!.split(/[^A-Za-z0-9_]+/)));
    expect([...standardScope().names(), ...CALLABLE_NAMES].filter((name) => !words.has(name))).toEqual([]);
  });
});
