/** The page that lists the examples, made from the comment at the head of each. */

export interface Example {
  /** File name without its ending. */
  readonly name: string;
  readonly text: string;
}

/** The comment lines before the first declaration, without their slashes. */
function header(text: string): string[] {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^\/\/ ?/, '').trim());
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Markdown; examples in the order of their names. */
export function examplesPage(examples: readonly Example[]): string {
  const rows = [...examples]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => {
      const [what = '', ...more] = header(text);
      return `| [${name}](${name}.attn) | ${cell(what)} | ${cell(more.join(' '))} |`;
    });
  return [
    '# Examples',
    '',
    'Each file is one mechanism: `npx attnc compile examples/NAME.attn` writes its sources, `npx attnc verify examples/NAME.attn`',
    'compares them with the interpreter on random sizes. This page is made by `npm run generate`.',
    '',
    '| example | what | source and formula |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
