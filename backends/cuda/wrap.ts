/** Breaks long lines of C++ at operators and commas, the outermost first. */

const WIDTH = 110;
const HANGING = '    ';

/** `line` with its indentation; the lines that follow it are indented by four more. */
export function wrapLine(line: string, indent: string): string {
  if (line.startsWith('//') || line.startsWith('#')) return indent + line;
  const lines: string[] = [];
  let rest = line;
  for (let lead = indent; ; lead = indent + HANGING) {
    const at = lead.length + rest.length <= WIDTH ? undefined : breakPoint(rest, WIDTH - lead.length);
    lines.push(lead + rest.slice(0, at).trimEnd());
    if (at === undefined) return lines.join('\n');
    rest = rest.slice(at).trimStart();
  }
}

/** From the most to the least natural place for a break; all but the commas break before the operator. */
const RANKS: readonly RegExp[] = [
  /^[,;] /,
  /^ \|\| /,
  /^ && /,
  /^ [?:] /,
  /^= /,
  /^ [<>=!]=? /,
  /^ [-+] /,
  /^ [*/%] /,
];

/**
 * The last break of the best kind before `limit`. Fewer enclosing parentheses count most; the first third of the line
 * is left alone where possible.
 */
function breakPoint(line: string, limit: number): number | undefined {
  let depth = 0;
  const points: { at: number; cost: number }[] = [];
  for (let n = 0; n < line.length && n < limit; n++) {
    const c = line[n]!;
    if ('([{'.includes(c)) depth += 1;
    if (')]}'.includes(c)) depth -= 1;
    // The arguments of a launch belong together.
    if (line.startsWith('<<<', n)) depth += 1;
    if (line.startsWith('>>>', n)) depth -= 1;
    const rank = RANKS.findIndex((r) => r.test(line.slice(n, n + 4)));
    if (rank >= 0 && n > 8) points.push({ at: c === ' ' ? n : n + 1, cost: depth * RANKS.length + rank });
  }
  const late = points.filter((p) => p.at > limit / 3);
  const candidates = late.length > 0 ? late : points;
  const least = Math.min(...candidates.map((p) => p.cost));
  return candidates.filter((p) => p.cost === least).at(-1)?.at;
}
