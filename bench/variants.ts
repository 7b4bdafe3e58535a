/**
 * `wgsl/variant/NAME`: dense attention with one thing changed, beside the plain kernel on the same tensors. The peer's ratio is
 * of times per multiply-add in visited tiles: a variant that costs nothing but its tiles has 1.
 */
import { explain } from '../src/index.ts';
import { featuresOfDevice, type Webgpu } from '../src/runtime/webgpu-device.ts';
import { draw, WIDTH, type Tensors } from './attention.ts';
import { prepareSpec } from './prepare.ts';
import { median, timed, type Contender, type Row, type Times } from './rows.ts';

const HEADS = 2;
const ROWS = 1024;
const WINDOW = 128;
const DOCUMENTS = 4;

interface Variant {
  readonly name: string;
  readonly scores?: string;
  readonly weights?: string;
  readonly mask?: string;
  /** Query heads per head of keys. */
  readonly group?: number;
}
const PLAIN: Variant = { name: 'plain' };
const VARIANTS: readonly Variant[] = [
  { name: 'alibi', scores: 's + alibi(h, H, i, j)' },
  { name: 'soft-cap', scores: 'soft_cap(s, 20.0)' },
  { name: 'window', mask: `mask window(i, j, ${WINDOW})` },
  { name: 'document', mask: 'in id: i32[i]\n  mask document[i, j](id)' },
  { name: 'gqa', group: 2 },
  { name: 'relu-l1', weights: 'l1_relu[j](x)' },
  { name: 'sigmoid', weights: 'sigmoid(x)' },
];

const spec = ({
  scores = 's',
  weights = 'softmax[j](x)',
  mask = '',
  group = 1,
}: Variant): string => `kernel variant {
  axes h: H, g: G = h / ${group}, i: N, j: N, d: D, e: D
  in q: f32[h, i, d]
  in k: f32[g, j, d]
  in v: f32[g, j, e]
  ${mask}
  let s = scaled_dot[d](q, k)
  let x = ${scores}
  let y = sum[j](${weights} * v)
  out y: f32[h, i, e]
}`;

/** Equal lengths. */
const documents = (): Int32Array =>
  Int32Array.from({ length: ROWS }, (_, i) => Math.floor(i / (ROWS / DOCUMENTS)));

const inputsOf = (v: Variant, t: Tensors): Record<string, Float32Array | Int32Array> => {
  const kept = (x: Float32Array): Float32Array => x.slice(0, x.length / (v.group ?? 1));
  const id = v.mask?.includes('id:') ? { id: documents() } : {};
  return { q: t.q, k: kept(t.k), v: kept(t.v), ...id };
};

/** Multiply-adds of visited tiles. */
function operations(gpu: Webgpu, v: Variant, values: Readonly<Record<string, number>>): number {
  const { value, diagnostics } = explain(spec(v), {
    target: 'wgsl',
    set: { D: WIDTH },
    expected: values,
    values,
    features: featuresOfDevice(gpu),
  });
  if (typeof value?.operations !== 'number')
    throw new Error(`${v.name}: ${diagnostics.map((d) => d.message).join('; ')}`);
  // Documents begin at tiles, so that each row visits its own only.
  return v.mask?.includes('id:') ? value.operations / DOCUMENTS : value.operations;
}

interface Prepared extends Contender {
  readonly operations: number;
  readonly limit: number | null;
  destroy(): void;
}

async function prepare(gpu: Webgpu, v: Variant, tensors: Tensors): Promise<Prepared> {
  const sizes = { H: HEADS, G: HEADS / (v.group ?? 1), N: ROWS, D: WIDTH };
  const kernel = await prepareSpec(gpu, spec(v), inputsOf(v, tensors), sizes);
  await kernel.run();
  return { name: v.name, operations: operations(gpu, v, sizes), ...kernel };
}

export const variantNames = (): string[] => VARIANTS.map((v) => `wgsl/variant/${v.name}`);

/** Measures the wanted rows. Results are not compared here: the run tests hold each of these mechanisms to the interpreter. */
export async function variantRows(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  const chosen = VARIANTS.filter((v) => wanted(`wgsl/variant/${v.name}`));
  if (chosen.length === 0) return;
  const tensors = draw(ROWS, HEADS);
  const kernels: Prepared[] = [];
  for (const v of [PLAIN, ...chosen]) kernels.push(await prepare(gpu, v, tensors));
  const times = await timed(kernels, rounds);
  const [plain, ...others] = kernels as [Prepared, ...Prepared[]];
  const usual = times.get(plain.name)!;
  for (const k of others) {
    const own = times.get(k.name)!;
    const work = k.operations / plain.operations;
    const perOperation = (of: (x: Times) => readonly number[]): number =>
      median(of(own)) / median(of(usual)) / work;
    done({
      name: `wgsl/variant/${k.name}`,
      median_ms: median(own.ms),
      spread: [Math.min(...own.ms), Math.max(...own.ms)],
      cpu_ms: median(own.cpu),
      limit_ms: k.limit,
      per_operation: { time: perOperation((x) => x.ms), cpu: perOperation((x) => x.cpu) },
      peers: {},
    });
  }
  for (const k of kernels) k.destroy();
}
