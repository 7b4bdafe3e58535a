import { expect, it, vi } from 'vitest';
import { restWhileWaiting } from '../../src/runtime/resting.ts';

/** Asks for news in each turn of the event loop, as Dawn's binding does. */
const polling = () =>
  class {
    turns = 0;
    onSubmittedWorkDone(ms: number, lost = false): Promise<number> {
      const end = performance.now() + ms;
      return new Promise((resolve, reject) => {
        const poll = (): void => {
          this.turns++;
          if (performance.now() < end) setImmediate(poll);
          else if (lost) reject(new Error('lost'));
          else resolve(ms);
        };
        setImmediate(poll);
      });
    }
  };

/** Sleeps are not shorter than a twentieth of a millisecond, however slow the machine is. */
const most = (ms: number): number => 20 * ms + 20;

it('sleeps between the turns of the event loop while a device works', async () => {
  const GPUQueue = polling();
  restWhileWaiting({ GPUQueue });
  restWhileWaiting({ GPUQueue });
  const queue = new GPUQueue();
  expect(await queue.onSubmittedWorkDone(60)).toBe(60);
  expect(queue.turns).toBeLessThan(most(60));
  // Sleeps grow with what was waited: were they all as short as the first, there would be more.
  expect(queue.turns).toBeLessThan(most(60) / 3);
});

it('passes on that a device was lost, and sleeps for the next one', async () => {
  const GPUQueue = polling();
  restWhileWaiting({ GPUQueue });
  const queue = new GPUQueue();
  await expect(queue.onSubmittedWorkDone(5, true)).rejects.toThrow('lost');
  queue.turns = 0;
  await Promise.all([queue.onSubmittedWorkDone(10), queue.onSubmittedWorkDone(40)]);
  expect(queue.turns).toBeLessThan(2 * most(40));
});

it('sleeps no more when nothing is awaited', async () => {
  const GPUQueue = polling();
  restWhileWaiting({ GPUQueue });
  await new GPUQueue().onSubmittedWorkDone(1);
  const sleeps = vi.spyOn(Atomics, 'wait');
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
  expect(sleeps).not.toHaveBeenCalled();
  sleeps.mockRestore();
});
