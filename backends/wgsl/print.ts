/** Prints a legalised program as one WGSL module with an entry point per kernel. */
import { freeVars } from '../../src/expr/expr.ts';
import type { Kernel, Program } from '../../src/kernel/kernel.ts';
import { subgroupNeeded } from '../../src/kernel/subgroups.ts';
import { someStmt, visitExprs } from '../../src/kernel/walk.ts';
import type { BackendOptions } from '../backend.ts';
import { evaluateFormula, printFormula } from '../formula.ts';
import { ExpressionPrinter, type Place } from './expression.ts';
import { wgslLimits } from './limits.ts';
import { ModuleContext } from './module.ts';
import { Names } from './names.ts';
import { printBlock, type StatementScope } from './statement.ts';
import { subgroupHead } from './subgroups.ts';
import { takenInFours } from './vectors.ts';
import { wrapLine } from './wrap.ts';

/** The module's text; deterministic, ends with a newline. */
export function printModule(program: Program, options: BackendOptions = {}): string {
  const module = new ModuleContext(program, options);
  const entries = program.kernels.map((k) => printEntry(k, module));
  const lanes = module.subgroupNeeded() ?? 1;
  const needs = lanes > 1 ? `\n// Needs a device whose subgroups have at least ${lanes} lanes.` : '';
  const head = `// ${program.name}: WGSL made by attnc.${needs}`;
  const [enable, ...rest] = module.declarations();
  const parts = enable?.startsWith('enable') ? [enable, ...rest] : [enable ?? '', ...rest];
  return [head, ...parts.filter((p) => p !== ''), ...entries].join('\n\n') + '\n';
}

function printEntry(k: Kernel, module: ModuleContext): string {
  const names = new Names(module.names);
  const places = new Map<string, Place>();
  const inFours = takenInFours(k);
  for (const s of k.shared) {
    const fours = inFours.has(s.name);
    places.set(s.name, {
      kind: 'shared',
      text: module.sharedName(s, fours),
      half: s.storage === 'f16',
      fours,
    });
  }
  const place = (name: string): Place | undefined => places.get(name);
  // One text per name in the whole kernel: sibling scopes may use it again, nested ones never do.
  const declare = (name: string): string => {
    const known = places.get(name);
    if (known) return known.text;
    const text = names.fresh(name);
    places.set(name, { kind: 'local', text });
    return text;
  };
  const declareVector = (elements: readonly string[]): string => {
    const known = places.get(elements[0]!);
    if (known) return known.text.replace(/\.x$/, '');
    const text = names.fresh(elements[0]!.replace(/_e0$/, ''));
    for (const [n, e] of elements.entries()) places.set(e, { kind: 'local', text: `${text}.${'xyzw'[n]}` });
    return text;
  };
  const expressions = new ExpressionPrinter(module, place, (n) => module.tensorIn(k, n));
  const used = new Set<string>();
  visitExprs(k.body, (e) => {
    if (e.kind === 'var') used.add(e.name);
  });
  if (someStmt(k.body, (s) => s.kind === 'some')) used.add('lane');
  const { params, lines } = launchHead(k, module, names, used, expressions, (name, text) =>
    places.set(name, { kind: 'local', text }),
  );
  const sharesStorage = k.buffers.some((b) => b.access === 'read_write');
  const scope: StatementScope = {
    module,
    expressions,
    place,
    declare,
    declareVector,
    tensor: (n) => module.tensorIn(k, n),
    barrier: sharesStorage ? ['storageBarrier();', 'workgroupBarrier();'] : ['workgroupBarrier();'],
  };
  const body = printBlock(k.body, scope, '  ');
  return [
    ...(k.doc ? k.doc.split('\n').map((l) => `// ${l}`.trimEnd()) : []),
    `@compute @workgroup_size(${k.lanes})`,
    params.length > 0
      ? `fn ${module.entryNames.get(k)}(\n${params.map((p) => `  ${p},\n`).join('')}) {`
      : `fn ${module.entryNames.get(k)}() {`,
    ...lines,
    ...body.map(wrapLine),
    '}',
  ].join('\n');
}

/** Of kernels with matrices of subgroups: what the IR calls them, and what WGSL does. */
const MATRIX_BUILTINS = [
  ['subgroup_number', 'subgroup_id'],
  ['subgroups', 'num_subgroups'],
] as const;

/** Builtin parameters and the lines that make `workgroup` and `lane` of them. */
function launchHead(
  k: Kernel,
  module: ModuleContext,
  names: Names,
  used: ReadonlySet<string>,
  expressions: ExpressionPrinter,
  define: (name: string, text: string) => void,
): { readonly params: readonly string[]; readonly lines: readonly string[] } {
  const params: string[] = [];
  const lines: string[] = [];
  const limit = wgslLimits(module.options).maxGridPerDimension;
  const fixed = module.program.fixed;
  const known = [...freeVars(k.grid)].every((n) => Object.hasOwn(fixed, n));
  const fits = known && evaluateFormula(printFormula(k.grid), fixed) <= limit;
  for (const [name, builtin] of MATRIX_BUILTINS)
    if (used.has(name)) {
      const index = names.fresh(builtin);
      const number = names.fresh(name);
      define(name, number);
      params.push(`@builtin(${builtin}) ${index}: u32`);
      lines.push(`  let ${number} = i32(${index});`);
    }
  if (used.has('lane') || used.has('subgroup')) {
    // Where lanes exchange values, the workgroup lies in one subgroup and lanes go by their numbers there.
    const exchanges = subgroupNeeded(k) > 1;
    const index = names.fresh('lane_index');
    params.push(`@builtin(${exchanges ? 'subgroup_invocation_id' : 'local_invocation_index'}) ${index}: u32`);
    const lane = names.fresh('lane');
    define('lane', lane);
    lines.push(`  let ${lane} = i32(${index});`);
    if (used.has('subgroup')) {
      const own = subgroupHead(module, names, index);
      define('subgroup', own.name);
      params.push(...own.params);
      lines.push(...own.lines);
    }
  }
  if (used.has('workgroup') || !fits) {
    const id = names.fresh('group_id');
    params.push(`@builtin(workgroup_id) ${id}: vec3<u32>`);
    const group = names.fresh('group');
    define('workgroup', group);
    if (fits) {
      lines.push(`  let ${group} = i32(${id}.x);`);
    } else {
      const count = names.fresh('group_count');
      params.push(`@builtin(num_workgroups) ${count}: vec3<u32>`);
      lines.push(
        `  // More than ${limit} workgroups are folded into a second dimension.`,
        `  let ${group} = i32(${id}.x + ${id}.y * ${count}.x);`,
        `  if ${group} >= ${expressions.text(k.grid)} {`,
        '    return;',
        '  }',
      );
    }
  }
  return { params, lines };
}

/** True when a kernel still holds statements that WGSL cannot say. */
export function needsLowering(k: Kernel): boolean {
  return someStmt(k.body, (s) => ['contract', 'mma', 'ldmatrix', 'shuffle'].includes(s.kind));
}
