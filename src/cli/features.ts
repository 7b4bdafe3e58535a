/** The flags that say what a target may use and for what kind of device kernels are planned, shared by several commands. */
import type { Command } from 'commander';
import type { Features } from './pipeline.ts';
import { oneOf } from './usage.ts';

export interface FeatureOptions {
  readonly device?: 'gpu' | 'cpu';
  readonly f16?: true;
}

/** Adds `--device --f16`; `usual` says in the help what happens without the first. */
export function addFeatureOptions(command: Command, usual: string): Command {
  return command
    .option(
      '--device <kind>',
      `WGSL: plan for a gpu, or for a device that runs on the cpu (default: ${usual})`,
      oneOf('device', ['gpu', 'cpu'] as const),
    )
    .option('--f16', 'WGSL: use the shader-f16 feature for 16-bit storage');
}

export const featuresOf = ({ device, f16 }: FeatureOptions): Features => ({
  shaderF16: f16 === true,
  ...(device ? { device } : {}),
});
