/** `attnc/webgpu` on a device: results are the interpreter's, nothing is submitted unasked, and what does not fit is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileModule, interpret, type ModuleOptions } from '../../src/index.ts';
import {
  createKernel,
  Kernel,
  KernelError,
  requestDevice,
  Timer,
  Workspace,
} from '../../src/webgpu/index.ts';
import type { AnyTypes, KernelModule, Values } from '../../src/webgpu/index.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { values } from '../unit/kernel-sample.ts';
import { useDriver } from '../run/wgsl.ts';
import { tryOpen } from '../unit/wgsl-device.ts';

/** Two launches with scratch memory between them, params with defaults, and requirements. */
const TEXT = `kernel windowed {
  axes b: B, g: G = b / (B / G), i: N, j: M, d: D
  in q: f32[b, i, d]
  in k: f32[g, j, d]
  in v: f32[g, j, d]
  param window: int = 4
  require B % G == 0
  require window >= 1 && N <= M
  mask j <= i && i - j < window
  score s = sum[d](q * k) * D ** -0.5
  normalize p = softmax[j](s)
  out y: f32[b, i, d] = sum[j](p * v)
  out hit: f32[b, j] = sum[i](p)
}`;
const TINY = 'kernel tiny { axes i: N in x: f16[i] param a: float = 2 out y: f16[i] = x * a }';

function compiled(
  text = TEXT,
  options: ModuleOptions = { set: { D: 4 }, features: { device: 'cpu' } },
): KernelModule {
  const { value, diagnostics } = compileModule(text, options);
  expect(diagnostics).toEqual([]);
  return value!;
}
const MODULE = compiled();
const tiny = (): KernelModule => compiled(TINY, {});

// Its compiler takes the least time of all software devices.
useDriver('SwiftShader');
const gpu = await tryOpen();
afterAll(() => gpu?.close());

