/** The programs of docs/artefacts.md run, and give what the whole sequence gives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as attnc from '../../src/index.ts';
import { randomTensor } from '../support/kernels.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/artefacts.md'), 'utf8');
const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]!);

type Tensors = Record<string, { shape: readonly number[]; data: Float64Array }>;
const [N, D, E] = [6, 3, 2];
const whole: Tensors = {
  q: randomTensor(1, N, D),
  k: randomTensor(2, N, D),
  v: randomTensor(3, N, E),
  log_a: randomTensor(4, N, D),
};
const filled =
  (value: number) =>
  (...shape: number[]) => ({
    shape,
    data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });
const part = (from: number, to: number): Tensors =>
  Object.fromEntries(
    Object.entries(whole).map(([name, { shape, data }]) => {
      const width = shape[1]!;
      return [name, { shape: [to - from, width], data: data.slice(from * width, to * width) }];
    }),
  );

/** Runs both programs as one, with what they leave to the caller. */
function results(): { readonly emitted: Tensors[string][]; readonly y: readonly Tensors[] } {
  const program = `${blocks.join('\n')}\nreturn { y };`.replace(/^import .*\n/m, '');
  const script = ts.transpileModule(`function program() {${program}}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  }).outputText;
  const emitted: Tensors[string][] = [];
  const given = {
    ...attnc,
    D,
    E,
    zeros: filled(0),
    ones: filled(1),
    tokens: Array.from({ length: N }, (_, t) => part(t, t + 1)),
    parts: [part(0, 4), part(4, N)],
    emit: (y: Tensors[string]) => emitted.push(y),
  };
  const names = Object.keys(given);
  const run = new Function(...names, `${script}\nreturn program();`) as (...values: unknown[]) => {
    readonly y: readonly Tensors[];
  };
  return { emitted, ...run(...Object.values(given)) };
}

describe('docs/artefacts.md', () => {
  const source = /attn`(kernel gated[\s\S]*?\n})`/.exec(text)![1]!;
  const exact = attnc.interpret(source, { inputs: whole }).value!;
  const { emitted, y } = results();
  const close = (found: readonly number[], wanted: readonly number[]) =>
    found.forEach((x, n) => expect(x).toBeCloseTo(wanted[n]!, 12));

  it('decodes the sequence', () => {
    expect(emitted).toHaveLength(N);
    close(
      emitted.flatMap((x) => [...x.data]),
      [...exact['y']!.data],
    );
  });
  it('shares the sequence between ranks', () => {
    close(
      y.flatMap((x) => [...x['y']!.data]),
      [...exact['y']!.data],
    );
    close([...y[1]!['S']!.data], [...exact['S']!.data]);
  });
  it('describes every artefact', () => {
    for (const artefact of attnc.ARTEFACTS) expect(text).toContain(`| \`${artefact}\``);
  });
});
