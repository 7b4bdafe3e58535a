/** The house rules that can be read off the sources: who imports whom, which words occur where, how long files are. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const ROOTS = ['src', 'grammar', 'backends'];
/** Made by a command and never edited, so their size is nobody's burden. */
const GENERATED = new Set(['grammar/cst.ts', 'grammar/cst.d.ts', 'src/stdlib/bundle.ts']);

function filesBelow(folder: string, ending: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory())
      return name === 'node_modules' ? [] : filesBelow(path, ending);
    return ending.test(name) ? [path] : [];
  });
}

interface Import {
  /** Path below the root for our files, the bare name for packages. */
  readonly target: string;
  readonly typeOnly: boolean;
}
interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const own = specifier.text.startsWith('.');
    imports.push({
      target: own ? relative(root, resolve(root, dirname(path), specifier.text)) : specifier.text,
      typeOnly,
    });
  };
  const walk = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      const allTypes = named && ts.isNamedImports(named) && named.elements.every((e) => e.isTypeOnly);
      add(
        node.moduleSpecifier,
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes === true,
      );
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return { path, text, tree, imports };
}

const sources = ROOTS.flatMap((folder) => filesBelow(folder, /\.ts$/)).map(readSource);
const byPath = new Map(sources.map((s) => [s.path, s]));
/** Where a file lives, as the rules below name it. */
function levelOf(path: string): string {
  const [first, second] = path.split('/');
  return first === 'src' && second !== undefined && !second.endsWith('.ts')
    ? `src/${second}`
    : first === 'src'
      ? path
      : first!;
}

/** For each level the levels that it may import; a level may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/diagnostics': [],
  'src/expr': ['src/diagnostics'],
  grammar: ['src/diagnostics'],
  'src/syntax': ['src/diagnostics', 'src/expr', 'grammar'],
  'src/format': ['src/diagnostics', 'src/expr', 'grammar', 'src/syntax'],
  'src/stdlib': [],
  'src/model': ['src/diagnostics', 'src/expr', 'src/syntax', 'src/stdlib'],
  'src/ir': ['src/diagnostics', 'src/expr', 'src/syntax', 'src/model'],
  'src/tile': ['src/diagnostics', 'src/expr', 'src/ir'],
  'src/plan': ['src/diagnostics', 'src/expr', 'src/ir', 'src/tile'],
  'src/kernel': ['src/diagnostics', 'src/expr', 'src/ir', 'src/tile'],
  backends: ['src/diagnostics', 'src/expr', 'src/kernel'],
  'src/webgpu': ['src/diagnostics', 'src/expr', 'src/ir', 'backends'],
  'src/server': [
    ...[
      'src/diagnostics',
      'src/expr',
      'grammar',
      'src/syntax',
      'src/format',
      'src/stdlib',
      'src/model',
      'src/ir',
      'src/tile',
    ],
    ...[
      'backends',
      'src/explain',
      'src/viz',
      'src/gallery',
      'src/compile.ts',
      'src/explain.ts',
      'src/fixed-sizes.ts',
    ],
  ],
  'src/torch': ['src/diagnostics', 'src/expr', 'src/ir', 'src/kernel', 'backends'],
};
/** Nothing below may touch the outside world. */
const CORE = [...Object.keys(MAY_IMPORT), 'src/viz', 'src/explain'];
/** Where the server meets the machine; everything else of it also runs in a page. */
const HOSTS = new Set(['src/server/main.ts', 'src/server/worker.ts']);
const isCore = (path: string): boolean => CORE.includes(levelOf(path)) && !HOSTS.has(path);
const PLATFORM = new Set([
  'fs',
  'path',
  'os',
  'child_process',
  'process',
  'url',
  'worker_threads',
  'crypto',
  'webgpu',
]);

