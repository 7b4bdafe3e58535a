/** Draws rows of figures as an SVG picture with Vega-Lite, which is installed by itself in this folder. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/runtime/package-root.ts';
import type { Row } from '../rows.ts';

/** What `npm run bench -- --json FILE` writes. */
export interface Figures {
  /** Processor and runtime, for people. */
  readonly machine: string;
  /** The WebGPU device with its driver; null where rows need none. */
  readonly device: string | null;
  /** ISO 8601. */
  readonly date: string;
  readonly rows: readonly Row[];
}

/** A bar; times in milliseconds. */
interface Bar {
  readonly row: string;
  readonly who: string;
  readonly ms: number;
  readonly fastest: number;
  readonly slowest: number;
}

const FOLDER = join(packageRoot(), 'bench', 'chart');
const INSTALL = 'npm ci --ignore-scripts --prefix bench/chart';
const OURS = 'attnc';

function barsOf(rows: readonly Row[]): readonly Bar[] {
  return rows.flatMap((r) => [
    { row: r.name, who: OURS, ms: r.median_ms, fastest: r.spread[0], slowest: r.spread[1] },
    ...Object.entries(r.peers).map(([who, p]) => ({
      row: r.name,
      who,
      ms: p.median_ms,
      fastest: p.spread?.[0] ?? p.median_ms,
      slowest: p.spread?.[1] ?? p.median_ms,
    })),
    ...(r.limit_ms === null
      ? []
      : [{ row: r.name, who: 'cost model', ms: r.limit_ms, fastest: r.limit_ms, slowest: r.limit_ms }]),
  ]);
}

const x = (field: string): object => ({
  field,
  type: 'quantitative',
  scale: { type: 'log', nice: true },
  title: 'milliseconds (logarithmic; median, line from the fastest to the slowest run)',
});

function specOf(f: Figures): object {
  const y = { field: 'who', type: 'nominal', title: null, sort: { field: 'ms', order: 'ascending' } };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: f.device ?? f.machine, subtitle: `${f.machine}, ${f.date.slice(0, 10)}`, anchor: 'start' },
    background: 'white',
    data: { values: barsOf(f.rows) },
    facet: {
      row: {
        field: 'row',
        title: null,
        sort: f.rows.map((r) => r.name),
        header: { labelOrient: 'top', labelAnchor: 'start', labelPadding: 2 },
      },
    },
    spacing: 6,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 420,
      height: { step: 14 },
      layer: [
        {
          mark: { type: 'point', filled: true, size: 45 },
          encoding: {
            y,
            x: x('ms'),
            color: {
              condition: { test: `datum.who === '${OURS}'`, value: '#d1495b' },
              value: '#30638e',
            },
          },
        },
        { mark: 'rule', encoding: { y, x: x('fastest'), x2: { field: 'slowest' } } },
      ],
    },
  };
}

interface Vega {
  parse(spec: unknown): unknown;
  View: new (runtime: unknown, options: { renderer: 'none' }) => { toSVG(): Promise<string> };
}
interface Logger {
  level(): Logger;
  error(...words: readonly unknown[]): Logger;
  warn(): Logger;
  info(): Logger;
  debug(): Logger;
}
interface VegaLite {
  compile(spec: object, options: { readonly logger: Logger }): { readonly spec: unknown };
}

/** It warns of independent axes, which are meant here. */
const QUIET: Logger = {
  level: () => QUIET,
  error: (...words) => {
    throw new Error(words.join(' '));
  },
  warn: () => QUIET,
  info: () => QUIET,
  debug: () => QUIET,
};

const load = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(createRequire(join(FOLDER, 'package.json')).resolve(name)).href)) as T;

/** @throws Error where the packages of this folder are not installed */
export async function drawFigures(figures: Figures): Promise<string> {
  if (!existsSync(join(FOLDER, 'node_modules'))) throw new Error(`--chart needs ${INSTALL}`);
  const { compile } = await load<VegaLite>('vega-lite');
  const vega = await load<Vega>('vega');
  const view = new vega.View(vega.parse(compile(specOf(figures), { logger: QUIET }).spec), {
    renderer: 'none',
  });
  return `${await view.toSVG()}\n`;
}
