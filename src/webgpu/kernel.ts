/** A kernel for one choice of sizes: its buffers, and how it is put into a command encoder. */
import { checkRequires, paramValues } from '../ir/sizes.ts';
import { boundTo, checkAliases, DENSE, makeStored, type Bound, type BufferOf } from './bindings.ts';
import { checkAlive } from './device.ts';
import { at, KernelError } from './error.ts';
import { bindGroup, gridOf, packUniforms, record, type Grid } from './launch.ts';
import type { AnyTypes, KernelModule, KernelTypes, Values } from './module.ts';
import type { CompiledEntry } from './pipelines.ts';
import { gone, scoped } from './scoped.ts';
import type { TensorOfKernel } from './tensors.ts';
import type { Timer } from './timer.ts';
import { arrayNames, decodeValues, encodeValues } from './values.ts';

type Buffers<T> = { readonly [K in keyof T]?: BufferOf };
/** Params may be left out where all of them have defaults. */
type Params<T extends KernelTypes> = {} extends T['params']
  ? { readonly params?: T['params'] }
  : { readonly params: T['params'] };

/** What one launch runs on. */
export type Launch<T extends KernelTypes> = Params<T> & {
  /** Buffers of inputs; what is not named here was uploaded. */
  readonly inputs?: Buffers<T['inputs']>;
  /** Buffers to write to instead of the kernel's own. */
  readonly outputs?: Buffers<T['outputs']>;
  readonly timer?: Timer;
};
/** As a launch, where inputs can be arrays that are uploaded first. */
export type Run<T extends KernelTypes> = Omit<Launch<T>, 'inputs'> & {
  readonly inputs?: { readonly [K in keyof T['inputs']]?: T['inputs'][K] | BufferOf };
};

/** @internal What `createKernel` made. */
export interface KernelParts<T extends KernelTypes> {
  readonly device: GPUDevice;
  readonly module: KernelModule<T>;
  /** All sizes. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly tensors: ReadonlyMap<string, TensorOfKernel>;
  readonly entries: readonly CompiledEntry[];
  readonly outputs: ReadonlyMap<string, GPUBuffer>;
  readonly workspace: ReadonlyMap<string, GPUBuffer>;
  /** Of these, what nobody else uses. */
  readonly own: readonly GPUBuffer[];
}

/** Bind groups of one choice of buffers and params. */
interface Groups {
  readonly bound: ReadonlyMap<string, Bound>;
  readonly uniforms: GPUBuffer | undefined;
  readonly groups: readonly GPUBindGroup[];
}
interface Upload {
  readonly t: TensorOfKernel;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
/** As many choices are remembered; a decoding loop alternates between two. */
const MAX_GROUPS = 8;
const MAX_UNIFORMS = 64;

export class Kernel<T extends KernelTypes = AnyTypes> {
  readonly #parts: KernelParts<T>;
  readonly #grids: readonly Grid[];
  readonly #uploaded = new Map<string, GPUBuffer>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  #groups: Groups[] = [];
  #destroyed = false;
  /** The kernel's own outputs, which each launch without `outputs` overwrites. */
  readonly outputs: { readonly [K in keyof T['outputs']]: GPUBuffer };

  /** @internal */
  constructor(parts: KernelParts<T>) {
    this.#parts = parts;
    const { manifest } = parts.module;
    this.#grids = manifest.launches.map((l) => gridOf(l.grid, manifest.maxGridPerDimension, parts.sizes));
    this.outputs = Object.fromEntries(parts.outputs) as { readonly [K in keyof T['outputs']]: GPUBuffer };
  }

  get name(): string {
    return this.#parts.module.manifest.kernel;
  }

  /** Extents of an input or output, outermost first. */
  shape(tensor: keyof (T['inputs'] & T['outputs']) & string): readonly number[] {
    return this.#tensor(tensor).shape;
  }

  /**
   * Copies arrays into buffers that the kernel keeps; the copies run before all that is submitted later.
   * @throws KernelError E0761 before anything is copied; the promise is rejected with E0763 when there is no memory
   */
  upload(values: { readonly [K in keyof T['inputs']]?: T['inputs'][K] }): Promise<void> {
    this.#alive();
    const uploads = this.#encodeAll(values);
    return this.#submitting('upload', () => this.#write(uploads));
  }

