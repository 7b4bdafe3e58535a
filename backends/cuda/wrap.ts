/** Breaks long lines of C++ at operators and commas, the outermost first. */

const WIDTH = 110;

/** `line` without indentation; following lines are indented by four more than `indent`. */
export function wrapLine(line: string, indent: string): string {
  const head = indent + line;
  if (head.length <= WIDTH || line.startsWith('//') || line.startsWith('#')) return head;
  const at = breakPoint(line, WIDTH - indent.length);
  if (at === undefined) return head;
  const rest = line.slice(at).trimStart();
  const hanging = line.startsWith('    ') ? '' : '    ';
  return `${indent}${line.slice(0, at).trimEnd()}\n${wrapLine(hanging + rest, indent)}`;
}

/** The last break before `limit` at the smallest depth of parentheses; in the second half of the line where possible. */
function breakPoint(line: string, limit: number): number | undefined {
  let depth = 0;
  const points: { at: number; depth: number }[] = [];
  for (let n = 0; n < line.length && n < limit; n++) {
    const c = line[n]!;
    if ('([{'.includes(c)) depth += 1;
    if (')]}'.includes(c)) depth -= 1;
    // The arguments of a launch belong together.
    if (line.startsWith('<<<', n)) depth += 1;
    if (line.startsWith('>>>', n)) depth -= 1;
    const operator = c === ' ' && /^ (&&|\|\||[-+*/?:<>]) /.test(line.slice(n, n + 4));
    if (n > 8 && (operator || (c === ' ' && ',;{='.includes(line[n - 1]!)))) points.push({ at: n, depth });
  }
  const late = points.filter((p) => p.at > limit / 3);
  const candidates = late.length > 0 ? late : points;
  const least = Math.min(...candidates.map((p) => p.depth));
  return candidates.filter((p) => p.depth === least).at(-1)?.at;
}
