/** `attnc/vite`: imports of `.attn` files are compiled kernels, in Vite and in Rollup. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Plugin } from 'vite';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { positionAt, renderDiagnostic } from '../diagnostics/render.ts';
import { writeFilesAtomically } from '../runtime/write-files.ts';
import { compileFile, type CompiledFile, type KernelOptions } from './compile-file.ts';
import { declarationPath, printDeclaration } from './declaration.ts';
import { literal } from './literal.ts';
import { exportName } from './names.ts';

export type { KernelOptions } from './compile-file.ts';

export interface AttncOptions extends KernelOptions {
  /** What differs for a kernel: its options are laid over the others. */
  readonly configure?: (kernel: string, file: string) => KernelOptions | undefined;
  /** Whether types are written beside each file (`x.d.attn.ts`); by default they are. */
  readonly types?: boolean;
}

/** `./gated.attn?D=128` sets sizes for one import. */
const ATTN = /^(?!\0)[^?#]*\.attn(?:\?(?!.*\b(?:raw|url)\b).*)?$/;

/**
 * The plugin: `plugins: [attnc({ set: { D: 64, E: 64 } })]`. Each kernel of a file is exported under its name in camel case, for
 * `createKernel` of `attnc/webgpu`. Errors stop the build with code, place and hint; a server shows them over the page.
 */
export function attnc(options: AttncOptions = {}): Plugin {
  const { configure, types = true, ...common } = options;
  return {
    name: 'attnc',
    async load(id) {
      if (!ATTN.test(id)) return null;
      const [file, query = ''] = id.split('?') as [string, string?];
      const inQuery = sizesIn(query);
      const compiled = compileFile(file, (kernel) => {
        const special = configure?.(kernel, file) ?? {};
        return { ...common, ...special, set: { ...common.set, ...special.set, ...inQuery } };
      });
      for (const path of compiled.sources.keys()) this.addWatchFile(path);
      const [error] = compiled.diagnostics.filter((d) => d.severity === 'error');
      if (error) return this.error(shown(error, compiled, file));
      for (const d of compiled.diagnostics) this.warn(shown(d, compiled, file));
      for (const note of compiled.notes) this.warn(note);
      // The types of a file are those of its import without sizes of its own.
      if (types && Object.keys(inQuery).length === 0) await writeTypes(file, compiled);
      return { code: code(compiled), map: { mappings: '' }, moduleType: 'js' };
    },
  };
}

const sizesIn = (query: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...new URLSearchParams(query)].flatMap(([name, text]) =>
      // `t` and `v` are the server's own, and its numbers are no sizes of a kernel.
      /^\d+$/.test(text) && name !== 't' && name !== 'v' ? [[name, Number(text)]] : [],
    ),
  );

const code = ({ modules }: CompiledFile): string =>
  modules
    .map(
      (m) => `export const ${exportName(m.signature.name)} = /* @__PURE__ */ Object.freeze(${literal(m)});\n`,
    )
    .join('');

async function writeTypes(file: string, { modules }: CompiledFile): Promise<void> {
  const path = declarationPath(file);
  const content = await printDeclaration(basename(file), modules);
  // A file that is written again would make watchers run for nothing.
  if (!existsSync(path) || readFileSync(path, 'utf8') !== content) writeFilesAtomically([{ path, content }]);
}

/** As Rollup and Vite show errors: what is wrong, where, and the lines around it. */
function shown(
  d: Diagnostic,
  { sources, diagnostics }: CompiledFile,
  file: string,
): { message: string; id: string; frame?: string; loc?: { file: string; line: number; column: number } } {
  const others = diagnostics.filter((x) => x.severity === 'error' && x !== d).length;
  const message = [
    `${d.code}: ${d.message}`,
    ...(d.hint === undefined ? [] : [`hint: ${d.hint}`]),
    ...(d.severity === 'error' && others > 0
      ? [`and ${others} more ${others === 1 ? 'error' : 'errors'}`]
      : []),
  ].join('\n');
  const text = d.span && sources.get(d.span.source);
  if (!d.span || text === undefined) return { message, id: file };
  const { line, column } = positionAt(text, d.span.start);
  const frame = renderDiagnostic(d, (name) => sources.get(name))
    .split('\n')
    .slice(3);
  const lines = frame.filter((row) => !/^ *= hint:/.test(row));
  return {
    message,
    id: file,
    frame: lines.join('\n'),
    loc: { file: d.span.source, line, column: column - 1 },
  };
}
