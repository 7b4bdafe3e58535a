/**
 * What one recurrent spec is compiled to. All of it is semantic IR made from semantic IR, so that the interpreter defines
 * each artefact and every pass and back-end after this one lowers it like any kernel.
 */
import type { Expr } from '../../expr/expr.ts';
import { printExpr } from '../../expr/print.ts';
import type { IrKernel } from '../ir.ts';
import { applyOf } from './apply.ts';
import { carriedSums } from './carried-sums.ts';
import { combineOf } from './combine.ts';
import { identifier } from './names.ts';
import { noRecurrence } from './refusals.ts';
import { cutSegment } from './segment.ts';
import { summaryOf } from './summary.ts';

export const ARTEFACTS = ['sequence', 'step', 'summary', 'combine', 'apply'] as const;
/**
 * - `sequence`: the kernel as it is written.
 * - `step`: one position, from the state before it to the state after it.
 * - `summary`: a part of a sequence as its states from nothing, and what is left of how they start.
 * - `combine`: two summaries, of parts that follow each other, as one.
 * - `apply`: the outputs of a part, given the state that came in.
 */
export type Artefact = (typeof ARTEFACTS)[number];

const handsOn = (x: { readonly input: string; readonly output: string; readonly start?: Expr }): string => {
  const start = x.start ? `, at first ${printExpr(x.start)}` : '';
  return `hands on ${x.input} as ${x.output}${start}`;
};

/**
 * @param written the kernel; its sums over earlier positions become states first, where it has no others
 * @throws UserError E0630 to E0633 when the kernel has no such artefact
 */
export function artefactOf(written: IrKernel, artefact: Artefact): IrKernel {
  if (artefact === 'sequence') return written;
  const k = carriedSums(written);
  if (k.states.length === 0) throw noRecurrence(k.name, artefact, k.span);
  const name = `${k.name}_${artefact}`;
  const segment = cutSegment(k, artefact === 'step' ? 'step' : 'part');
  const begins = [...segment.offsets].map(([axis, param]) => `${param} is the first position along ${axis}`);
  const carried = [...segment.carried, ...segment.tails].map(handsOn);
  switch (artefact) {
    case 'step': {
      const doc = `One step of \`${k.name}\`.`;
      return { ...segment.kernel, name, doc, notes: [...carried, ...begins] };
    }
    case 'summary':
    case 'combine': {
      const summary = summaryOf(segment, `${k.name}_summary`);
      const notes = summary.states
        .filter((s) => !s.extreme && s.scale === undefined)
        .filter((s) => !summary.transitions.some((t) => t.to === s.state.name && t.from === s.state.name))
        .map((s) => `the transition of ${identifier(s.state.name)} is the identity and is left out`);
      if (artefact === 'combine') return { ...combineOf(summary, name), notes };
      return { ...summary.kernel, notes: [...begins, ...notes] };
    }
    case 'apply': {
      const { kernel, recomputes } = applyOf(k, segment, name);
      const how =
        recomputes === undefined
          ? 'adds what came in to the outputs of the part alone'
          : `runs the part again from what came in, because ${recomputes}`;
      return { ...kernel, notes: recomputes === undefined ? [how] : [how, ...carried, ...begins] };
    }
  }
}
