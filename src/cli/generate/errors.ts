/** A page for every code: what it means, and where there is one, the shortest text that gets it with what is printed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeRow } from '../../diagnostics/code-row.ts';
import { checkText } from '../../compile.ts';
import { renderDiagnostics } from '../../diagnostics/render.ts';
import { CODES } from '../../diagnostics/codes.ts';
import { packageRoot } from '../../runtime/package-root.ts';

interface Example {
  readonly text: string;
  readonly printed: string;
}

const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ['E01', 'Syntax'],
  ['E02', 'Names'],
  ['E03', 'Types'],
  ['E04', 'Masks, reductions and recurrences'],
  ['E05', 'Sizes, tensors and parameters of a launch'],
  ['E06', 'Compilation'],
  ['E07', 'Files, devices and the command line'],
  ['W09', 'Warnings'],
];

const folder = (): string => join(packageRoot(), 'test/errors');

const FILE = 'example.attn';

/** What `attnc check` prints. */
function reported(text: string): string {
  const { diagnostics } = checkText(text, { source: FILE });
  return renderDiagnostics(diagnostics, (source) => (source === FILE ? text : undefined)).trimEnd();
}

/** The shortest of the texts that a test keeps for this code alone. */
function exampleOf(code: string, files: readonly string[]): Example | undefined {
  const found = files
    .filter((f) => f.endsWith('.attn') && f.includes(code))
    .map((f): Example => {
      const read = (name: string): string => readFileSync(join(folder(), name), 'utf8').trimEnd();
      return { text: read(f), printed: read(f.replace(/\.attn$/, '.txt')) };
    })
    // A page has one file.
    .filter(({ text }) => !/^import .*"\.\//m.test(text))
    .filter(({ printed }) => [...printed.matchAll(/\[([EW]\d{4})\]/g)].every((m) => m[1] === code))
    .sort((a, b) => a.text.length - b.text.length);
  const [first] = found;
  return first && { text: first.text, printed: reported(`${first.text}\n`) };
}

/** Parts of files in explanations stand for themselves. */
const explained = ({ explanation }: CodeRow): string =>
  explanation.replaceAll('```attn\n', '```attn fragment\n');

function page(row: CodeRow, example: Example | undefined): string {
  const shown =
    example === undefined
      ? ''
      : `\n## Example\n\n\`\`\`attn reports=${row.code}\n${example.text}\n\`\`\`\n\n\`\`\`text\n${example.printed}\n\`\`\`\n`;
  return `# ${row.code}: ${row.title}\n\n${explained(row).trimEnd()}\n${shown}`;
}

/** All pages, and a list of them. */
export function errorPages(): { readonly path: string; readonly text: string }[] {
  const files = readdirSync(folder());
  const rows = [...CODES.values()].sort((a, b) => a.code.localeCompare(b.code));
  const list = GROUPS.map(([prefix, title]) => {
    const own = rows.filter((r) => r.code.startsWith(prefix));
    return `## ${title}\n\n${own.map((r) => `- [${r.code}](${r.code}.md) ${r.title}`).join('\n')}\n`;
  });
  const head = '# Errors and warnings\n\n`attnc explain CODE` prints the same pages.\n\n';
  return [
    { path: 'docs/errors/README.md', text: `${head}${list.join('\n')}` },
    ...rows.map((r) => ({ path: `docs/errors/${r.code}.md`, text: page(r, exampleOf(r.code, files)) })),
  ];
}
