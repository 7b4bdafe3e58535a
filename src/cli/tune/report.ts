/** What a search found, for people. */
import type { Schedule } from '../../plan/schedule.ts';
import type { StagePlan } from '../../tile/plan.ts';

const word = (x: unknown): string =>
  x === undefined
    ? 'none'
    : Array.isArray(x)
      ? x.join('x')
      : typeof x === 'object'
        ? Object.values(x!).join('/')
        : String(x);

const ORDER: readonly (keyof StagePlan)[] = ['arrangement', 'blockM', 'blockN', 'lanes', 'operands'];

/** What a plan says otherwise than another: `blockM 64→128`. */
function planChanges(from: StagePlan, to: StagePlan): string[] {
  const keys = [...new Set([...ORDER, ...Object.keys(from), ...Object.keys(to)])] as (keyof StagePlan)[];
  return keys
    .filter((k) => JSON.stringify(from[k]) !== JSON.stringify(to[k]))
    .map((k) => `${k} ${word(from[k])}→${word(to[k])}`);
}

/** A plan in a line. */
export function planText(p: StagePlan): string {
  const { arrangement, blockM, blockN, lanes, operands, ...others } = p;
  const more = Object.entries(others).map(([k, v]) => `${k} ${word(v)}`);
  return [`${arrangement} ${blockM}x${blockN}, ${lanes} lanes, ${operands}`, ...more].join(', ');
}

const formText = (s: Schedule): string =>
  (s.forms ?? []).map((f) => (f.form === 'sequential' ? f.form : `${f.form}:${f.chunk}`)).join(', ');

/** What makes a schedule another one than the compiler's own. */
export function describeSchedule(s: Schedule, own: Schedule): string {
  const parts: string[] = [];
  if (formText(s) !== formText(own)) parts.push(`form ${formText(s)}`);
  if (s.rewrite !== own.rewrite) parts.push(s.rewrite ? 'sums carried' : 'sums as written');
  if (s.pack !== own.pack) parts.push(s.pack ? 'members as rows' : 'members apart');
  const same =
    s.launches.length === own.launches.length &&
    s.launches.every((l, n) => l.structure === own.launches[n]!.structure);
  if (same)
    s.launches.forEach((l, n) => {
      const changes = planChanges(own.launches[n]!.plan, l.plan);
      const whose = s.launches.length > 1 ? `${l.name}: ` : '';
      if (changes.length > 0) parts.push(`${whose}${changes.join(', ')}`);
    });
  return parts.length > 0 ? parts.join('; ') : "the compiler's own";
}

/** Columns aligned; the last one is left to run on. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, c) => Math.max(h.length, ...rows.map((r) => r[c]!.length)));
  const line = (cells: readonly string[]): string =>
    cells.map((x, c) => (c === cells.length - 1 ? x : x.padStart(widths[c]!))).join('  ');
  return [line(head), ...rows.map(line)].join('\n');
}

export const ms = (x: number): string => (x < 10 ? x.toFixed(2) : x.toFixed(x < 100 ? 1 : 0));
