/** The host's view of a program: the members of its argument struct and what they must fulfil. */
import { freeVars, type Expr } from '../../src/expr/expr.ts';
import type { Program, ProgramTensor, Uniform } from '../../src/kernel/kernel.ts';
import { makeNamer } from './names.ts';

export interface Signature {
  /** Sizes of tensors and grids, in order. */
  readonly sizes: readonly string[];
  /** Other uniforms. */
  readonly params: readonly Uniform[];
  /** Member of the argument struct for a tensor, size or param. */
  readonly member: (name: string) => string;
}

/** A uniform that a shape or grid depends on is a size; the others are params. */
export function signatureOf(program: Program): Signature {
  const mentioned = new Set<string>();
  for (const e of formulas(program)) freeVars(e, mentioned);
  const params = program.uniforms.filter((u) => !mentioned.has(u.name));
  const sizes = new Set(program.uniforms.filter((u) => mentioned.has(u.name)).map((u) => u.name));
  for (const name of mentioned) if (!Object.hasOwn(program.fixed, name)) sizes.add(name);
  const member = makeNamer(['workspace', 'workspace_bytes']);
  for (const t of [...program.inputs, ...program.outputs]) member(t.name);
  return { sizes: [...sizes], params, member };
}

function formulas(program: Program): readonly Expr[] {
  const tensors: readonly ProgramTensor[] = [...program.inputs, ...program.outputs, ...program.workspace];
  return [...tensors.flatMap((t) => t.shape), ...program.kernels.map((k) => k.grid)];
}