  /**
   * Records all launches of the kernel; nothing is submitted, and nothing is recorded when anything is wrong.
   * @throws KernelError E0504, E0509, E0510 for params, E0760 and E0761 for buffers, E0764 without a device
   */
  encode(encoder: GPUCommandEncoder, launch: Launch<T>): void {
    const { entries } = this.#alive();
    const { timer } = launch;
    const groups = this.#groupsFor(this.#bind(launch), this.#uniformsFor(launch.params ?? {}));
    const timed = this.#grids.filter((g) => g.x > 0).length;
    if (timer && timer.free < timed)
      throw this.#error(
        'E0760',
        `it has ${timed} launches, and the timer has room for ${timer.free}`,
        'read it first',
      );
    entries.forEach((entry, n) => {
      const grid = this.#grids[n]!;
      record(encoder, entry, groups[n]!, grid, grid.x > 0 ? timer?.next(entry.entry.launch) : undefined);
    });
  }

  /**
   * Uploads arrays, records and submits in one call.
   * @returns once the device has accepted it, or a rejection: as `encode`, E0763 and E0765
   */
  async run(launch: Run<T>): Promise<void> {
    const { device } = this.#alive();
    const given = Object.entries(launch.inputs ?? {}) as [string, BufferOf | Values | undefined][];
    const arrays = given.filter(([, v]) => ArrayBuffer.isView(v));
    const buffers = given.filter(([, v]) => !ArrayBuffer.isView(v));
    const uploads = this.#encodeAll(Object.fromEntries(arrays));
    await this.#submitting('run', () => {
      this.#write(uploads);
      const encoder = device.createCommandEncoder({ label: this.name });
      this.encode(encoder, { ...launch, inputs: Object.fromEntries(buffers) } as unknown as Launch<T>);
      device.queue.submit([encoder.finish()]);
    });
  }

  /** Waits for what was submitted and copies one of the kernel's own outputs: 16-bit floats as f32. */
  async read<K extends keyof T['outputs'] & string>(output: K): Promise<T['outputs'][K]> {
    const { device } = this.#alive();
    const t = this.#tensor(output, 'output');
    const buffer = this.#parts.outputs.get(output)!;
    let staging: GPUBuffer | undefined;
    try {
      await this.#submitting('read', () => {
        staging = device.createBuffer({
          size: buffer.size,
          usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
        });
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
        device.queue.submit([encoder.finish()]);
      });
      await staging!.mapAsync(GPUMapMode.READ);
      return decodeValues(t.storage, staging!.getMappedRange().slice(0), t.count) as T['outputs'][K];
    } catch (e) {
      if (e instanceof KernelError) throw e;
      throw gone(t.place, `it cannot be read: ${e instanceof Error ? e.message : String(e)}`);
    } finally {
      staging?.destroy();
    }
  }

  /** Frees the buffers that the kernel made. What was submitted still runs; what was only recorded cannot be submitted. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#groups = [];
    const own = [...this.#parts.own, ...this.#uploaded.values(), ...this.#uniforms.values()];
    for (const buffer of own) buffer.destroy();
  }

  #alive(): KernelParts<T> {
    checkAlive(this.#parts.device, this.name);
    if (this.#destroyed) throw gone(this.name, 'the kernel was destroyed');
    return this.#parts;
  }

  #error(code: string, message: string, hint: string): KernelError {
    return new KernelError({ code, place: this.name, message, hint });
  }

  #submitting(what: string, f: () => void): Promise<void> {
    return scoped(this.#parts.device, `${this.name}, ${what}`, f, (message) =>
      this.#error('E0765', message, 'buffers must be alive and of the same device'),
    );
  }

  #tensor(name: string, role?: TensorOfKernel['role']): TensorOfKernel {
    const t = this.#parts.tensors.get(name);
    if (t && t.role !== 'workspace' && (role === undefined || t.role === role)) return t;
    const known = [...this.#parts.tensors.values()].filter((x) => x.role === (role ?? x.role));
    throw this.#error(
      'E0760',
      `it has no ${role ?? 'tensor'} ${name}`,
      `there are ${known.map((x) => x.name).join(', ')}`,
    );
  }

  /** Arrays as bytes, all of them or none. */
  #encodeAll(values: object): readonly Upload[] {
    return Object.entries(values as Readonly<Record<string, Values | undefined>>)
      .flatMap(([name, given]) => (given === undefined ? [] : [{ t: this.#tensor(name, 'input'), given }]))
      .map(({ t, given }) => {
        const unfit = (message: string, hint: string): KernelError =>
          new KernelError({ code: 'E0761', place: t.place, message, hint });
        const bytes = encodeValues(t.storage, given);
        if (!bytes)
          throw unfit(
            `it is a ${Object(given).constructor.name}`,
            `give a ${arrayNames(t.storage).join(' or a ')}`,
          );
        if (given.length !== t.count)
          throw unfit(`the array has ${given.length} elements, and ${t.count} are needed`, DENSE);
        return { t, bytes };
      });
  }

  #write(uploads: readonly Upload[]): void {
    const { device } = this.#parts;
    for (const { t, bytes } of uploads) {
      const buffer = this.#uploaded.get(t.name) ?? makeStored(device, t);
      this.#uploaded.set(t.name, buffer);
      device.queue.writeBuffer(buffer, 0, bytes);
    }
  }

  #bind(launch: Launch<T>): ReadonlyMap<string, Bound> {
    const { device, tensors, outputs, workspace } = this.#parts;
    const inputs = (launch.inputs ?? {}) as Readonly<Record<string, BufferOf | undefined>>;
    const written = (launch.outputs ?? {}) as Readonly<Record<string, BufferOf | undefined>>;
    for (const name of Object.keys(inputs)) this.#tensor(name, 'input');
    for (const name of Object.keys(written)) this.#tensor(name, 'output');
    const bound = new Map<string, Bound>();
    for (const t of tensors.values()) {
      const given = t.role === 'input' ? inputs[t.name] : t.role === 'output' ? written[t.name] : undefined;
      const own = t.role === 'input' ? this.#uploaded : t.role === 'output' ? outputs : workspace;
      bound.set(t.name, boundTo(device, t, given ?? own.get(t.name)));
    }
    checkAliases(tensors, bound);
    return bound;
  }

  /** Never written again once it is made: launches that are recorded and not yet submitted keep their params. */
  #uniformsFor(given: object): GPUBuffer | undefined {
    const { device, module, sizes } = this.#parts;
    const { signature, manifest } = module;
    const entries = Object.entries(given as Readonly<Record<string, number | boolean>>);
    const unknown = entries.find(([name]) => !signature.params.some((p) => p.name === name));
    if (unknown)
      throw this.#error(
        'E0760',
        `it has no param ${unknown[0]}`,
        `there are ${signature.params.map((p) => p.name).join(', ') || 'none'}`,
      );
    const bytes = at(this.name, () => {
      const params = paramValues(
        signature,
        sizes,
        Object.fromEntries(entries.map(([n, v]) => [n, Number(v)])),
      );
      checkRequires(signature, sizes, params);
      return packUniforms(manifest, { ...sizes, ...params });
    });
    if (!bytes) return undefined;
    const key = new Uint32Array(bytes).join();
    const known = this.#uniforms.get(key);
    if (known) return known;
    const usage = GPUBufferUsage.UNIFORM;
    const buffer = device.createBuffer({
      label: 'uniforms',
      size: bytes.byteLength,
      usage,
      mappedAtCreation: true,
    });
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(bytes));
    buffer.unmap();
    // Not destroyed when it is forgotten: a recorded launch may still need it.
    if (this.#uniforms.size >= MAX_UNIFORMS) this.#uniforms.delete(this.#uniforms.keys().next().value!);
    this.#uniforms.set(key, buffer);
    return buffer;
  }

  #groupsFor(bound: ReadonlyMap<string, Bound>, uniforms: GPUBuffer | undefined): readonly GPUBindGroup[] {
    const same = (g: Groups): boolean =>
      g.uniforms === uniforms &&
      [...bound].every(([name, b]) => {
        const other = g.bound.get(name)!;
        return other.buffer === b.buffer && other.offset === b.offset;
      });
    const known = this.#groups.find(same);
    if (known) return known.groups;
    const { device, entries } = this.#parts;
    const groups = entries.map((entry) => bindGroup(device, entry, bound, uniforms));
    this.#groups = [{ bound, uniforms, groups }, ...this.#groups.slice(0, MAX_GROUPS - 1)];
    return groups;
  }
}