describe('imports', () => {
  it('are found at all', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap((s) => s.imports).length).toBeGreaterThan(sources.length);
  });

  it('never go to a later level', () => {
    const wrong = sources.flatMap(({ path, imports }) => {
      const level = levelOf(path);
      const allowed = MAY_IMPORT[level];
      if (allowed === undefined) return [];
      return imports
        .filter(({ target }) => byPath.has(target))
        .filter(({ target }) => levelOf(target) !== level && !allowed.includes(levelOf(target)))
        .map(({ target }) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('name files that exist', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter(
          ({ target }) =>
            ROOTS.some((folder) => target.startsWith(`${folder}/`)) && !existsSync(join(root, target)),
        )
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are not circular', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const at = trail.indexOf(path);
      if (at >= 0) cycles.push([...trail.slice(at), path].join(' → '));
      if (at >= 0 || done.has(path)) return;
      for (const { target, typeOnly } of byPath.get(path)?.imports ?? [])
        if (!typeOnly) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const path of byPath.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('keep the core free of the machine it runs on', () => {
    const wrong = sources
      .filter(({ path }) => isCore(path))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ target }) => target.startsWith('node:') || PLATFORM.has(target))
          .map(({ target }) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('keep the protocol of editors to the files that speak it', () => {
    const speaks = (path: string): boolean => path.startsWith('src/server/lsp/') || HOSTS.has(path);
    const wrong = sources
      .filter(({ path, imports }) => imports.some((i) => i.target.startsWith('vscode-')) && !speaks(path))
      .map(({ path }) => path)
      .filter((path) => !path.startsWith('src/vscode/'));
    expect(wrong).toEqual([]);
  });

  it('keep clocks, processes and windows out of the core', () => {
    const words =
      /\b(?:Date\.now|new Date|performance\.now|process\.|Math\.random|document\.|window\.|globalThis\b|console\.)/;
    const wrong = sources
      .filter(({ path }) => isCore(path) && !path.endsWith('generate.ts'))
      .flatMap(({ path, text }) => linesWith(withoutText(text), words).map((line) => `${path}:${line}`));
    expect(wrong).toEqual([]);
  });
});

/** The program without comments and texts, whose words are not code; lines stay where they are. */
function withoutText(text: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank)
    .replace(/`(?:[^`\\]|\\[\s\S])*`/g, blank)
    .replace(/(^|[^:])\/\/.*$/gm, (part) => blank(part));
}
function linesWith(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, n) => (pattern.test(line) ? [n + 1] : []));
}

/** Names of the standard library that are ordinary words of arithmetic, not mechanisms. */
const ORDINARY = new Set([
  'abs', 'bit', 'clamp', 'cube', 'sign', 'square', 'step', 'lerp', 'mean', 'norm', 'relu', 'sigmoid', 'silu', 'gelu', 'softplus', 'tan', 'tanh',
  'entropy', 'scale', 'window', 'prefix', 'document', 'dilated', 'sinks', 'temperature',
  'contiguous',
]); // prettier-ignore
/** Mechanisms by their common names, whether or not the library has a function of that name. */
const MECHANISMS = [
  'softmax', 'causal', 'alibi', 'rope', 'rotary', 'sliding', 'flash', 'gla', 'deltanet', 'mamba', 'retnet', 'sparsemax', 'entmax',
  'gqa', 'mqa', 'grouped_query', 'sigmoid_attention', 'attention_sink', 'soft_cap', 'softcap', 't5', 'linear_attention',
]; // prettier-ignore

/** The words of an identifier or sentence: `rowMax` and `row_max` both have `row` and `max`. */
const asWords = (text: string): string => text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

describe('mechanisms', () => {
  const library = filesBelow('src/stdlib', /\.attn$/).flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^fn\s+([A-Za-z_]\w*)/gm)].map((m) => m[1]!),
  );
  const names = [...new Set([...library, ...MECHANISMS].map(asWords))].filter((name) => !ORDINARY.has(name));

  it('are named by the standard library', () => {
    expect(library.length).toBeGreaterThan(10);
  });

  it('are never named where decisions are made', () => {
    const places = ['src/ir', 'src/tile', 'src/kernel', 'backends'];
    const pattern = new RegExp(`(?<![a-z0-9])(?:${names.join('|')})(?![a-z0-9])`);
    const wrong = sources
      .filter(({ path }) => places.some((place) => path.startsWith(`${place}/`)))
      .flatMap(({ path, text }) => linesWith(asWords(text), pattern).map((line) => `${path}:${line}`));
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  const lengths = sources
    .filter(({ path }) => !GENERATED.has(path) && !path.endsWith('.d.ts'))
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .sort((a, b) => a.lines - b.lines);

  it('are short', () => {
    const at = (share: number): number => lengths[Math.floor((lengths.length - 1) * share)]!.lines;
    expect(lengths.filter(({ lines }) => lines > 500)).toEqual([]);
    expect(at(0.5)).toBeLessThanOrEqual(120);
    expect(at(0.9)).toBeLessThanOrEqual(300);
  });

  it('have no default exports', () => {
    const wrong = sources.filter(({ tree }) =>
      tree.statements.some(
        (s) =>
          ts.isExportAssignment(s) ||
          (ts.canHaveModifiers(s) &&
            ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)),
      ),
    );
    expect(wrong.map((s) => s.path)).toEqual([]);
  });

  it('never say any', () => {
    const wrong = sources.flatMap(({ path, tree }) => {
      const found: string[] = [];
      const walk = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword)
          found.push(`${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
        ts.forEachChild(node, walk);
      };
      walk(tree);
      return found;
    });
    expect(wrong).toEqual([]);
  });

  it('are no barrels and no drawers for everything', () => {
    const isBarrel = ({ tree }: Source): boolean =>
      tree.statements.length > 0 &&
      tree.statements.every((s) => ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined);
    const barrels = sources.filter((s) => s.path !== 'src/index.ts' && isBarrel(s));
    expect(barrels.map((s) => s.path)).toEqual([]);
    expect(
      sources.filter(({ path }) => /\b(?:utils?|helpers|misc|common)\//.test(path)).map((s) => s.path),
    ).toEqual([]);
  });

  it('explain themselves in their first line', () => {
    const silent = sources.filter(
      ({ path, text }) => !GENERATED.has(path) && !/^(?:#!.*\n)?\s*\/[/*]/.test(text),
    );
    expect(silent.map((s) => s.path)).toEqual([]);
  });
});
