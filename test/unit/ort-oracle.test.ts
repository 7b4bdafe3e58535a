/** The interpreter against another implementation: ONNX Runtime's attention operators on the CPU, in f32. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { ONNX, onnxModel, type OnnxNode } from '../support/onnx.ts';
import { randomTensor, run, type RunOptions } from '../support/kernels.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
const ELEMENTS = { float32: ONNX.float, int32: ONNX.int32, int64: ONNX.int64, bool: ONNX.bool } as const;

function feed(type: keyof typeof ELEMENTS, t: Plain): ort.Tensor {
  const data =
    type === 'float32'
      ? Float32Array.from(t.data)
      : type === 'int32'
        ? Int32Array.from(t.data)
        : type === 'bool'
          ? Uint8Array.from(t.data)
          : BigInt64Array.from(Array.from(t.data, BigInt));
  return new ort.Tensor(type, data, t.shape);
}

/** Runs one operator; returns its first output, row-major. */
async function onnx(
  node: Omit<OnnxNode, 'outputs'>,
  feeds: Record<string, ort.Tensor>,
  outputs = 1,
): Promise<number[]> {
  const names = Array.from({ length: outputs }, (_, n) => `out${n}`);
  const model = onnxModel(
    { ...node, outputs: names },
    Object.entries(feeds).map(([name, t]) => ({
      name,
      type: ELEMENTS[t.type as keyof typeof ELEMENTS],
      shape: t.dims,
    })),
    names.map((name) => ({ name, type: ONNX.float })),
  );
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const result = await session.run(feeds);
  return Array.from(result['out0']!.data as Float32Array);
}

