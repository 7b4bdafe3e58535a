/** Breaks long lines of WGSL after commas and before operators, at the outermost places that help. */

const WIDTH = 110;

interface Break {
  readonly at: number;
  /** Brackets around, then how tightly the operator binds: the loosest place is the best. */
  readonly rank: number;
}

/** Binding strength of what stands at a space, or undefined where a line may not break. */
function strength(text: string, at: number): number | undefined {
  if (text[at - 1] === ',') return 0;
  const operator = /^ (&&|\|\||<<|>>|[-+*/%&|^=]) /.exec(text.slice(at, at + 4))?.[1];
  if (operator === undefined) return undefined;
  if (operator === '=' || operator === '&&' || operator === '||') return 1;
  return '*/%'.includes(operator) ? 3 : 2;
}

/** `line` with its indentation; continuation lines are indented by four more. Comments stay as they are. */
export function wrapLine(line: string): string {
  const text = line.trimStart();
  const indent = line.slice(0, line.length - text.length);
  if (line.length <= WIDTH || text.startsWith('//')) return line;
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const lead = parts.length === 0 ? indent : `${indent}    `;
    const room = WIDTH - lead.length;
    const at = rest.length <= room ? undefined : breakPoint(rest, room);
    if (at === undefined) {
      parts.push(lead + rest);
      return parts.join('\n');
    }
    parts.push(lead + rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
}

/** Of the places before `limit`, the last of the loosest; early places only if there is no other. */
function breakPoint(text: string, limit: number): number | undefined {
  const breaks: Break[] = [];
  let depth = 0;
  for (let n = 0; n < text.length && n <= limit; n++) {
    const c = text[n]!;
    if (c === '(' || c === '[') depth += 1;
    if (c === ')' || c === ']') depth -= 1;
    const own = c === ' ' ? strength(text, n) : undefined;
    // After `=` rather than before it.
    const at = text[n + 1] === '=' ? n + 2 : n;
    if (own !== undefined && at > 8 && at <= limit) breaks.push({ at, rank: depth * 4 + own });
  }
  const late = breaks.filter((b) => b.at > limit / 3);
  const candidates = late.length > 0 ? late : breaks;
  const least = Math.min(...candidates.map((b) => b.rank));
  return candidates.filter((b) => b.rank === least).at(-1)?.at;
}
