/** Pass `repeated`: a stage that says the same as an earlier one under other names is left out, and no other is. */
import { describe, expect, it } from 'vitest';
import { checkText, semanticIr } from '../../src/compile.ts';
import { normalizeIr } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { NO_LIMITS } from '../../src/tile/plan.ts';
import { printTile } from '../../src/tile/print.ts';
import { withoutRepeated } from '../../src/tile/repeated.ts';
import type { Stage, TileProgram } from '../../src/tile/tile.ts';
import { verifyTile } from '../../src/tile/verify.ts';

const TEXT = `kernel k {
  axes i: N, j: M, c: M / 4, x: 4, d: D
  in q: f32[i, d]
  in k: f32[j, d]
  let pooled = max[x](k[j = c * 4 + x])
  normalize p = softmax[c](sum[d](q * pooled))
  out y: f32[i, d] = sum[c](p * pooled)
}`;

const options = { fixed: { D: 8 }, limits: NO_LIMITS };
const program = (): TileProgram =>
  tileProgram(normalizeIr(semanticIr(checkText(TEXT)), options), options.fixed);

type Change = (text: string) => string;
const changed = <T>(x: T, ...changes: readonly Change[]): T =>
  JSON.parse(changes.reduce((text, f) => f(text), JSON.stringify(x))) as T;

/** The program with its first stage twice: the second under other names, changed as told, and read in the place of the first. */
function twice(change: Change = (text) => text): TileProgram {
  const p = program();
  const [first, ...rest] = p.stages as [Stage, ...Stage[]];
  const output = first.stores[0]!.output;
  const other: Change = (text) => text.replaceAll(`"${output}"`, '"ws.other"');
  const names: Change = (text) =>
    [...first.stream, ...first.passes.flatMap((x) => [...x.steps, ...x.keeps])].reduce(
      (t, { name }) => t.replaceAll(`"${name}"`, `"other ${name}"`),
      text,
    );
  const tensor = p.tensors.find((t) => t.name === output)!;
  return {
    ...p,
    tensors: [...p.tensors, changed(tensor, other)],
    stages: [first, changed(first, other, names, change), ...changed(rest, other)],
  };
}

describe('stages that are equal but for names', () => {
  it('become one, which all read', () => {
    const p = twice();
    verifyTile(p);
    const one = withoutRepeated(p);
    verifyTile(one);
    expect(printTile(one)).toBe(printTile(program()));
  });
  it.each<[string, Change]>([
    ['an operation', (text) => text.replace('"op":"max"', '"op":"min"')],
    ['a number', (text) => text.replace('"value":4', '"value":2')],
    ['what it reads', (text) => text.replace('"name":"k"', '"name":"q"')],
    [
      'its rows',
      (text) =>
        text.replace('"row":[', '"row":[{"name":"more","extent":{"kind":"const","type":"i32","value":2}},'),
    ],
  ])('are not those that differ in %s', (_, change) => {
    const p = twice(change);
    expect(p.stages[1]).not.toEqual(twice().stages[1]);
    expect(withoutRepeated(p)).toBe(p);
  });
});
