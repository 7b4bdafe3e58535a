/** The table of examples, as Markdown and as text: every mechanism with its source, its cost and where it ran. */
import type { Facts } from './facts.ts';
import { headOf, linesOf } from './head.ts';
import { EXECUTORS, type Executor, type Runs } from './runs.ts';

export interface Example {
  /** File name without its ending. */
  readonly name: string;
  readonly text: string;
  /** One per kernel, in their order. */
  readonly facts: readonly Facts[];
}
export interface Family {
  readonly title: string;
  readonly examples: readonly string[];
}

const NAMES = Object.keys(EXECUTORS) as Executor[];
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Whether all kernels of the example passed; undefined where one of them did not run. */
export function passedOn(example: Example, executor: Executor, runs: Runs): boolean | undefined {
  const keys =
    executor === 'reference' ? [example.name] : example.facts.map((f) => `${example.name}: ${f.kernel}`);
  const outcomes = keys.map((key) => runs[key]?.[executor]);
  if (outcomes.includes('failed')) return false;
  return outcomes.includes(undefined) ? undefined : true;
}

const mark = (passed: boolean | undefined): string => (passed === undefined ? '' : passed ? '✓' : '✗');

function row(example: Example, runs: Runs): string {
  const { name, text, facts } = example;
  const { what, source, formula } = headOf(text);
  const own = (f: (x: Facts) => string): string =>
    facts.map((x) => (facts.length > 1 ? `${x.kernel}: ` : '') + f(x)).join('<br>');
  const about = [what, source, formula].filter((x) => x !== '').join(' ');
  const cells = [
    `[${name}](${name}.attn)`,
    cell(about),
    String(linesOf(text)),
    cell(own((x) => x.made)),
    cell(own((x) => `\`${x.cost}\``)),
    ...NAMES.map((e) => mark(passedOn(example, e, runs))),
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEADINGS = ['example', 'what, source and formula', 'lines', 'compiled to', 'operations', ...NAMES];

/** Markdown: a section per family, its examples in the order of their names. */
export function galleryPage(examples: readonly Example[], families: readonly Family[], runs: Runs): string {
  const sections = families.flatMap(({ title, examples: names }) => [
    `## ${title}`,
    '',
    `| ${HEADINGS.join(' | ')} |`,
    `|${' --- |'.repeat(HEADINGS.length)}`,
    ...examples.filter((e) => names.includes(e.name)).map((e) => row(e, runs)),
    '',
  ]);
  return [
    '# Examples',
    '',
    `${examples.length} files, each one mechanism. \`npx attnc compile examples/NAME.attn\` writes its sources, \`npx attnc verify\` compares`,
    'them with the interpreter on random sizes, `npx attnc init MINE --from NAME` starts a file of your own from one, and',
    '`npx attnc examples WORD` searches. This page is made by `npm run generate`; marks are those of the last run of the tests.',
    '',
    ...NAMES.map((e) => `- **${e}**: ${EXECUTORS[e]}.`),
    '',
    ...sections,
  ].join('\n');
}

/** One line per example that lacks a mark, with what is missing. */
export function gaps(examples: readonly Example[], runs: Runs): readonly string[] {
  return examples.flatMap((e) => {
    const missing = NAMES.filter((x) => passedOn(e, x, runs) !== true);
    return missing.length === 0 ? [] : [`${e.name}: ${missing.join(', ')}`];
  });
}
