/** How long launches take on the device itself, by its own clock. */
import { KernelError } from './error.ts';

export interface LaunchTime {
  /** What the launch is called. */
  readonly name: string;
  /** Milliseconds; browsers round what the device says. */
  readonly ms: number;
}

const wrong = (message: string, hint: string): KernelError =>
  new KernelError({ code: 'E0760', place: 'timer', message, hint });

/**
 * Times passes that are recorded with it: `kernel.encode(encoder, { timer, … })`, then `timer.resolve(encoder)`, submit, and
 * `await timer.read()`. After that it can be used again.
 */
export class Timer {
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #read: GPUBuffer;
  readonly #capacity: number;
  #names: string[] = [];

  /** @param capacity launches between two reads @throws KernelError E0760 without the feature `timestamp-query` */
  constructor(device: GPUDevice, capacity = 64) {
    if (!device.features.has('timestamp-query'))
      throw wrong(
        'the device was made without the feature timestamp-query',
        'requestDevice of attnc/webgpu asks for it where the adapter has it',
      );
    const size = capacity * 16;
    this.#capacity = capacity;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * capacity });
    this.#resolved = device.createBuffer({
      label: 'timer',
      size,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.#read = device.createBuffer({
      label: 'timer',
      size,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
  }

  /** How many more launches can be timed before the next read. */
  get free(): number {
    return this.#capacity - this.#names.length;
  }

  /** For `beginComputePass`; kernels ask for it once per launch. @throws KernelError E0760 when it is full */
  next(name: string): GPUComputePassTimestampWrites {
    if (this.free === 0)
      throw wrong(
        `it holds ${this.#capacity} launches, and they are all used`,
        'read it, or make a larger one',
      );
    const n = this.#names.push(name) - 1;
    return {
      querySet: this.#queries,
      beginningOfPassWriteIndex: 2 * n,
      endOfPassWriteIndex: 2 * n + 1,
    };
  }

  /** Records the copy of what was timed; once, after the passes. */
  resolve(encoder: GPUCommandEncoder): void {
    const count = 2 * this.#names.length;
    if (count === 0) return;
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#read, 0, 8 * count);
  }

  /** Times in the order of recording, once the commands were submitted; waits until the device has run them. */
  async read(): Promise<readonly LaunchTime[]> {
    const names = this.#names;
    this.#names = [];
    if (names.length === 0) return [];
    await this.#read.mapAsync(GPUMapMode.READ, 0, 16 * names.length);
    const ticks = new BigUint64Array(this.#read.getMappedRange(0, 16 * names.length).slice(0));
    this.#read.unmap();
    return names.map((name, n) => ({ name, ms: Number(ticks[2 * n + 1]! - ticks[2 * n]!) / 1e6 }));
  }

  destroy(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#read.destroy();
  }
}
