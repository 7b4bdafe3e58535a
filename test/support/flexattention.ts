/** The pairs of docs/flexattention.md: a line of Python and the same as a line of a spec, with numbers and tensors to try. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docBlocks, docRoot } from './doc-blocks.ts';
import { seededRandom } from './mutate.ts';

export const FLEX_PAGE = 'docs/flexattention.md';

export interface Pair {
  readonly name: string;
  readonly kind: 'mask' | 'score';
  /** Statements of Python that leave the value in `result`. */
  readonly python: string;
  /** A kernel; of scores, `t` is what is compared. */
  readonly source: string;
  readonly numbers: Readonly<Record<string, number>>;
  /** Integers and booleans of captured tensors that cannot be just any. */
  readonly tensors: Readonly<Record<string, (n: number) => number>>;
}

const NUMBERS = {
  ...{ B: 2, H: 4, N: 24, M: 24, D: 8, E: 8, S: 8, R: 3 },
  ...{
    W: 5,
    offset: 3,
    gap: 2,
    first: 2,
    P: 4,
    L: 12,
    T: 4,
    X: 6,
    Y: 4,
    K: 3,
    V: 20,
    F: 3,
    cap: 2,
    scale: 0.3,
  },
};

/** What single rows need beside: sizes at which their parts meet their ends, and consistent tensors. */
const SPECIAL: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'tree of drafts after a prefix': { N: 12, M: 18 },
  'sampled blocks after a prefix': { M: 28 },
  natten: { N: 24, M: 24, X: 6, Y: 4 },
  morton_natten: { N: 16, M: 16, S: 4 },
  sliding_tiles: { X: 3, Y: 4, F: 3 },
  Sandwich: { R: 8 },
  'bias inside of a window': { S: 16 },
  'stand-alone, near in rows and columns': { W: 1 },
  'temporal heads of videos': { W: 2, T: 6 },
};

const LENGTHS = [3, 4, 2, 5, 3, 4, 3];
const STARTS = LENGTHS.reduce<number[]>((all, n) => [...all, all.at(-1)! + n], [0]);
const DOCUMENTS = LENGTHS.flatMap((n, doc) => new Array<number>(n).fill(doc));
const PREFIXES = [0, 0, 0, 3, 3, 5, 5];
const some = (seed: number, ...values: number[]) => {
  const random = seededRandom(seed);
  return () => values[Math.floor(random() * values.length)]!;
};

const TENSORS: Pair['tensors'] = {
  doc: (n) => DOCUMENTS[n]!,
  start: (n) => STARTS[n]!,
  of: (n) => PREFIXES[n]!,
  image: (n) => [-1, -1, 0, 0, 0, -1, 1, 1][n % 8]! + (n > 15 && n % 8 > 5 ? 1 : 0),
  prefix: (n) => [7, 0][n]!,
  length: some(1, 0, 1, 2, 3),
  offset: some(2, 0, 1, 5),
  width: (n) => [0, 2, 9, 30][n]!,
  marked: some(3, 0, 0, 0, 1),
  parent: some(4, 0, 1),
  chosen: some(5, 0, 0, 1),
  logical: (n) => [2, -1, 0, 3, 1, -1, 4, 5][n % 8]!,
  first: (n) => [0, 5, 5, 11, 20, 3, 0, 0][n]!,
  last: (n) => [9, 11, 6, 24, 24, 3, 0, 0][n]!,
  which: () => 5,
  distance: some(6, 0, 1, 2, 3, 7),
  kind: some(7, 0, 1, 5, 7),
  time: some(8, 0, 1, 2),
  row: some(9, 0, 1, 2, 3),
  column: some(10, 0, 1, 2),
};

const cellsOf = (row: string): string[] =>
  row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1]!);

function kernelText(kind: Pair['kind'], line: string, declarations: readonly string[]): string {
  const axes = declarations.filter((d) => d.startsWith('axes ')).map((d) => `, ${d.slice(5)}`);
  const consts = declarations.filter((d) => d.startsWith('const '));
  const others = declarations.filter((d) => !/^(axes|const) /.test(d));
  const shaped = kind === 'mask' ? [`mask ${line}`, 'let t = s'] : [`score t = ${line}`];
  return `kernel k {
  ${[...consts, `axes b: B, h: H, i: N, j: M, d: D, e: E${axes.join('')}`].join('\n  ')}
  in q: f32[b, h, i, d]
  in k: f32[b, h, j, d]
  in v: f32[b, h, j, e]
  ${others.join('\n  ')}
  let s = scaled_dot[d](q, k)
  ${shaped.join('\n  ')}
  normalize p = softmax[j](t)
  aggregate y = sum[j](p * v)
  out y: f32[b, h, i, e]
}`;
}

const numbersFor = (name: string): Pair['numbers'] => ({ ...NUMBERS, ...SPECIAL[name] });

/** Rows of the tables below `## Masks` and `## Scores`. */
function rows(): Pair[] {
  const page = readFileSync(join(docRoot, FLEX_PAGE), 'utf8');
  return (['mask', 'score'] as const).flatMap((kind) => {
    const section = page.split(/^## /m).find((s) => s.startsWith(kind === 'mask' ? 'Masks\n' : 'Scores\n'))!;
    return [...section.matchAll(/^\|.*\|$/gm)].slice(2).map(([row]): Pair => {
      const [name, python, line, captured] = cellsOf(row) as [string, string, string, string];
      return {
        name,
        kind,
        python: `result = ${codeIn(python)[0]!}`,
        source: kernelText(kind, codeIn(line)[0]!, codeIn(captured)),
        numbers: numbersFor(name),
        tensors: TENSORS,
      };
    });
  });
}

/** Functions of Python, each followed by the kernel that says the same. */
function pairsOfBlocks(): Pair[] {
  const blocks = docBlocks(FLEX_PAGE);
  return blocks.flatMap((block, n): Pair[] => {
    if (block.language !== 'python') return [];
    const name = /^def (\w+)/.exec(block.text)![1]!;
    const source = blocks[n + 1]!.text;
    const python = `${block.text}result = ${name}(b, h, q, kv)`;
    return [{ name, kind: 'mask', python, source, numbers: numbersFor(name), tensors: TENSORS }];
  });
}

export const flexPairs = (): readonly Pair[] => [...rows(), ...pairsOfBlocks()];

/** Kernels of the page that stand for themselves. */
export const flexKernels = (): readonly string[] =>
  docBlocks(FLEX_PAGE)
    .filter((b) => b.language === 'attn')
    .map((b) => b.text);
