/** Kernels with subgroups on lavapipe, whose subgroups have 8 lanes, and with more workgroup memory than is guaranteed. */
import { describe, it } from 'vitest';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { expectAgreement } from './agrees.ts';
import { examples } from './examples.ts';
import { useDriver } from './wgsl.ts';

const driver = useDriver('lavapipe');
const missing =
  driver === undefined
    ? 'its driver is not installed'
    : await openWebgpu({ workgroupBytes: 32768 }).then(
        (gpu) => (gpu.subgroup > 1 ? undefined : `${gpu.name} has no subgroups`),
        (e: Error) => e.message,
      );

/** Its compiler takes ten seconds and more for each. */
const chosen = examples().filter((e) => /^(causal|alibi|sigmoid)[.]attn/.test(e.title));

describe.skipIf(missing !== undefined)(
  `WGSL with subgroups on lavapipe (${missing ?? driver})`,
  { timeout: 240_000 },
  () => {
    it.each(chosen)('$title', (example) =>
      expectAgreement('wgsl', example, 'f32', { device: 'gpu' }, ['past a tile']),
    );
    it.each(chosen.slice(0, 1))('$title with 32768 bytes', (example) =>
      expectAgreement('wgsl', example, 'f32', { device: 'gpu', workgroupBytes: 32768 }, ['past a tile']),
    );
  },
);
