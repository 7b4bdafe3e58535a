/** `npm run bench -- --only REGEX --json FILE --chart FILE --rounds N`: measures, prints a table, writes JSON and a picture when asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { openWebgpu } from '../src/runtime/webgpu-device.ts';
import { drawFigures, type Figures } from './chart/draw.ts';
import { coldRow, warmRows } from './compiling.ts';
import { denseNames, denseRows } from './dense.ts';
import { editorNames, editorRows } from './editor.ts';
import { maskNames, maskRows } from './masks.ts';
import { choosePeers, USUAL_PEERS } from './peers/choose.ts';
import { recurrenceNames, recurrenceRows } from './recurrences.ts';
import { rewritingNames, rewritingRow } from './rewriting.ts';
import type { Row } from './rows.ts';
import { variantNames, variantRows } from './variants.ts';
import { selectionNames, selectionRows } from './selections.ts';

const ms = (n: number): string => (n < 10 ? n.toFixed(2) : n.toFixed(0));

function line(r: Row): string {
  const times = (ratio: number, cpu: number | undefined): string =>
    `${ratio.toFixed(1)} times as long${cpu === undefined ? '' : `, ${cpu.toFixed(1)} times the CPU time`}`;
  const peers = Object.entries(r.peers).map(
    ([name, p]) =>
      `${name} ${ms(p.median_ms)} ms, ${times(p.ratio, p.cpu_ratio)}, error ${p.max_error.toExponential(0)}`,
  );
  const work = r.per_operation;
  if (work)
    peers.push(`${work.time.toFixed(2)} times plain per operation, ${work.cpu.toFixed(2)} by CPU time`);
  const spread = `(${ms(r.spread[0])} … ${ms(r.spread[1])})`;
  return [r.name.padEnd(34), `${ms(r.median_ms)} ms`.padStart(10), spread, ...peers].join('  ');
}

async function main(): Promise<void> {
  const program = new Command()
    .option('--only <regex>', 'rows whose name matches', '')
    .option('--json <file>', 'write all figures there')
    .option('--chart <file>', 'draw all figures there, as SVG')
    .option('--from <file>', 'measure nothing: take the figures that --json wrote')
    .option('--rounds <n>', 'measured rounds', '7')
    .option('--peers <names>', 'other libraries beside dense rows', USUAL_PEERS);
  const { only, json, chart, from, rounds, peers } = program.parse().opts<{
    only: string;
    json?: string;
    chart?: string;
    from?: string;
    rounds: string;
    peers: string;
  }>();
  const figures =
    from === undefined
      ? await measure(new RegExp(only), Number(rounds), peers)
      : (JSON.parse(readFileSync(from, 'utf8')) as Figures);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
  if (chart !== undefined) writeFileSync(chart, await drawFigures(figures));
}

/** Rows that need a WebGPU device. */
const GROUPS = [
  { names: variantNames, rows: variantRows },
  { names: maskNames, rows: maskRows },
  { names: recurrenceNames, rows: recurrenceRows },
  { names: rewritingNames, rows: rewritingRow },
  { names: selectionNames, rows: selectionRows },
];

async function measure(pattern: RegExp, rounds: number, peers: string): Promise<Figures> {
  const wanted = (name: string): boolean => pattern.test(name);
  const rows: Row[] = [];
  const done = (r: Row): void => {
    rows.push(r);
    console.log(line(r));
  };
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} threads, Node ${process.version}`;
  console.log(machine);
  warmRows(wanted, rounds, done);
  if (wanted('cli/compile/cold')) done(coldRow(rounds));
  if (editorNames().some(wanted)) await editorRows(wanted, rounds, done);
  let device: string | null = null;
  const groups = GROUPS.filter((g) => g.names().some(wanted));
  const dense = denseNames().some(wanted);
  if (dense || groups.length > 0) {
    const gpu = await openWebgpu();
    device = gpu.name;
    console.log(`WebGPU: ${gpu.name}`);
    if (dense) await denseRows(gpu, wanted, rounds, done, choosePeers(gpu, peers));
    for (const g of groups) await g.rows(gpu, wanted, rounds, done);
    gpu.close();
  }
  return { machine, device, date: new Date().toISOString(), rows };
}

await main();
process.exit();
