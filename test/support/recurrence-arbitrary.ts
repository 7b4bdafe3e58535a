/** Random recurrences whose steps are affine (of every class) or running maxima, as source text, with sizes and tensors. */
import fc from 'fast-check';
import type { InterpretedTensor } from '../../src/ir/interpret.ts';
import { seededRandom } from './mutate.ts';

export interface RecurrenceCase {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** Positions of a chunk. */
  readonly chunk: number;
  /** Where the sequence is cut in two. */
  readonly cut: number;
  readonly inputs: Readonly<Record<string, InterpretedTensor>>;
}

interface Parts {
  readonly gate: string;
  readonly erase: 'none' | 'decayed' | 'undecayed' | 'own' | 'twice';
  readonly read: 'inclusive' | 'exclusive' | 'bonus';
  readonly write: string;
  readonly epilogue: 'none' | 'scale' | 'normalised';
  readonly given: boolean;
  readonly reverse: boolean;
  readonly reset: boolean;
}

/** A gate as it is written, and the input that it reads. */
const GATES: Readonly<Record<string, string>> = {
  none: '',
  head: 'in g: f32[h]',
  token: 'in g: f32[b, h, t]',
  feature: 'in g: f32[b, h, t, d]',
  value: 'in g: f32[b, h, t, e]',
  element: 'in g: f32[b, h, t, d, e]',
};
const WRITES = ['k * v', 'beta * k * v', '(1 - beta) * k * (v + 1)', 'k * v + 0.5 * q * v'];

function kernelText(p: Parts): string {
  const decay = p.gate === 'none' ? '' : 'exp(-abs(g))';
  const gated = decay === '' ? '' : p.reset ? `(if fresh[b, t] > 0 then 0 else ${decay})` : decay;
  const kept = gated === '' ? 'S' : `${gated} * S`;
  const bonus = p.read === 'bonus' ? 'y0 = sum[d](q * (S + u * k * v))' : 'y0 = sum[d](q * S)';
  const step: string[] = [];
  if (p.read !== 'inclusive') step.push(bonus);
  if (p.erase === 'none') step.push(`S = ${kept} + ${p.write}`);
  if (p.erase === 'decayed') step.push(`S = ${kept}`, 'S = S + beta * k * (v - sum[d](k * S))');
  if (p.erase === 'undecayed') step.push(`S = ${kept} - beta * a * sum[d](k * S) + ${p.write}`);
  if (p.erase === 'own') step.push('let seen = sum[d](a * S)', `S = ${kept} + beta * k * (v - 0.5 * seen)`);
  if (p.erase === 'twice')
    step.push(
      `S = ${kept}`,
      'S = S + beta * k * (v - sum[d](k * S))',
      'S = S + 0.5 * a * (v - sum[d](a * S))',
    );
  if (p.read === 'inclusive') step.push(bonus);
  const normalised = p.epilogue === 'normalised';
  if (normalised) {
    const own = p.gate === 'value' || p.gate === 'element' ? '' : gated;
    step.push(`z = ${own === '' ? 'z' : `${own} * z`} + k * k`);
    step.push('let total = sum[d](q * q * z) + 1');
  }
  const y = p.epilogue === 'none' ? 'y0' : p.epilogue === 'scale' ? 'y0 * D ** -0.5 + v' : 'y0 / total';
  return `kernel random {
  axes b: B, h: H, t: N, d: D, e: E
  in q: f32[b, h, t, d]
  in k: f32[b, h, t, d]
  in a: f32[b, h, t, d]
  in v: f32[b, h, t, e]
  in u: f32[h, d]
  in beta: f32[b, h, t]
  ${GATES[p.gate]}
  in fresh: i32[b, t]
  in S0: f32[b, h, d, e]
  in z0: f32[b, h, d]
  state S: f32[b, h, d, e] = ${p.given ? 'S0' : '0'}
  ${normalised ? `state z: f32[b, h, d] = ${p.given ? 'z0' : '0'}` : ''}
  recurrence over t${p.reverse ? ' reverse' : ''} {
    ${step.join('\n    ')}
    y = ${y}
  }
  out y: f32[b, h, t, e]
  out S
  ${normalised ? 'out z' : ''}
}`;
}

