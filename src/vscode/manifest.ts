/** What VS Code is told about the extension, and the files that it reads beside the code. */
import { SNIPPETS } from '../server/snippets.ts';

/** Commands of the palette; the extension registers exactly these. */
export const COMMANDS = {
  'attnc.compile': 'Compile',
  'attnc.showKernel': 'Show Kernel',
  'attnc.drawMask': 'Draw Mask',
  'attnc.verify': 'Verify',
} as const;
export type CommandName = keyof typeof COMMANDS;

/** The extension's package.json. Its name is the package's, so that the command line inside finds its own version there. */
export function manifest(version: string): Readonly<Record<string, unknown>> {
  const inAttn = 'editorLangId == attn';
  const names = Object.keys(COMMANDS);
  return {
    name: 'attnc',
    displayName: 'attnc',
    description:
      'Attention mechanisms written as mathematics: errors, types, emitted kernels and masks as you type',
    version,
    publisher: 'attnc',
    license: 'Apache-2.0',
    private: true,
    engines: { vscode: '^1.91.0' },
    categories: ['Programming Languages', 'Formatters', 'Snippets'],
    main: './dist/extension.cjs',
    files: ['dist', '*.json', 'README.md', 'LICENSE'],
    contributes: {
      languages: [
        {
          id: 'attn',
          aliases: ['attn'],
          extensions: ['.attn'],
          configuration: './language-configuration.json',
        },
      ],
      grammars: [{ language: 'attn', scopeName: 'source.attn', path: './attn.tmLanguage.json' }],
      snippets: [{ language: 'attn', path: './snippets.json' }],
      commands: Object.entries(COMMANDS).map(([command, title]) => ({ command, title, category: 'attnc' })),
      menus: {
        commandPalette: names.map((command) => ({ command, when: inAttn })),
        'editor/title': [{ command: 'attnc.showKernel', when: inAttn, group: 'navigation' }],
        'editor/context': names.map((command) => ({ command, when: inAttn, group: 'attnc' })),
      },
      configuration: { title: 'attnc', properties: SETTINGS },
      configurationDefaults: {
        '[attn]': { 'editor.defaultFormatter': 'attnc.attnc', 'editor.semanticHighlighting.enabled': true },
      },
    },
  };
}

const SETTINGS = {
  'attnc.target': {
    type: 'string',
    enum: ['wgsl', 'cuda'],
    default: 'wgsl',
    description: 'Whose kernels hovers speak of.',
  },
  'attnc.sizes': {
    type: 'object',
    additionalProperties: { type: 'number' },
    default: {},
    markdownDescription: 'Sizes and params for figures and pictures, such as `{ "N": 4096 }`.',
  },
  'attnc.trace.server': {
    type: 'string',
    enum: ['off', 'messages', 'verbose'],
    default: 'off',
    description: 'What of the talk with the language server is written to its output.',
  },
} as const;

/** In the shape of a snippets file. */
export const snippetsFile = (): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    SNIPPETS.map(({ prefix, title, body }) => [title, { prefix, body, description: title }]),
  );
