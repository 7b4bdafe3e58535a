/** Types of a `.attn` file, as TypeScript looks for them beside it: `gated.d.attn.ts` (`allowArbitraryExtensions`). */
import { READ, TYPED } from '../../backends/wgsl/host-types.ts';
import { propertyName } from '../../backends/wgsl/host-parts.ts';
import type { StorageType } from '../expr/types.ts';
import type { KernelModule } from '../webgpu/module.ts';
import { exportName, typesName } from './names.ts';

/** Where TypeScript looks for the types of a file. */
export const declarationPath = (file: string): string => file.replace(/\.attn$/, '.d.attn.ts');

/** ts-morph is slow to load and therefore loaded only here. */
export async function printDeclaration(source: string, modules: readonly KernelModule[]): Promise<string> {
  const { Project, IndentationText, QuoteKind, VariableDeclarationKind, Writers } = await import('ts-morph');
  const project = new Project({
    useInMemoryFileSystem: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single },
  });
  const file = project.createSourceFile('declaration.ts');
  file.addImportDeclaration({
    isTypeOnly: true,
    moduleSpecifier: 'attnc/webgpu',
    namedImports: ['KernelModule'],
  });
  for (const module of modules) {
    const { signature, manifest } = module;
    const types = typesName(signature.name);
    file.addInterface({
      name: types,
      isExported: true,
      docs: [`Of \`${signature.name}\` in ${source}.`],
      properties: typesOf(module).map(({ name, rows }) => ({
        name,
        isReadonly: true,
        type:
          rows.length === 0
            ? '{}'
            : Writers.objectType({
                properties: rows.map(({ name, type, optional = false, doc }) => ({
                  name: propertyName(name),
                  type,
                  isReadonly: true,
                  hasQuestionToken: optional,
                  ...(doc === undefined ? {} : { docs: [doc] }),
                })),
              }),
      })),
    });
    const fixed = Object.entries(manifest.fixed).map(([size, value]) => `${size} = ${value}`);
    const doc = [signature.doc, fixed.length > 0 ? `Compiled for ${fixed.join(', ')}.` : undefined];
    const text = doc.filter((line) => line !== undefined).join('\n');
    file.addVariableStatement({
      isExported: true,
      hasDeclareKeyword: true,
      declarationKind: VariableDeclarationKind.Const,
      declarations: [{ name: exportName(signature.name), type: `KernelModule<${types}>` }],
      ...(text ? { docs: [text] } : {}),
    });
  }
  file.formatText({ indentSize: 2 });
  return `// Types of ${source}, made by attnc/vite.\n\n${file.getFullText()}`;
}

interface Row {
  readonly name: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly doc?: string;
}

function typesOf({
  signature,
  manifest,
}: KernelModule): readonly { readonly name: string; readonly rows: readonly Row[] }[] {
  const tensor =
    (arrays: Readonly<Record<string, string>>) =>
    (t: {
      readonly name: string;
      readonly storage: StorageType;
      readonly shape: readonly string[];
    }): Row => ({
      name: t.name,
      type: arrays[t.storage]!,
      doc: `${t.storage}[${t.shape.join(', ')}]`,
    });
  return [
    {
      name: 'sizes',
      rows: signature.sizes
        .filter((name) => !Object.hasOwn(manifest.fixed, name))
        .map((name) => ({ name, type: 'number' })),
    },
    {
      name: 'params',
      rows: signature.params.map((p) => ({
        name: p.name,
        type: p.type === 'bool' ? 'boolean' : 'number',
        optional: p.default !== undefined,
        ...(p.default?.kind === 'const'
          ? { doc: `By default ${p.type === 'bool' ? p.default.value !== 0 : p.default.value}.` }
          : {}),
      })),
    },
    { name: 'inputs', rows: manifest.inputs.map(tensor(TYPED)) },
    { name: 'outputs', rows: manifest.outputs.map(tensor(READ)) },
  ];
}
