/** The tables of generated host code: tensors, shapes, launches. */
import type { SourceFile } from 'ts-morph';
import type { Expr } from '../../src/expr/expr.ts';
import type { ProgramTensor } from '../../src/kernel/kernel.ts';
import { launchesOf } from '../../src/kernel/launches.ts';
import type { ManifestBinding } from '../backend.ts';
import { hostFormula } from './host-formula.ts';
import { dimsText, propertyName, quoted, type HostParts } from './host-parts.ts';

const bindingText = ({ name, binding, access }: ManifestBinding): string =>
  `      { tensor: ${quoted(name)}, binding: ${binding}, reads: ${access === 'read'} },\n`;

/** Tables of tensors and launches, and the functions from sizes to shapes and grids. */
export function addTables(file: SourceFile, parts: HostParts): void {
  const { name, program, manifest, sizes } = parts;
  const formula = (e: Expr): string =>
    hostFormula(e, (n) => (Object.hasOwn(program.fixed, n) ? String(program.fixed[n]) : `s.${n}`));
  const parameter = (texts: readonly string[]): string => (texts.some((t) => /\bs\./.test(t)) ? 's' : '_');
  const shape = (t: ProgramTensor): string => `[${t.shape.map(formula).join(', ')}]`;
  const all = [...program.inputs, ...program.outputs, ...program.workspace];
  const dims = new Map(
    [...manifest.inputs, ...manifest.outputs, ...manifest.workspace].map((t) => [t.name, dimsText(t)]),
  );
  const table = (name: string, list: readonly ProgramTensor[]): string => {
    const rows = list.map((t) => {
      return `  ${propertyName(t.name)}: { storage: '${t.storage}', dims: ${quoted(dims.get(t.name)!)} },\n`;
    });
    return `const ${name}: Readonly<Record<string, TensorSpec>> = {${rows.length > 0 ? `\n${rows.join('')}` : ''}};`;
  };
  const shapes = all.map((t) => `  ${propertyName(t.name)}: ${shape(t)},\n`);
  const launches = launchesOf(program).map(({ kernel: k }, n) => {
    const entry = manifest.launches[n]!;
    const grid = formula(k.grid);
    return [
      '  {\n',
      `    name: ${quoted(entry.launch)},\n`,
      `    entry: ${quoted(entry.name)},\n`,
      `    workgroups: (${parameter([grid])}: ${name}Sizes): number => ${grid},\n`,
      `    bindings: [\n${entry.bindings.map(bindingText).join('')}    ],\n`,
      `    uniforms: ${entry.uniformBinding !== undefined},\n`,
      '  },\n',
    ].join('');
  });
  file.addStatements([
    `\n${table('INPUTS', program.inputs)}`,
    table('OUTPUTS', program.outputs),
    table('WORKSPACE', program.workspace),
    `const shapesOf = (${parameter(shapes)}: ${name}Sizes): Readonly<Record<string, readonly number[]>> => ({\n${shapes.join('')}});`,
    `const LAUNCHES = [\n${launches.join('')}];`,
    `const SIZES = [${sizes.map((u) => quoted(u.name)).join(', ')}];`,
    `const MAX_GRID = ${manifest.maxGridPerDimension};`,
  ]);
}
