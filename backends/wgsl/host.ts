/**
 * Typed host code for one program: a TypeScript file that imports nothing and launches the kernels through WebGPU.
 * Its shape is made with ts-morph, which is slow to load and therefore loaded only here.
 */
import { PACKED_PRODUCTS } from './limits.ts';
import { freeVars } from '../../src/expr/expr.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import type { BackendOptions } from '../backend.ts';
import { addCreate } from './host-create.ts';
import type { HostParts } from './host-parts.ts';
import { HOST_DIVISION, HOST_NAMES, HOST_RUNTIME } from './host-runtime.ts';
import { addTables } from './host-tables.ts';
import { addTypes } from './host-types.ts';
import { manifestOf } from './manifest.ts';
import { printModule } from './print.ts';

/** `gated_window` → `GatedWindow`. */
export function typeName(kernel: string): string {
  const words = kernel.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const name = words.map((w) => w[0]!.toUpperCase() + w.slice(1)).join('');
  return /^[A-Za-z]/.test(name) && !HOST_NAMES.includes(name) ? name : `Kernel${name}`;
}

/** The text of the host file of a legalised program. */
export async function printHost(program: Program, options: BackendOptions = {}): Promise<string> {
  const { Project, IndentationText, QuoteKind } = await import('ts-morph');
  const project = new Project({
    useInMemoryFileSystem: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single },
  });
  const file = project.createSourceFile('host.ts');
  const extents = [...program.inputs, ...program.outputs, ...program.workspace].flatMap((t) => t.shape);
  const used = new Set([...extents, ...program.kernels.map((k) => k.grid)].flatMap((e) => [...freeVars(e)]));
  const source = printModule(program, options);
  const parts: HostParts = {
    program,
    manifest: manifestOf(program, options),
    name: typeName(program.name),
    sizes: program.uniforms.filter((u) => used.has(u.name)),
    params: program.uniforms.filter((u) => !used.has(u.name)),
    needsF16: /^enable f16;$/m.test(source),
    needsPackedProducts: source.includes(`\nrequires ${PACKED_PRODUCTS};`),
  };
  addTypes(file, parts);
  addTables(file, parts);
  addCreate(file, parts);
  file.addStatements(`\n${HOST_RUNTIME}`);
  const body = file.getFullText();
  if (/floor(Div|Mod)\(/.test(body)) file.addStatements(`\n${HOST_DIVISION}`);
  file.addStatements([
    '\n/** All kernels, as a person may read them. */',
    `const SOURCE = \`${source.replace(/[\\`]|\$\{/g, '\\$&')}\`;`,
  ]);
  const head = `// ${program.name} on WebGPU: host code made by attnc. It imports nothing; types come from @webgpu/types.\n\n`;
  return head + file.getFullText().trimStart();
}
