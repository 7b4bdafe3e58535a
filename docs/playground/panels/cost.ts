/** What a kernel costs for the chosen sizes, as tables. */
import { printTiles } from '../../../src/explain/print.ts';
import type { Explanation } from '../../../src/explain.ts';
import { element, table } from '../dom.ts';

type Figure = number | string;
const shown = (x: Figure): string => (typeof x === 'number' ? x.toLocaleString('en-US') : x);

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
function bytes(x: Figure): string {
  if (typeof x === 'string') return `${x} bytes`;
  const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, x)) / 10)));
  const scaled = x / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toPrecision(3)} ${UNITS[power]}`;
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;

export function costPanel(e: Explanation): Node[] {
  const whole: (readonly [string, string])[] = [
    ['launches', String(e.launches)],
    ['operations', `${shown(e.operations)} = ${e.operationsFormula}`],
    ...(e.ofDense === undefined ? [] : [['of a dense kernel', percent(e.ofDense)] as const]),
    ['tiles', printTiles(e.tiles)],
    ['inputs and outputs', bytes(e.bytes)],
    ...(e.loadedBytes === undefined ? [] : [['loaded by workgroups', bytes(e.loadedBytes)] as const]),
    ['kept between launches', bytes(e.workspaceBytes)],
    ...(e.limit
      ? [
          [
            'no faster than',
            `${e.limit.ms.toPrecision(3)} ms by ${e.limit.by}, on ${e.limit.device}`,
          ] as const,
        ]
      : []),
  ];
  const launches = e.stages.map((s) => [
    s.name,
    s.writes.join(', '),
    shown(s.workgroups),
    `${s.plan.arrangement}, ${s.plan.lanes} lanes`,
    bytes(s.workgroupBytes),
    shown(s.operations),
  ]);
  const recurrences = e.recurrences.map((r) => `${r.axis}: ${r.class}, run as ${r.form ?? 'steps'}`);
  return [
    table('The whole kernel', ['what', 'figure'], whole),
    table(
      'Launches',
      ['launch', 'writes', 'workgroups', 'lanes', 'workgroup memory', 'operations'],
      launches,
    ),
    ...(recurrences.length > 0 ? [element('p', {}, 'Recurrences: ', recurrences.join('; '))] : []),
  ];
}
