/** What the text around a cursor is in the middle of, told from tokens alone: the tree of an unfinished text says little. */
import type { IToken } from 'chevrotain';
import { KEYWORDS } from '../../grammar/tokens.ts';
import type { Analysis } from './analysis.ts';

/** A bracket that is open at the cursor. */
export interface OpenBracket {
  readonly kind: '(' | '[' | '{';
  /** What stands before it: the function of a call, the value of an index, the name of a kernel. */
  readonly before?: IToken;
  /** The axes in brackets before the parentheses of a call. */
  readonly axes?: { readonly open: IToken };
  /** Commas between it and the cursor, outside of inner brackets. */
  readonly commas: number;
  readonly at: IToken;
}

export interface Cursor {
  /** Outermost first. */
  readonly open: readonly OpenBracket[];
  /** The word that is being written. */
  readonly word?: IToken;
  /** The token before that word. */
  readonly previous?: IToken;
  /** The first token of the statement, for `in q: |` the word `in`. */
  readonly head?: IToken;
  /** Behind `//`, or inside of quotes. */
  readonly inText: 'comment' | 'string' | undefined;
}

const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
/** Words that statements begin with. */
const HEADS: ReadonlySet<string> = new Set(
  KEYWORDS.filter(({ group }) => group === 'declaration' || group === 'item').map(({ word }) => word),
);
const isWord = (t: IToken): boolean => /^[A-Za-z_]/.test(t.image);

export function cursorAt(a: Analysis, offset: number): Cursor {
  const end = (t: IToken): number => t.startOffset + t.image.length;
  const before = a.tokens.filter((t) => t.startOffset < offset);
  const last = before.at(-1);
  const word = last && isWord(last) && end(last) >= offset ? last : undefined;
  const done = word ? before.slice(0, -1) : before;
  const { open, head } = scan(done);
  const previous = done.at(-1);
  return {
    open,
    ...(word ? { word } : {}),
    ...(previous ? { previous } : {}),
    ...(head ? { head } : {}),
    inText: textAround(a, offset, last),
  };
}

function scan(tokens: readonly IToken[]): { readonly open: OpenBracket[]; readonly head?: IToken } {
  const open: OpenBracket[] = [];
  let head: IToken | undefined;
  let closed: OpenBracket | undefined;
  for (const [n, t] of tokens.entries()) {
    const top = open.at(-1);
    const before = tokens[n - 1];
    if (t.image === '(' || t.image === '[' || t.image === '{') {
      const axes = t.image === '(' && before?.image === ']' ? closed : undefined;
      const name = axes ? axes.before : before;
      open.push({
        kind: t.image,
        ...(name && isWord(name) ? { before: name } : {}),
        ...(axes ? { axes: { open: axes.at } } : {}),
        commas: 0,
        at: t,
      });
    } else if (t.image in CLOSES) {
      // A bracket that closes nothing is left out; one that closes an outer one closes what is inside as well.
      const at = open.findLastIndex((o) => o.kind === CLOSES[t.image]);
      if (at >= 0) {
        closed = open[at];
        open.length = at;
      }
    } else if (t.image === ',' && top) open[open.length - 1] = { ...top, commas: top.commas + 1 };
    else if (HEADS.has(t.image) && (top === undefined || top.kind === '{')) head = t;
  }
  return { open, ...(head ? { head } : {}) };
}

function textAround(a: Analysis, offset: number, last: IToken | undefined): Cursor['inText'] {
  const comment = a.file.comments.some((c) => c.span.start < offset && offset <= c.span.end);
  if (comment) return 'comment';
  const line = a.text.slice(a.lines.startOf(a.lines.placeOf(offset).line), offset);
  const quotes = (line.replace(/\/\/.*$/, '').match(/"/g) ?? []).length;
  return quotes % 2 === 1 && last?.image.startsWith('"') ? 'string' : undefined;
}
