/**
 * Waiting for a device that is a program. Dawn's binding for Node asks its devices for news once in every turn of the event
 * loop, and turns it without pause while anything is awaited: one core does nothing else, and the device, whose lanes run on the
 * same cores, loses it (dense attention on two cores takes 1.5 times as long). Here the thread sleeps between the turns.
 */

/** Methods of WebGPU whose promises wait for the device, or for its compiler. */
const WAITING = {
  GPUQueue: ['onSubmittedWorkDone'],
  GPUDevice: ['createComputePipelineAsync'],
  GPUBuffer: ['mapAsync'],
} as const;

/** Of the time that was waited so far, so that a wait is found to be over at most this much late. */
const SHARE = 1 / 32;
/** Milliseconds of one sleep. */
const SHORTEST = 0.05;
const LONGEST = 1;

const RESTS = Symbol.for('attnc.rests');

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;
type Classes = Readonly<Partial<Record<keyof typeof WAITING, { readonly prototype: object }>>>;

/**
 * From now on the thread sleeps while promises of these classes are pending, at most one millisecond at a time; other events
 * are seen to in between. Classes that do so already are left as they are.
 * @param classes constructors by name, such as the `globals` of the package `webgpu`
 */
export function restWhileWaiting(classes: Classes): void {
  for (const [name, methods] of Object.entries(WAITING)) {
    const prototype = classes[name as keyof typeof WAITING]?.prototype as
      (Record<string, Method> & { [RESTS]?: true }) | undefined;
    if (!prototype || Object.hasOwn(prototype, RESTS)) continue;
    Object.defineProperty(prototype, RESTS, { value: true });
    for (const method of methods) {
      const own = prototype[method]!;
      prototype[method] = function (...args) {
        return awaited(own.apply(this, args));
      };
    }
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4));
let pending = 0;
let since = 0;
let turning = false;

function awaited<T>(promise: Promise<T>): Promise<T> {
  pending++;
  since = performance.now();
  const over = (): void => void pending--;
  promise.then(over, over);
  if (!turning) {
    turning = true;
    setImmediate(turn);
  }
  return promise;
}

function turn(): void {
  turning = pending > 0;
  if (!turning) return;
  const ms = (performance.now() - since) * SHARE;
  Atomics.wait(cell, 0, 0, Math.min(LONGEST, Math.max(SHORTEST, ms)));
  setImmediate(turn);
}