/** `[b, h, i, d]` to `[b, i, h * d]`, the packed layout of some operators. */
function packed(t: Plain): Plain {
  const [B, H, N, D] = [t.shape[0]!, t.shape[1]!, t.shape[2]!, t.shape[3]!];
  const data = new Float64Array(B * H * N * D);
  let n = 0;
  for (let b = 0; b < B; b++)
    for (let i = 0; i < N; i++)
      for (let h = 0; h < H; h++)
        for (let d = 0; d < D; d++) data[n++] = t.data[((b * H + h) * N + i) * D + d]!;
  return { shape: [B, N, H * D], data };
}
function unpacked(
  data: readonly number[],
  [B, H, N, D]: readonly [number, number, number, number],
): number[] {
  const out: number[] = new Array<number>(data.length);
  let n = 0;
  for (let b = 0; b < B; b++)
    for (let i = 0; i < N; i++)
      for (let h = 0; h < H; h++) for (let d = 0; d < D; d++) out[((b * H + h) * N + i) * D + d] = data[n++]!;
  return out;
}

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../examples/${name}.attn`), 'utf8');
const interpreted = (name: string, inputs: Record<string, Plain>, options: RunOptions = {}): number[] =>
  run(example(name), inputs, options)['y']!;

function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  const worst = Math.max(...actual.map((x, n) => Math.abs(x - wanted[n]!)));
  expect(worst).toBeLessThan(2e-6);
}

const [B, H, N, M, D, E] = [2, 4, 7, 11, 16, 6] as const;
const q = randomTensor(1, B, H, N, D);
const k = randomTensor(2, B, H, M, D);
const v = randomTensor(3, B, H, M, E);
const qkv = { q: feed('float32', q), k: feed('float32', k), v: feed('float32', v) };
const attention = { op: 'Attention', inputs: ['q', 'k', 'v'] } as const;

describe('Attention (ONNX opset 23)', () => {
  it('is the sdpa example', async () => {
    expectClose(interpreted('sdpa', { q, k, v }), await onnx({ ...attention, attributes: {} }, qkv));
  });

  it('is the causal example, with positions that start together', async () => {
    const node = { ...attention, attributes: { is_causal: 1 } };
    expectClose(interpreted('causal', { q, k, v }), await onnx(node, qkv));
  });

  it('is the optional bias example', async () => {
    const bias = randomTensor(4, H, N, M);
    const feeds = { ...qkv, bias: feed('float32', { ...bias, shape: [1, H, N, M] }) };
    const node = { op: 'Attention', inputs: ['q', 'k', 'v', 'bias'], attributes: {} };
    expectClose(
      interpreted('optional_bias', { q, k, v, bias }, { absent: new Set(['keep']) }),
      await onnx(node, feeds),
    );
  });

  it('is the cross example with padded keys', async () => {
    const length = { shape: [B], data: [5, 11] };
    const keep = Array.from(
      { length: B * N * M },
      (_, n) => +(n % M < length.data[Math.floor(n / (N * M))]!),
    );
    const feeds = { ...qkv, keep: feed('bool', { shape: [B, 1, N, M], data: keep }) };
    const node = { op: 'Attention', inputs: ['q', 'k', 'v', 'keep'], attributes: {} };
    expectClose(interpreted('cross', { q, k, v, length }), await onnx(node, feeds));
  });

  it('caps scores before a mask', async () => {
    const [k1, v1] = [randomTensor(5, B, H, N, D), randomTensor(6, B, H, N, D)];
    const feeds = { q: feed('float32', q), k: feed('float32', k1), v: feed('float32', v1) };
    const node = { ...attention, attributes: { is_causal: 1, softcap: { float: 0.75 } } };
    const params = { cap: 0.75, width: N };
    expectClose(interpreted('softcap', { q, k: k1, v: v1 }, { params }), await onnx(node, feeds));
  });
});

describe('MultiHeadAttention (com.microsoft)', () => {
  it('is the sdpa example on packed heads', async () => {
    const node = {
      op: 'MultiHeadAttention',
      domain: 'com.microsoft',
      inputs: ['q', 'k', 'v'],
      attributes: { num_heads: H },
    };
    const feeds = {
      q: feed('float32', packed(q)),
      k: feed('float32', packed(k)),
      v: feed('float32', packed(v)),
    };
    expectClose(interpreted('sdpa', { q, k, v }), unpacked(await onnx(node, feeds), [B, H, N, E]));
  });
});

describe('GroupQueryAttention (com.microsoft)', () => {
  const G = 2;
  const kg = randomTensor(7, B, G, N, D);
  const vg = randomTensor(8, B, G, N, D);
  const inputs = { q, k: kg, v: vg };

  async function grouped(
    attributes: OnnxNode['attributes'],
    more: Record<string, ort.Tensor> = {},
    keys: { readonly k: Plain; readonly v: Plain } = inputs,
  ): Promise<number[]> {
    const heads = keys.k.shape[1]!;
    const feeds: Record<string, ort.Tensor> = {
      query: feed('float32', packed(q)),
      key: feed('float32', packed(keys.k)),
      value: feed('float32', packed(keys.v)),
      past: feed('float32', { shape: [B, heads, 0, D], data: [] }),
      seqlens_k: feed('int32', { shape: [B], data: [N - 1, N - 1] }),
      total: feed('int32', { shape: [1], data: [N] }),
      ...more,
    };
    const order = ['query', 'key', 'value', 'past', 'past', 'seqlens_k', 'total'];
    const optional = ['cos', 'sin', 'position', 'bias', 'sink'];
    const last = optional.findLastIndex((name) => name in more);
    const node = {
      op: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: [...order, ...optional.slice(0, last + 1).map((name) => (name in more ? name : ''))],
      attributes: { num_heads: H, kv_num_heads: heads, ...attributes },
    };
    return unpacked(await onnx(node, feeds, 3), [B, H, N, D]);
  }
  /** Tables of the angles by which features are rotated, for base 100. */
  function rotation(): Record<string, ort.Tensor> {
    const angle = (n: number): number => Math.floor(n / (D / 2)) * 100 ** ((-2 * (n % (D / 2))) / D);
    const table = (f: (x: number) => number): ort.Tensor =>
      feed('float32', {
        shape: [N, D / 2],
        data: Float64Array.from({ length: (N * D) / 2 }, (_, n) => f(angle(n))),
      });
    return { cos: table(Math.cos), sin: table(Math.sin) };
  }

  it('is the gqa example', async () => {
    expectClose(interpreted('gqa', inputs), await grouped({}));
  });

  it('is the soft cap example with a sliding window', async () => {
    const wanted = await grouped({ local_window_size: 3, softcap: { float: 0.5 } });
    expectClose(interpreted('softcap', inputs, { params: { cap: 0.5, width: 3 } }), wanted);
  });

  it('is the sink logit example', async () => {
    const sink = randomTensor(9, H);
    const wanted = await grouped({ local_window_size: 4 }, { sink: feed('float32', sink) });
    expectClose(interpreted('sink_logit', { ...inputs, sink }, { params: { width: 4 } }), wanted);
  });

  it('is the off by one example when every query head has keys of its own', async () => {
    const own = { k: randomTensor(10, B, H, N, D), v: randomTensor(11, B, H, N, D) };
    const wanted = await grouped({ smooth_softmax: 1 }, {}, own);
    expectClose(interpreted('softmax1', { q, ...own }), wanted);
  });

  it('rotates as the rope_half example', async () => {
    const wanted = await grouped({ do_rotary: 1 }, rotation());
    const position = { shape: [B, N], data: Array.from({ length: B * N }, (_, n) => n % N) };
    const given = { ...inputs, q_position: position, k_position: position };
    expectClose(interpreted('rope_half', given, { params: { base: 100 } }), wanted);
  });

  it('rotates as the rope example', async () => {
    const own = { k: randomTensor(12, B, H, N, D), v: randomTensor(13, B, H, N, D) };
    const wanted = await grouped({ do_rotary: 1, rotary_interleaved: 1 }, rotation(), own);
    expectClose(interpreted('rope', { q, ...own }, { params: { base: 100 } }), wanted);
  });
});