interface Case {
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Float32Array>>;
}
function caseOf(N: number, seed: number): Case {
  const [B, G, D] = [4, 2, 4];
  const tensor = (rows: number, s: number): Float32Array => Float32Array.from(values(rows * N * D, seed + s));
  return { sizes: { B, G, N, M: N }, inputs: { q: tensor(B, 1), k: tensor(G, 2), v: tensor(G, 3) } };
}
function expected(
  kernel: Kernel,
  { inputs }: Case,
  params: Readonly<Record<string, number>>,
): Record<string, ArrayLike<number>> {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [name, { shape: [...kernel.shape(name)], data }]),
  );
  const { value, diagnostics } = interpret(TEXT, { inputs: tensors, params });
  expect(diagnostics).toEqual([]);
  return Object.fromEntries(Object.entries(value!).map(([name, t]) => [name, t.data]));
}
/** Sums of at most 40 products in f32 and exponentials of values below 8: errors are near 40 · 2^-24. */
function expectClose(actual: Values, wanted: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(wanted.length);
  const worst = Array.from(wanted).reduce(
    (m, x, n) => Math.max(m, Math.abs(x - actual[n]!) / (1 + Math.abs(x))),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}
const codeOf = async (f: () => unknown): Promise<KernelError> => {
  try {
    await f();
  } catch (e) {
    expect(e).toBeInstanceOf(KernelError);
    return e as KernelError;
  }
  throw new Error('nothing was refused');
};

describe.skipIf(!gpu)('a kernel', () => {
  const device = gpu?.device as GPUDevice;
  const some = caseOf(21, 1);
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await createKernel(device, MODULE, some.sizes);
  });
  afterAll(() => kernel.destroy());

  it('computes what the interpreter computes, again and again', async () => {
    for (const params of [{ window: 5 }, { window: 30 }, {}]) {
      await kernel.run({ inputs: some.inputs, params });
      const wanted = expected(kernel, some, params);
      for (const name of ['y', 'hit']) expectClose(await kernel.read(name), wanted[name]!);
    }
  });

  it('rounds to 16-bit tensors, and gives their values', async () => {
    const half = await createKernel(device, tiny(), { N: 5 });
    await half.run({
      inputs: { x: Float32Array.of(1, -0.1, 1e-7, 65504, 1 + 2 ** -11) },
      params: { a: 0.5 },
    });
    const tenth = Math.round(0.1 * 2 ** 14) / 2 ** 14;
    expect(Array.from(await half.read('y'))).toEqual([0.5, -tenth / 2, 2 ** -24, 32752, 0.5]);
    await half.run({ inputs: { x: Uint16Array.of(0x3c00, 0, 0, 0, 0xc000) } });
    expect(Array.from(await half.read('y'))).toEqual([2, 0, 0, 0, -4]);
    half.destroy();
  });

  it('records into the encoder of the caller and submits nothing', async () => {
    const { encoder, counted } = watched(device);
    await kernel.upload(some.inputs);
    const results = [3, 7].map(() =>
      device.createBuffer({
        size: kernel.outputs['y']!.size,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
      }),
    );
    const before = counted();
    // Params of launches that wait in one encoder are kept apart.
    [3, 7].forEach((window, n) =>
      kernel.encode(encoder, { params: { window }, outputs: { y: results[n]! } }),
    );
    expect(counted()).toEqual(before);
    device.queue.submit([encoder.finish()]);
    for (const [n, window] of [3, 7].entries())
      expectClose(await copied(device, results[n]!), expected(kernel, some, { window })['y']!);
    for (const buffer of results) buffer.destroy();
  });

  it('takes a part of a buffer', async () => {
    const { q } = some.inputs;
    const offset = device.limits.minStorageBufferOffsetAlignment;
    const buffer = device.createBuffer({
      size: offset + q!.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, offset, q!.buffer as ArrayBuffer);
    await kernel.run({ inputs: { ...some.inputs, q: { buffer, offset } }, params: { window: 4 } });
    expectClose(await kernel.read('y'), expected(kernel, some, { window: 4 })['y']!);
    buffer.destroy();
  });

  it('shares scratch memory with others', async () => {
    const workspace = new Workspace(device);
    const long = caseOf(40, 9);
    const made = [];
    for (const c of [long, some]) made.push(await createKernel(device, MODULE, c.sizes, { workspace }));
    const alone = new Workspace(device);
    (await createKernel(device, MODULE, long.sizes, { workspace: alone })).destroy();
    expect(workspace.bytes).toBeGreaterThan(0);
    expect(workspace.bytes).toBe(alone.bytes);
    for (const [n, c] of [long, some].entries()) await made[n]!.run({ inputs: c.inputs });
    for (const [n, c] of [long, some].entries()) {
      const wanted = expected(made[n]!, c, {});
      for (const name of ['y', 'hit']) expectClose(await made[n]!.read(name), wanted[name]!);
      made[n]!.destroy();
    }
    workspace.destroy();
    alone.destroy();
  });

  it('refuses what does not fit, with a code, a place and a hint, before anything happens', async () => {
    const { encoder, counted } = watched(device);
    await kernel.upload(some.inputs);
    const buffer = (size: number, usage = GPUBufferUsage.STORAGE): GPUBuffer =>
      device.createBuffer({ size, usage });
    const encode = (launch: Parameters<Kernel['encode']>[1]) => () => kernel.encode(encoder, launch);
    const y = kernel.outputs['y']!;
    const before = counted();
    const rows: readonly (readonly [string, RegExp, () => unknown])[] = [
      [
        'E0760',
        /^E0760 windowed: it has no input x\n {2}hint: there are q, k, v$/,
        encode({ inputs: { x: y } }),
      ],
      ['E0760', /no param windows/, encode({ params: { windows: 3 } })],
      ['E0509', /`window` is 2.5/, encode({ params: { window: 2.5 } })],
      ['E0510', /window >= 1 && N <= M/, encode({ params: { window: 0 } })],
      [
        'E0761',
        /input q: f32\[B, N, 4\] = \[4, 21, 4\]: the buffer has 16 bytes, and 1344/,
        encode({ inputs: { q: buffer(16) } }),
      ],
      ['E0761', /lacks the usage STORAGE/, encode({ inputs: { q: buffer(4096, GPUBufferUsage.COPY_DST) } })],
      ['E0761', /begins at byte 12/, encode({ inputs: { q: { buffer: buffer(4096), offset: 12 } } })],
      ['E0761', /no GPUBuffer/, encode({ inputs: { q: some.inputs['q'] as never } })],
      ['E0761', /output y: .*: the same buffer is input q/, encode({ inputs: { q: y } })],
      [
        'E0761',
        /input k: .*: the array has 5 elements, and 168 are needed/,
        () => kernel.run({ inputs: { ...some.inputs, k: new Float32Array(5) } }),
      ],
      [
        'E0761',
        /it is a Int32Array\n {2}hint: give a Float32Array/,
        () => kernel.upload({ k: new Int32Array(168) }),
      ],
      ['E0760', /has no output p/, () => kernel.read('p')],
    ];
    for (const [code, message, f] of rows) {
      const error = await codeOf(f);
      expect({ code: error.code, text: error.message }).toEqual({
        code,
        text: expect.stringMatching(message),
      });
      expect(error.place).toMatch(/^windowed/);
    }
    expect(counted()).toEqual(before);
    // Nothing was recorded: an empty encoder ends well.
    device.queue.submit([encoder.finish()]);
    const make = (sizes: object) => () => createKernel(device, MODULE, sizes as AnyTypes['sizes']);
    const created: readonly (readonly [string, RegExp, object])[] = [
      ['E0760', /the size G, M has no value/, { B: 4, N: 3 }],
      ['E0760', /no size Q/, { ...some.sizes, Q: 3 }],
      ['E0760', /compiled for D = 4, not 16/, { ...some.sizes, D: 16 }],
      ['E0508', /size `N` is 1.5/, { ...some.sizes, N: 1.5 }],
      ['E0507', /elements; the limit is 2\^31/, { ...some.sizes, N: 2 ** 27 }],
      ['E0761', /the device binds at most/, { ...some.sizes, B: 2 ** 8, N: 2 ** 19, M: 2 ** 19 }],
    ];
    for (const [code, message, sizes] of created) {
      const error = await codeOf(make(sizes));
      expect({ code: error.code, text: error.message }).toEqual({
        code,
        text: expect.stringMatching(message),
      });
    }
  });

  it('passes on what WebGPU itself refuses, and goes on', async () => {
    const q = device.createBuffer({ size: 1344, usage: GPUBufferUsage.STORAGE });
    q.destroy();
    const error = await codeOf(() => kernel.run({ inputs: { ...some.inputs, q } }));
    expect([error.code, error.place, error.hint]).toEqual([
      'E0765',
      'windowed',
      expect.stringMatching(/alive/),
    ]);
    await kernel.run({ inputs: some.inputs });
    expectClose(await kernel.read('y'), expected(kernel, some, {})['y']!);
  });

  it('frees everything when there is no memory', async () => {
    const { device: poor, made } = withoutMemory(device);
    const workspace = new Workspace(poor);
    const error = await codeOf(() => createKernel(poor, MODULE, some.sizes, { workspace }));
    expect(error.code).toBe('E0763');
    expect(made.length).toBeGreaterThan(2);
    expect(made.filter((b) => !b.destroyed)).toEqual([]);
    expect(workspace.bytes).toBe(0);
  });

  it('says when its device is gone, or it was destroyed', async () => {
    const other = await openWebgpu();
    const lost = await createKernel(other.device, tiny(), { N: 3 });
    await lost.run({ inputs: { x: new Float32Array(3) } });
    other.device.destroy();
    await other.device.lost;
    const encoder = device.createCommandEncoder();
    for (const f of [
      () => lost.run({ inputs: { x: new Float32Array(3) } }),
      () => lost.read('y'),
      () => lost.encode(encoder, {}),
      () => createKernel(other.device, tiny(), { N: 3 }),
    ]) {
      const error = await codeOf(f);
      expect([error.code, error.message]).toEqual([
        'E0764',
        expect.stringMatching(/the device is lost \(destroyed\)/),
      ]);
    }
    const dead = await createKernel(device, tiny(), { N: 3 });
    dead.destroy();
    expect((await codeOf(() => dead.encode(encoder, {}))).message).toMatch(/the kernel was destroyed/);
  });

  it('is timed by the device', async () => {
    const adapter = await (globalThis as { attncGpu?: GPU }).attncGpu!.requestAdapter();
    const own = await requestDevice(adapter!, [tiny()]);
    if (!own.features.has('timestamp-query')) return;
    const timed = await createKernel(own, tiny(), { N: 3 });
    const timer = new Timer(own, 8);
    await timed.upload({ x: new Float32Array(3) });
    for (const _ of [1, 2]) {
      const encoder = own.createCommandEncoder();
      timed.encode(encoder, { timer });
      timer.resolve(encoder);
      own.queue.submit([encoder.finish()]);
      const times = await timer.read();
      expect(times.map((t) => t.name)).toEqual(tiny().manifest.launches.map((l) => l.launch));
      for (const { ms } of times) expect(ms).toBeGreaterThanOrEqual(0);
    }
    const encoder = own.createCommandEncoder();
    const small = new Timer(own, 1);
    timed.encode(encoder, { timer: small });
    expect((await codeOf(() => timed.encode(encoder, { timer: small }))).code).toBe('E0760');
    expect((await codeOf(() => new Timer(device))).message).toMatch(/timestamp-query/);
    own.destroy();
  });

  it('names what a device lacks', async () => {
    const { value } = compileModule(TINY, { features: { shaderF16: true } });
    const error = await codeOf(() => createKernel(device, value!, { N: 3 }));
    expect([error.code, error.place]).toEqual(['E0762', 'tiny']);
    expect(error.message).toMatch(/it needs the feature shader-f16/);
  });
});

