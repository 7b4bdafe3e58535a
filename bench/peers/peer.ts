/** Other libraries that compute the same attention on the same WebGPU adapter, as peers of the dense rows. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/runtime/package-root.ts';
import { WIDTH, type Tensors } from '../attention.ts';

/** Attention of one batch: `heads` × `rows` × `WIDTH`, scaled by 1/√WIDTH. */
export interface Shape {
  readonly heads: number;
  readonly rows: number;
  readonly causal: boolean;
}

export interface PreparedPeer {
  /** One run until the device is idle, tensors on the device; gives milliseconds. */
  run(): Promise<number>;
  /** Of the last run, heads × rows × WIDTH. */
  output(): Promise<Float32Array>;
  destroy(): void;
}

export interface Peer {
  readonly name: string;
  prepare(shape: Shape, tensors: Tensors): Promise<PreparedPeer>;
}

const FOLDER = join(packageRoot(), 'bench', 'peers');
export const INSTALL = 'npm ci --ignore-scripts --prefix bench/peers';

export const peersInstalled = (): boolean => existsSync(join(FOLDER, 'node_modules'));

/** A module of a peer's package, which is not among the packages of this one. `file` is relative to `node_modules`. */
export const importPeer = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(join(FOLDER, 'node_modules', file)).href)) as T;

/** A package of CommonJS modules. */
export const requirePeer = <T>(name: string): T => createRequire(join(FOLDER, 'package.json'))(name) as T;

export const peerFolder = (inner: string): string => join(FOLDER, 'node_modules', inner);

/**
 * Libraries for browsers look for `navigator.gpu`.
 * @param hidden features of the adapter that they shall not see
 */
export function showGpu(hidden: readonly string[] = []): void {
  const gpu = (globalThis as typeof globalThis & { attncGpu?: GPU }).attncGpu;
  if (!gpu) throw new Error('no WebGPU device is open');
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await gpu.requestAdapter(options);
    return adapter && hiding(adapter, new Set(hidden));
  };
  Object.defineProperty(globalThis, 'navigator', {
    value: {
      userAgent: 'node',
      hardwareConcurrency: 1,
      gpu: { requestAdapter, wgslLanguageFeatures: gpu.wgslLanguageFeatures },
    },
    configurable: true,
  });
}

function hiding(adapter: GPUAdapter, hidden: ReadonlySet<string>): GPUAdapter {
  return new Proxy(adapter, {
    get(target, name) {
      if (name === 'features') return new Set([...target.features].filter((f) => !hidden.has(f)));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** heads × rows × WIDTH ⇄ rows × heads × WIDTH, the order that some peers want. */
export function swapOrder(data: Float32Array, outer: number, inner: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let a = 0; a < outer; a++)
    for (let b = 0; b < inner; b++)
      out.set(data.subarray((a * inner + b) * WIDTH, (a * inner + b + 1) * WIDTH), (b * outer + a) * WIDTH);
  return out;
}
