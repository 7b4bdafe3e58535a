/** docs/masks.md: its lines are those of the examples, and its ranges are where the kept keys lie. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/kernels.ts';

const root = join(import.meta.dirname, '../..');
const textOf = (example: string): string => readFileSync(join(root, 'examples', `${example}.attn`), 'utf8');

interface Row {
  readonly example: string;
  readonly lines: readonly string[];
  /** First and last key, where the page gives both as formulas. */
  readonly ends?: readonly [string, string];
  /** Keys between the ends are left out, so that the ends of some blocks may be as well. */
  readonly gaps: boolean;
}
const codeIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]*)`/g)].map((m) => m[1]!.replaceAll('\\|', '|'));
const rows = [
  ...readFileSync(join(root, 'docs/masks.md'), 'utf8').matchAll(
    /^\| \[[^\]]*\]\(\.\.\/examples\/(\w+)\.attn\) +\| (.*) \|$/gm,
  ),
].map(([, example, rest]): Row => {
  const [lines, keys, gaps] = rest!.split(/(?<!\\)\|/);
  const [first, last] = codeIn(keys!);
  const row = { example: example!, lines: codeIn(lines!), gaps: (gaps ?? '').trim() !== '' };
  return first === undefined || last === undefined ? row : { ...row, ends: [first, last] };
});

describe('docs/masks.md', () => {
  it('has tables', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(rows.filter((r) => r.ends).length).toBeGreaterThan(15);
  });
  it.each(rows)('$example: its lines are in the example', ({ example, lines }) => {
    const masks = [...textOf(example).matchAll(/^ +mask +(.*)$/gm)].map((m) => m[1]!.trim());
    for (const line of lines) expect(masks).toContain(line);
  });
});

const PARAMS = {
  ...{ width: 3, sinks: 2, length: 6, size: 4, tokens: 3, queries: 2, step: 2, stride: 5, reach: 2 },
  ...{ margin: 1, summaries: 1, window: 1, shift: 1 },
};

/** A kernel of the mask over i and j, and of the ends for the blocks of queries a … z. */
function kernelOfRow({ example, lines, ends }: Row): string {
  // Masks over images are the same on each axis: the first one is enough.
  const onOneAxis = lines.map((line) => `(${line.replace(/ && (abs|\w+)\(ix.*/, '')})`);
  const mask = onOneAxis
    .join(' && ')
    .replaceAll(/\b([ij])y\b/g, '$1')
    .replaceAll(/\bY\b/g, 'N');
  const [first, last] = ends!.map((end) => end.replaceAll('i0', 'a').replaceAll('i1', 'z'));
  const params = Object.entries(PARAMS).map(([name, value]) => `param ${name}: int = ${value}`);
  return `${/^fn [^]*?^}/m.exec(textOf(example))?.[0] ?? ''}
kernel k {
  axes i: N, j: M, a: N, z: N
  ${params.join('\n  ')}
  let x = i / size - j / size
  out kept: bool[i, j] = ${mask}
  out first: i32[a, z] = ${first}
  out last: i32[a, z] = ${last}
}`;
}

describe('the ranges on the page', () => {
  it.each(rows.filter((r) => r.ends))('$example', (row) => {
    for (const N of [9, 14]) {
      const M = /neighborhood/.test(row.lines.join()) ? N : N + 3;
      const { kept, first, last } = run(kernelOfRow(row), {}, { sizes: { N, M } }) as Record<
        string,
        number[]
      >;
      for (let a = 0; a < N; a++)
        for (let z = a; z < N; z++) {
          const keys = kept!.flatMap((on, at) => (on && at >= a * M && at < (z + 1) * M ? [at % M] : []));
          const wanted = [Math.max(0, first![a * N + z]!), Math.min(M - 1, last![a * N + z]!)] as const;
          const found = [Math.min(...keys), Math.max(...keys)] as const;
          if (!row.gaps) expect({ a, z, found }).toEqual({ a, z, found: wanted });
          expect(found[0]).toBeGreaterThanOrEqual(wanted[0]);
          expect(found[1]).toBeLessThanOrEqual(wanted[1]);
        }
    }
  });
});
