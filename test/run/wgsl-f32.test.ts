/** Printed WGSL on a WebGPU device, in f32, as this device gets it. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectAgreement } from './agrees.ts';
import { everyNth, examples } from './examples.ts';

const missing = await missingFor('wgsl');

describe.skipIf(missing !== undefined)(
  `WGSL in f32 (${missing ?? 'a device is here'})`,
  { timeout: 600_000 },
  () => {
    it.each(examples())('$title', (example) => expectAgreement('wgsl', example, 'f32'));
    it.each(everyNth(examples(), 10, 3))('$title without exchanges between lanes', (example) =>
      expectAgreement('wgsl', example, 'f32', { subgroups: 1 }),
    );
  },
);