/** Counts what reaches the queue. */
function watched(device: GPUDevice): { readonly encoder: GPUCommandEncoder; readonly counted: () => object } {
  const counts = { submit: 0, writeBuffer: 0 };
  for (const name of ['submit', 'writeBuffer'] as const) {
    const real = device.queue[name].bind(device.queue) as (...args: unknown[]) => void;
    Object.defineProperty(device.queue, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        counts[name]++;
        real(...args);
      },
    });
  }
  return { encoder: device.createCommandEncoder(), counted: () => ({ ...counts }) };
}

async function copied(device: GPUDevice, buffer: GPUBuffer): Promise<Float32Array> {
  const staging = device.createBuffer({
    size: buffer.size,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const result = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return result;
}

/** A device whose memory is always short, and the buffers that it made all the same. */
function withoutMemory(device: GPUDevice): {
  readonly device: GPUDevice;
  readonly made: { destroyed: boolean }[];
} {
  const made: { destroyed: boolean }[] = [];
  const scopes: GPUErrorFilter[] = [];
  const short = new Proxy(device, {
    get(target, key) {
      if (key === 'pushErrorScope')
        return (filter: GPUErrorFilter) => {
          scopes.push(filter);
          target.pushErrorScope(filter);
        };
      if (key === 'popErrorScope')
        return async () => {
          const filter = scopes.pop();
          const told = await target.popErrorScope();
          return filter === 'out-of-memory' && made.length > 0 ? { message: 'there is none' } : told;
        };
      if (key === 'createBuffer')
        return (descriptor: GPUBufferDescriptor) => {
          const buffer = target.createBuffer(descriptor);
          const row = { destroyed: false };
          made.push(row);
          const destroy = buffer.destroy.bind(buffer);
          buffer.destroy = () => {
            row.destroyed = true;
            destroy();
          };
          return buffer;
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  return { device: short, made };
}
