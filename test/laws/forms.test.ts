/**
 * Laws of the pass `forms`: run step by step, in chunks or by scans, a recurrence means the same, for steps of every class,
 * any length of chunk and any cut of the sequence in two.
 */
import { describe, expect, it } from 'vitest';
import { f32, readNames, rewrite, type Expr } from '../../src/expr/expr.ts';
import { checkText } from '../../src/compile.ts';
import { lowerKernel } from '../../src/ir/from-model.ts';
import { interpretKernel, type InterpretedOutput } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { recurrenceForms, type Form } from '../../src/ir/recurrence/forms/forms.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { recurrenceCases, type RecurrenceCase } from '../support/recurrence-arbitrary.ts';
import { catches, demand, holds } from './law.ts';

type Outputs = Readonly<Record<string, InterpretedOutput>>;
type Damage = (k: IrKernel) => IrKernel;

function irOf(text: string): IrKernel {
  const { model, diagnostics } = checkText(text);
  const error = diagnostics.find((d) => d.severity === 'error');
  if (error) throw new Error(`${error.message}\n${text}`);
  return normalForm(expandReductions(lowerKernel(model, 'random')));
}

/** Float64 against float64: what differs is the order of a few hundred additions. */
const ALLOWED = 1e-9;

function demandEqual(c: RecurrenceCase, what: string, exact: Outputs, found: Outputs): void {
  for (const [name, o] of Object.entries(exact)) {
    const size = Math.max(1, ...o.data.map(Math.abs));
    o.data.forEach((x, n) => {
      const y = found[name]!.data[n]!;
      demand(
        Math.abs(x - y) <= ALLOWED * size,
        () =>
          `${what}: ${name}[${n}] is ${y}, not ${x}\n${c.text}\n${JSON.stringify(c.sizes)} chunk ${c.chunk}`,
      );
    });
  }
}

/** With `damage` the law is about a kernel that was changed for the worse. */
const law =
  (form: Form, damage: Damage = (k) => k) =>
  (c: RecurrenceCase): void => {
    const k = irOf(c.text);
    const together = c.cut % 2 === 0;
    const section = [1, 2, 3][c.cut % 3]!;
    const subChunk = c.chunk / [2, 4, 8, 1][(c.cut >> 1) % 4]!;
    const plan = { form, chunk: c.chunk, section, together, subChunk };
    const made = damage(recurrenceForms(k, () => plan).kernel);
    verifyIr(made, 'forms');
    demandEqual(c, form, interpretKernel(k, c.inputs, c.sizes), interpretKernel(made, c.inputs, c.sizes));
  };

const inDefs =
  (which: (name: string) => boolean, change: (e: Expr) => Expr): Damage =>
  (k) => ({
    ...k,
    defs: k.defs.map((d) => (which(d.name) ? { ...d, value: rewrite(d.value, change) } : d)),
  });
const isOp = (e: Expr, name: string): boolean => e.kind === 'op' && e.op === name;

const argsOf = (e: Expr): readonly Expr[] => (e.kind === 'op' ? e.args : []);

/** Half a sequence, and then the other half from where the first one ended. */
function inTwo(k: IrKernel, reverse: boolean, c: RecurrenceCase, carry: boolean): Outputs {
  const n = c.sizes.N!;
  const half = (from: number, to: number, states: Outputs | undefined): Outputs => {
    const inputs = Object.fromEntries(
      k.tensors.map((t) => {
        const at = t.dims.findIndex((d) => d.axis === 't');
        const given = c.inputs[t.name]!;
        const initial = { S0: 'S', z0: 'z', m0: 'm' }[t.name];
        if (at < 0) return [t.name, initial && states?.[initial] ? states[initial] : given];
        const inner = given.shape.slice(at + 1).reduce((x, y) => x * y, 1);
        const shape = given.shape.map((x, d) => (d === at ? to - from : x));
        const data = Array.from(given.data).filter((_, i) => {
          const t = Math.floor(i / inner) % n;
          return t >= from && t < to;
        });
        return [t.name, { shape, data }];
      }),
    );
    return interpretKernel(k, inputs, { ...c.sizes, N: to - from });
  };
  const [first, second] = reverse
    ? [
        [c.cut, n],
        [0, c.cut],
      ]
    : [
        [0, c.cut],
        [c.cut, n],
      ];
  const before = half(first![0]!, first![1]!, undefined);
  const after = half(second![0]!, second![1]!, carry ? before : undefined);
  const y = k.outputs.find((o) => o.name === 'y')!;
  const shape = y.indices.map((a) => c.sizes[{ b: 'B', h: 'H', t: 'N', d: 'D', e: 'E' }[a]!]!);
  const inner = shape.slice(3).reduce((p, q) => p * q, 1);
  const data = new Float64Array(shape.reduce((p, q) => p * q, 1));
  for (let i = 0; i < data.length; i++) {
    const t = Math.floor(i / inner) % n;
    const [part, from, to] =
      t < c.cut !== reverse ? [before, first![0]!, first![1]!] : [after, second![0]!, second![1]!];
    const outer = Math.floor(i / (inner * n));
    data[i] = part.y!.data[(outer * (to - from) + t - from) * inner + (i % inner)]!;
  }
  return { ...after, y: { shape, data } };
}

