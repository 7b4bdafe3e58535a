/** "Did you mean": the candidate nearest to what was written. */
import type { Fix, Span } from './diagnostic.ts';

/** Edit distance that counts a swap of neighbours once; gives up with `limit + 1` when it is larger than `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j - 1]! + 1, above[j]! + 1, above[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    if (Math.min(...row) > limit) return limit + 1;
    before = above;
    above = row;
  }
  return Math.min(above[b.length]!, limit + 1);
}

/**
 * The candidate that `name` was probably meant to be, or undefined when none is near. A third of the letters may differ;
 * a difference in case alone is always near. Among equals the first wins.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 100) return undefined;
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let distance = limit + 1;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const sameLetters = candidate.toLowerCase() === name.toLowerCase();
    // A one-letter name is at distance 1 of every other: only its other case says anything.
    if (!sameLetters && Math.min(name.length, candidate.length) < 2) continue;
    const d = sameLetters ? 0 : editDistance(name, candidate, limit);
    if (d < distance) [best, distance] = [candidate, d];
  }
  return best;
}

const question = (found: string): string => `did you mean \`${found}\`?`;

/** `did you mean \`x\`?`, or undefined when nothing is near; made for `Diagnostic.hint`. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(name, candidates);
  return found === undefined ? undefined : question(found);
}

/** A change of the text at `span` to other text. */
export const replacement = (span: Span, text: string): Fix => ({
  title: `Change to \`${text}\``,
  span,
  text,
});

/** The hint of `didYouMean` and the change that it asks about; neither when nothing is near. */
export function meant(
  name: { readonly text: string; readonly span: Span },
  candidates: Iterable<string>,
): { readonly hint?: string; readonly fix?: Fix } {
  const found = suggest(name.text, candidates);
  if (found === undefined) return {};
  return { hint: question(found), fix: replacement(name.span, found) };
}
