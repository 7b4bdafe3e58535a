/** Kernels lane by lane, as both kinds of device get them: the only executor that sees every race and every access. */
import { describe, it } from 'vitest';
import { expectAgreement } from './agrees.ts';
import { examples } from './examples.ts';

describe.each(['gpu', 'cpu'] as const)('the kernel interpreter with plans for a %s', (device) => {
  it.each(examples())('$title', async (example) => {
    await expectAgreement('kernel-interp', example, 'f32', { device });
  });
});