/** Cases whose initial states are inputs, so that a run can go on where another ended. */
const givenCases = recurrenceCases().filter((c) => /= S0/.test(c.text) && !/= (m0|1)$/m.test(c.text));

const splitLaw =
  (form: Form, carry = true) =>
  (c: RecurrenceCase): void => {
    const k = irOf(c.text);
    const made = recurrenceForms(k, () => ({ form, chunk: c.chunk, section: 1 + (c.cut % 2) })).kernel;
    const whole = interpretKernel(k, c.inputs, c.sizes);
    demandEqual(c, `${form} in two`, whole, inTwo(made, k.states[0]!.reverse, c, carry));
  };

describe('forms of recurrences', () => {
  it.each(['chunked', 'scan'] as const)('%s means what step by step means', (form) =>
    holds(recurrenceCases(), law(form), 150),
  );

  it('finds a form for every class', () => {
    const forms = new Set<string>();
    return holds(
      recurrenceCases(),
      (c) => {
        for (const n of recurrenceForms(irOf(c.text), () => ({ form: 'chunked', chunk: 4 })).notes)
          forms.add(n.form);
      },
      60,
    ).then(() => expect([...forms].sort()).toEqual(['chunked', 'scan']));
  });

  it.each(['sequential', 'chunked', 'scan'] as const)('%s: a sequence in two parts is the whole', (form) =>
    holds(
      givenCases.filter((c) => !/reverse/.test(c.text) || c.cut <= c.sizes.N!),
      splitLaw(form),
      40,
    ),
  );

  const chunks = (name: string): boolean => name.includes('.chunks.next');
  it.each<readonly [string, Form, Damage]>([
    [
      'a decay that is dropped between chunks',
      'chunked',
      inDefs(chunks, (e) => (isOp(e, 'mul') ? argsOf(e)[1]! : e)),
    ],
    [
      'a missing carry',
      'chunked',
      inDefs(chunks, (e) => (e.kind === 'read' && e.name.endsWith('.chunks') ? f32(0) : e)),
    ],
    [
      'a missing carry between sections',
      'chunked',
      inDefs(
        (n) => n.includes('.sections.next'),
        (e) => (e.kind === 'read' && e.name.endsWith('.sections') ? f32(0) : e),
      ),
    ],
    [
      'a section that forgets what came before one of its chunks',
      'chunked',
      inDefs(
        (n) => n.includes('.run.next'),
        (e) => (e.kind === 'read' && e.name.endsWith('.run') ? f32(0) : e),
      ),
    ],
    [
      'a decay that is dropped over a section',
      'chunked',
      inDefs(
        (n) => n.includes('.totals.next'),
        (e) => (isOp(e, 'mul') ? argsOf(e)[0]! : e),
      ),
    ],
    [
      'a missing carry of a scan',
      'scan',
      inDefs(chunks, (e) => (e.kind === 'read' && e.name.endsWith('.chunks') ? f32(0) : e)),
    ],
    [
      'a decay that is dropped inside a chunk',
      'chunked',
      inDefs(
        (n) => /\.(until|since|between|keys)\.next/.test(n),
        (e) => (isOp(e, 'mul') ? argsOf(e)[0]! : e),
      ),
    ],
    [
      'a read before the step where it should be after it',
      'chunked',
      inDefs(
        (n) => /\.(scores|queries|kept)/.test(n),
        (e) =>
          e.kind === 'read' && /\.(since|keys|between)\.next$/.test(e.name)
            ? { ...e, name: e.name.replace(/\.next$/, '') }
            : e,
      ),
    ],
    [
      'a write that is not decayed to the end of the chunk',
      'chunked',
      inDefs(
        (n) => n.includes('.writers'),
        (e) => (isOp(e, 'mul') && readNames(argsOf(e)[1]!).size > 0 ? argsOf(e)[0]! : e),
      ),
    ],
    [
      'a decay that is dropped between sub-chunks',
      'chunked',
      inDefs(
        (n) => /\.far\.(until|since)\.next/.test(n),
        (e) => (isOp(e, 'mul') ? argsOf(e)[0]! : e),
      ),
    ],
    [
      'scores of halves that lie the wrong way round',
      'chunked',
      inDefs(
        (n) => n.includes('.scores'),
        (e) => (isOp(e, 'lt') ? ({ ...e, op: 'gt' } as Expr) : e),
      ),
    ],
    [
      'values that were not solved for',
      'chunked',
      inDefs(
        (n) => n.includes('.past.next'),
        (e) => (isOp(e, 'select') ? f32(0) : e),
      ),
    ],
  ])('notices %s', (_, form, damage) => catches(recurrenceCases(), law(form, damage), 600));

  it('notices a second part that starts anew', () => catches(givenCases, splitLaw('chunked', false), 200));
});