const TUPLE = (exclusive: boolean, given: boolean): string => `kernel random {
  axes b: B, h: H, t: N, d: D, e: E
  in k: f32[b, h, t, e]
  in v: f32[b, h, t, e]
  in g: f32[b, h, t, e]
  in m0: f32[b, h, e]
  in S0: f32[b, h, e]
  state m: f32[b, h, e] = ${given ? 'm0' : '-1e30'}
  state S: f32[b, h, e] = ${given ? 'S0' : '0'}
  state z: f32[b, h, e] = ${given ? '1' : '0'}
  recurrence over t {
    let top = max(m, 3 * k)
    ${exclusive ? 'y = (exp(m - top) * S + exp(3 * k - top) * v) / (exp(m - top) * z + exp(3 * k - top))' : ''}
    let next = max(m - abs(g), 3 * k)
    S = exp(m - abs(g) - next) * S + exp(3 * k - next) * v
    z = exp(m - abs(g) - next) * z + exp(3 * k - next)
    m = next
    ${exclusive ? '' : 'y = S / z'}
  }
  out y: f32[b, h, t, e]
  out S
  out z
  out m
}`;

const parts: fc.Arbitrary<Parts> = fc.record({
  gate: fc.constantFrom(...Object.keys(GATES)),
  erase: fc.constantFrom('none', 'none', 'decayed', 'undecayed', 'own', 'twice'),
  read: fc.constantFrom('inclusive', 'inclusive', 'exclusive', 'bonus'),
  write: fc.constantFrom(...WRITES),
  epilogue: fc.constantFrom('none', 'scale', 'normalised'),
  given: fc.boolean(),
  reverse: fc.boolean(),
  reset: fc.boolean(),
});
const texts = fc.oneof(
  { weight: 5, arbitrary: parts.map(kernelText) },
  { weight: 1, arbitrary: fc.tuple(fc.boolean(), fc.boolean()).map(([x, g]) => TUPLE(x, g)) },
);

const EXTENTS: Readonly<Record<string, string>> = { b: 'B', h: 'H', t: 'N', d: 'D', e: 'E' };

function tensors(
  text: string,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): RecurrenceCase['inputs'] {
  const random = seededRandom(seed);
  const out: Record<string, InterpretedTensor> = {};
  for (const [, name, type, dims] of text.matchAll(/in (\w+): (\w+)\[([^\]]*)\]/g)) {
    const shape = dims!.split(',').map((a) => sizes[EXTENTS[a.trim()]!]!);
    const count = shape.reduce((x, y) => x * y, 1);
    const value =
      type === 'i32'
        ? () => (random() < 0.2 ? 1 : 0)
        : name === 'g'
          ? () => [0, 20, random(), 3 * random()][Math.floor(4 * random())]!
          : () => Math.fround(2 * random() - 1);
    out[name!] = { shape, data: Float64Array.from({ length: count }, value) };
  }
  return out;
}

/** @param longest the longest sequence */
export const recurrenceCases = (longest = 20): fc.Arbitrary<RecurrenceCase> =>
  fc
    .record({
      text: texts,
      n: fc.integer({ min: 1, max: longest }),
      d: fc.integer({ min: 1, max: 4 }),
      e: fc.integer({ min: 1, max: 3 }),
      h: fc.integer({ min: 1, max: 2 }),
      chunk: fc.integer({ min: 1, max: 9 }),
      cut: fc.integer({ min: 0, max: longest }),
      seed: fc.integer({ min: 0, max: 2 ** 30 }),
    })
    .map(({ text, n, d, e, h, chunk, cut, seed }) => {
      const sizes = { B: 2, H: h, N: n, D: d, E: e };
      return { text, sizes, chunk, cut: Math.min(cut, n), inputs: tensors(text, sizes, seed) };
    });
