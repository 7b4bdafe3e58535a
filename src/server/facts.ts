/** What the compiler made of a kernel and of its masks, in a few lines of Markdown. */
import { printLoop } from '../explain/bounds.ts';
import { printTiles } from '../explain/print.ts';
import { factsOf } from '../gallery/facts.ts';
import type { Explanation } from '../explain.ts';
import type { Analysis } from './analysis.ts';
import { loweringOf, type Lowering, type Settings } from './lowering.ts';

/** Class, passes, cost formula and figures of a kernel. */
export function kernelFacts(a: Analysis, kernel: string, settings: Settings): string[] {
  const made = loweringOf(a, kernel, settings);
  if ('failed' in made) return [`Not compiled: ${made.failed}.`];
  const e = made.explanation;
  const facts = factsOf(e, made.ir.masks.length);
  const lines = [
    `- class: ${classOf(made)}`,
    `- made: ${facts.made}`,
    `- cost: \`${facts.cost}\` operations${typeof e.operations === 'number' ? ` = ${e.operations.toLocaleString('en-US')}` : ''}`,
    ...(e.stages.some((s) => s.passes.length > 0) ? [`- tiles: ${printTiles(e.tiles)}`] : []),
    ...e.stages.map((s) => `- launch \`${s.name}\` writes ${s.writes.map((w) => `\`${w}\``).join(', ')}`),
  ];
  return [`**${settings.target.toUpperCase()}**`, lines.join('\n'), figuresFor(made)].filter((x) => x !== '');
}

/** What is done along positions: the steps of recurrences, and reductions, online where they are rescaled on the way. */
function classOf({ explanation, compiled }: Lowering): string {
  const steps = explanation.recurrences.map((r) => `${r.class} recurrence along ${r.axis}`);
  const streams = compiled.tile.stages.flatMap((s) => {
    if (s.stream.length === 0) return [];
    const online = s.passes.some((p) => p.steps.some((x) => x.kind === 'reference'));
    return [`${online ? 'online ' : ''}reductions over ${s.stream.map((x) => x.name).join(', ')}`];
  });
  const all = [...new Set([...steps, ...streams])];
  return all.length > 0 ? all.join('; ') : 'each element by itself';
}

/** Bounds of loops and shares of tiles that masks lead to. */
export function maskFacts(a: Analysis, kernel: string, settings: Settings): string[] {
  const made = loweringOf(a, kernel, settings);
  if ('failed' in made) return ['A condition on what exists.', `Not compiled: ${made.failed}.`];
  const e = made.explanation;
  const passes = e.stages.flatMap((s) => s.passes.map((p, n) => ({ s, p, n })));
  if (passes.length === 0) return ['No loop over tiles depends on it.'];
  const parts = passes.map(({ s, p, n }) => {
    const lines = [
      `**launch \`${s.name}\`, pass ${n + 1} over ${s.stream.join(', ')}**`,
      ...p.loops.map((l) => `- visits ${printLoop(l)}`),
      ...(p.visits === 'true' ? [] : [`- a tile only if \`${p.visits}\``]),
      ...(p.list === undefined ? [] : [`- through a list of \`${p.list}\` tiles`]),
      p.full === 'false' ? '- no tile is full' : `- full, without a test, if \`${p.full}\``,
      `- tiles: ${printTiles(p.tiles)}`,
    ];
    return lines.join('\n');
  });
  return [...parts, figuresFor(made)].filter((x) => x !== '');
}

/** For which sizes the figures hold. */
function figuresFor({ explanation, assumed }: Lowering): string {
  const { values }: Explanation = explanation;
  const shown = Object.entries(values).map(([n, x]) => `${n} = ${x}`);
  const fixed = assumed.length > 0 ? `; ${assumed.join(', ')} fixed` : '';
  return shown.length > 0 ? `*For ${shown.join(', ')}${fixed}.*` : '';
}
