/** Mechanisms that select, against references of their own, on every executor. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectReference, referenceCases } from './references.ts';
import { everyNth } from './examples.ts';

const cases = await referenceCases('sparse');

describe('selections on the interpreter', () => {
  // Both are float64: only the order of sums differs.
  it.each(cases)('$title', (c) => expectReference('interp', c, { tolerance: 1e-9 }));
});

describe('selections on the kernel interpreter', () => {
  it.each(cases)('$title', { timeout: 120_000 }, (c) =>
    expectReference('kernel-interp', c, { features: { device: 'gpu' }, takes: (length) => length <= 65 }),
  );
});

/**
 * Drivers and compilers take their time for each example: other cases of it differ in what is selected, not in the kernel. All
 * examples are held to the interpreter on every executor, and the interpreter to all cases; here the two ends meet for a part.
 */
const firsts = cases.filter(
  (c, n) => cases.findIndex((x) => x.example === c.example && x.kernel === c.kernel) === n,
);

const noDevice = await missingFor('wgsl');
describe.skipIf(noDevice !== undefined)(`selections in WGSL (${noDevice ?? 'a device is here'})`, () => {
  // The first case of an example waits for the driver, which compiles its launches.
  it.each(everyNth(firsts, 2))('$title', { timeout: 600_000 }, (c) => expectReference('wgsl', c));
  // Drivers for a CPU take long to compile what is planned for a GPU, once for each example.
  it.each(everyNth(firsts, 16, 3))('$title, planned for a GPU', { timeout: 400_000 }, (c) =>
    expectReference('wgsl', c, {
      features: { device: 'gpu' },
      takes: (length) => length >= 40 && length <= 65,
    }),
  );
});

const noEmulator = await missingFor('cuda-emu');
describe.skipIf(noEmulator !== undefined)(`selections in CUDA (${noEmulator ?? 'g++ is here'})`, () => {
  it.each(everyNth(firsts, 3, 1))('$title', { timeout: 180_000 }, (c) =>
    expectReference('cuda-emu', c, { takes: (length) => length >= 40 }),
  );
});

/** Rows that select few of many blocks for themselves: planned for a long sequence, rows of one block are a tile. */
const bounded = cases.filter((c) => (c.consts['top'] ?? Infinity) <= 16);
const BY_QUERIES = { expected: { N: 8192 }, features: { device: 'cpu' } } as const;

describe('tiles of rows that selected the same block, on the kernel interpreter', () => {
  it.each(bounded)('$title', { timeout: 120_000 }, (c) =>
    expectReference('kernel-interp', c, { ...BY_QUERIES, takes: (length) => length <= 65 }),
  );
});
