/** Printed WGSL on a WebGPU device with 16-bit tensors: unpacked from words, and a part with the shader-f16 feature. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { expectAgreement } from './agrees.ts';
import { everyNth, examples } from './examples.ts';

const missing = await missingFor('wgsl');
const native =
  missing ??
  (await openWebgpu({ shaderF16: true }).then(
    () => undefined,
    (e: Error) => e.message,
  ));

describe.skipIf(missing !== undefined)(
  `WGSL in f16 (${missing ?? 'a device is here'})`,
  { timeout: 600_000 },
  () => {
    it.each(everyNth(examples(), 6))('$title', (example) => expectAgreement('wgsl', example, 'f16'));
    it.each(everyNth(examples(), 12, 1))('$title in bf16', (example) =>
      expectAgreement('wgsl', example, 'bf16'),
    );
  },
);

describe.skipIf(native !== undefined)(
  `WGSL in f16 with shader-f16 (${native ?? 'the device has it'})`,
  { timeout: 600_000 },
  () => {
    it.each(everyNth(examples(), 12, 7))('$title', (example) =>
      expectAgreement('wgsl', example, 'f16', { shaderF16: true }),
    );
  },
);
