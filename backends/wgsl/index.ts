/** The WGSL back-end. */
import type { Backend } from '../backend.ts';
import { checkLimits } from '../check-limits.ts';
import { legalizeWgsl } from './legalize/legalize.ts';
import { wgslLimits } from './limits.ts';
import { manifestOf, sourceName } from './manifest.ts';
import { printModule } from './print.ts';

export const wgslBackend: Backend = {
  name: 'wgsl',
  limits: wgslLimits,
  legalize: legalizeWgsl,
  check: (program, options) => checkLimits(program, wgslLimits(options)),
  emit: (program, options) => [
    { path: sourceName(program), text: printModule(program, options) },
    { path: `${program.name}.wgsl.json`, text: `${JSON.stringify(manifestOf(program, options), null, 2)}\n` },
  ],
};
