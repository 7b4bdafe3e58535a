/** Checks one kernel: declarations first, then definitions where they are first read, then outputs. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { KernelDecl } from '../syntax/ast.ts';
import { checkDeclarations } from './declarations.ts';
import { Definitions } from './definitions.ts';
import type { FnScope, ModelKernel } from './model.ts';
import { checkOutputs } from './outputs.ts';
import { docOf, KernelState } from './state.ts';
import { orderErrors } from './recurrence-order.ts';
import { StateValues } from './state-values.ts';
import { idleBlocks } from './states.ts';
import { unusedWarnings } from './unused.ts';

/** Checks one kernel; everything wrong with it is reported, and what could be understood is in the result. */
export function checkKernel(decl: KernelDecl, fns: FnScope, report: (d: Diagnostic) => void): ModelKernel {
  const s: KernelState = new KernelState(decl, fns, report, {
    define: (d, from) => defs.define(d, from),
    readState: (c, step, from) => states.read(c, step, from),
  });
  checkDeclarations(s);
  const defs: Definitions = new Definitions(s);
  const states = new StateValues(s, defs);
  defs.checkAll();
  states.finish();
  checkOutputs(s, defs);
  s.symbols.complete({ axes: s.axisList, tensors: s.tensors, carried: s.carried, defs: s.defs });
  const kernel: ModelKernel = {
    name: decl.name.text,
    ...docOf(decl),
    span: decl.name.span,
    ok: s.ok,
    sizes: [...s.sizes.keys()],
    axes: s.axisList,
    tensors: [...s.tensors.values()],
    params: s.params,
    consts: s.consts,
    requires: s.requires,
    masks: defs.allMasks(),
    states: s.states,
    defs: s.defs,
    outputs: s.outputs,
    symbols: s.symbols.all(),
    references: s.symbols.references(),
  };
  if (kernel.ok) orderErrors(kernel, decl.span).forEach((d) => s.report(d));
  // After an error much seems unused that is not.
  if (s.ok)
    [...unusedWarnings(kernel, s.mentioned, s.usedMasks), ...idleBlocks(s)].forEach((d) => s.report(d));
  return { ...kernel, ok: s.ok };
}
