/** The CUDA C++ back-end: one source file, its C header and a manifest per program. */
import type { Program } from '../../src/kernel/kernel.ts';
import type { Backend, BackendOptions } from '../backend.ts';
import { checkLimits } from '../check-limits.ts';
import { printHeader } from './header.ts';
import { printLauncher } from './launcher.ts';
import { legalize } from './legalize.ts';
import { limitsFor } from './limits.ts';
import { manifestOf } from './manifest.ts';
import { fileStem } from './names.ts';
import { printProgram } from './print.ts';

export const cudaBackend: Backend = {
  name: 'cuda',
  limits: limitsFor,
  legalize: (program: Program) => legalize(program),
  check: (program: Program, options: BackendOptions) => checkLimits(program, limitsFor(options)),
  emit: (program: Program) => {
    const stem = fileStem(program.name);
    return [
      { path: `${stem}.cu`, text: printProgram(program, printLauncher(program)) },
      { path: `${stem}.h`, text: printHeader(program) },
      { path: `${stem}.cuda.json`, text: `${JSON.stringify(manifestOf(program), null, 2)}\n` },
    ];
  },
};
