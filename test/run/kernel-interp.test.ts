/** Kernels lane by lane, as both kinds of device get them: the only executor that sees every race and every access. */
import { describe, it } from 'vitest';
import { expectAgreement } from './agrees.ts';
import { everyNth, examples } from './examples.ts';

// Plans for a CPU also run on such a device, all of them.
const SHOWN = { gpu: examples(), cpu: everyNth(examples(), 4) };

describe.each(['gpu', 'cpu'] as const)('the kernel interpreter with plans for a %s', (device) => {
  it.each(SHOWN[device])('$title', async (example) => {
    await expectAgreement('kernel-interp', example, 'f32', { device });
  });
});
