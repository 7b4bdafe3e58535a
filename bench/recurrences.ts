/**
 * `wgsl/recurrence/MECHANISM/T[/step]`: recurrences of the examples in f32, in chunks and (`/step`) step by step. A row's
 * peers are the same kernel step by step at its length, and in chunks at a quarter of it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import { randomFrom } from '../src/runtime/random.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareSpec } from './prepare.ts';
import { median, roundRobin, type Contender, type Row } from './rows.ts';

const HEADS = 4;
const WIDTH = 64;
const SHORT = 4096;
const LONG = 4 * SHORT;

type Value = (normal: number, uniform: number) => number;
/** An input: its extents for a length, and its values. */
type Input = readonly [extents: (t: number) => readonly number[], value: Value];

const vectors: Input = [(t) => [HEADS, t, WIDTH], (n) => n];
const perToken = (value: Value): Input => [(t) => [HEADS, t], value];
const perHead = (value: Value): Input => [() => [HEADS], value];
/** The logarithm of a gate that remembers some tens of steps. */
const gate: Value = (n) => -Math.log1p(Math.exp(-n)) / 16;

interface Mechanism {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly sizes: (t: number) => Readonly<Record<string, number>>;
  /** Those of the sizes that lanes hold vectors over. */
  readonly fixed: readonly string[];
}
const usual = (t: number): Record<string, number> => ({ B: 1, H: HEADS, N: t, D: WIDTH, E: WIDTH });

const MECHANISMS: readonly Mechanism[] = [
  {
    name: 'gla',
    inputs: { q: vectors, k: vectors, v: vectors, log_a: [vectors[0], gate] },
    sizes: usual,
    fixed: ['D', 'E'],
  },
  {
    name: 'retention',
    inputs: { q: vectors, k: vectors, v: vectors, g: vectors },
    sizes: usual,
    fixed: ['D', 'E'],
  },
  {
    name: 'ssd',
    inputs: {
      x: vectors,
      dt: perToken((n) => n - 3),
      dt_bias: perHead(() => 0),
      A: perHead((_, u) => -0.5 - u),
      B: vectors,
      C: vectors,
      D: perHead((n) => n),
    },
    sizes: (t) => ({ Z: 1, H: HEADS, G: HEADS, N: t, R: WIDTH, P: WIDTH }),
    fixed: ['R', 'P'],
  },
  {
    name: 'gdn',
    inputs: {
      q: vectors,
      k: vectors,
      v: vectors,
      log_a: perToken(gate),
      beta: perToken((_, u) => u),
    },
    sizes: (t) => ({ ...usual(t), G: HEADS }),
    fixed: ['D', 'E'],
  },
];

interface Kind {
  readonly mechanism: Mechanism;
  readonly length: number;
  readonly form: 'chunked' | 'sequential';
  readonly name: string;
}
const KINDS = MECHANISMS.flatMap((mechanism): Kind[] => [
  { mechanism, length: SHORT, form: 'sequential', name: `${mechanism.name}/${SHORT}/step` },
  { mechanism, length: SHORT, form: 'chunked', name: `${mechanism.name}/${SHORT}` },
  { mechanism, length: LONG, form: 'chunked', name: `${mechanism.name}/${LONG}` },
]);

export const recurrenceNames = (): string[] => KINDS.map((k) => `wgsl/recurrence/${k.name}`);

function draw(m: Mechanism, length: number): Record<string, Float32Array> {
  const random = randomFrom(length);
  return Object.fromEntries(
    Object.entries(m.inputs).map(([name, [extents, value]]) => {
      const count = extents(length).reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: count }, () => value(random.normal(), random.next()))];
    }),
  );
}

interface Prepared extends Contender {
  readonly kind: Kind;
  readonly y: Float32Array;
  readonly limit: number | null;
  destroy(): void;
}

async function prepare(gpu: Webgpu, kind: Kind): Promise<Prepared> {
  const { mechanism: m, length, form } = kind;
  const text = readFileSync(join(packageRoot(), 'examples', `${m.name}.attn`), 'utf8');
  const inputs = draw(m, length);
  const given = [...text.matchAll(/^ {2}in (\w+):.*= 0/gm)].map((x) => x[1]!);
  const params = Object.fromEntries(
    [...text.matchAll(/^ {2}param (\w+): \w+ = (\S+)/gm)].map((x) => [x[1]!, Number(x[2])]),
  );
  const sizes = m.sizes(length);
  const kernel = await prepareSpec(
    gpu,
    text,
    inputs,
    { ...sizes, ...params },
    {
      fixed: m.fixed,
      absent: given,
      form: { form },
    },
  );
  await kernel.run();
  const y = new Float32Array((await kernel.outputs())['y']!.slice().buffer);
  return { ...kernel, name: kind.name, kind, y };
}

/** Largest difference relative to the root mean square. */
function difference(a: Float32Array, b: Float32Array): number {
  const scale = Math.sqrt(b.reduce((sum, x) => sum + x * x, 0) / b.length);
  return a.reduce((worst, x, n) => Math.max(worst, Math.abs(x - b[n]!)), 0) / scale;
}

/** Measures the wanted rows and what they are compared with, one mechanism after the other. */
export async function recurrenceRows(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  for (const m of MECHANISMS) {
    const own = KINDS.filter((k) => k.mechanism === m);
    if (!own.some((k) => wanted(`wgsl/recurrence/${k.name}`))) continue;
    const kernels: Prepared[] = [];
    for (const k of own) kernels.push(await prepare(gpu, k));
    const [step, short] = kernels as [Prepared, Prepared, Prepared];
    const error = difference(short.y, step.y);
    if (!(error < 1e-3)) throw new Error(`the forms of ${m.name} disagree by ${error}`);
    const times = await roundRobin(kernels, rounds);
    for (const k of kernels) {
      const mine = times.get(k.name)!;
      const peers = k === short ? [step] : k.kind.length === LONG ? [short] : [];
      done({
        name: `wgsl/recurrence/${k.name}`,
        median_ms: median(mine),
        spread: [Math.min(...mine), Math.max(...mine)],
        limit_ms: k.limit,
        max_error: error,
        peers: Object.fromEntries(
          peers.map((p) => {
            const other = median(times.get(p.name)!);
            return [p.name, { median_ms: other, ratio: other / median(mine), max_error: error }];
          }),
        ),
      });
      k.destroy();
    }
  }
}
