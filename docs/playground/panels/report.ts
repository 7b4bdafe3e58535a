/** What a run gave: where, whether it agrees, how long it took. */
import { element, table } from '../dom.ts';
import type { Numbers, RunReport } from '../protocol.ts';

const list = (numbers: Numbers): string =>
  Object.entries(numbers)
    .map(([name, x]) => `${name} = ${x}`)
    .join(', ');

const milliseconds = (x: number): string => `${x.toPrecision(3)} ms`;

function verdict(r: RunReport): HTMLElement {
  if (r.agrees === undefined)
    return element('p', { class: 'verdict' }, `Not compared: ${r.unchecked ?? ''}.`);
  const text = !r.agrees
    ? 'Does not agree with the interpreter.'
    : r.explained
      ? 'Agrees with the interpreter as far as rounding of the inputs allows.'
      : 'Agrees with the interpreter.';
  return element(
    'p',
    { class: `verdict ${r.agrees ? 'good' : 'bad'}`, 'data-agrees': String(r.agrees) },
    text,
  );
}

export function reportPanel(r: RunReport): Node[] {
  const time =
    r.ms === undefined
      ? 'Kernel interpreters have no time worth telling.'
      : `${milliseconds(r.ms)} ${r.timedBy === 'device' ? 'on the device' : 'with submission, by the clock'}, median of repeated runs`;
  const files = r.fromFiles.length > 0 ? ` From files: ${r.fromFiles.join(', ')}; the rest is random.` : '';
  const worst = new Map(r.agreement?.map((o) => [o.output, o]));
  const outputs = r.outputs.map(({ name, summary }) => {
    const o = worst.get(name);
    return [
      name,
      summary,
      o ? `${o.worst.toExponential(2)} (limit ${o.tolerance.toExponential(1)})` : 'not compared',
    ];
  });
  return [
    verdict(r),
    element('p', {}, `On ${r.device}. ${time}.`),
    element('p', {}, `For ${[list(r.sizes), list(r.params)].filter((x) => x !== '').join(', ')}.${files}`),
    table('Outputs', ['output', 'values', 'worst error'], outputs),
    ...(r.launches && r.launches.length > 1
      ? [
          table(
            'Launches',
            ['launch', 'time'],
            r.launches.map((l) => [l.name, milliseconds(l.ms)]),
          ),
        ]
      : []),
  ];
}
