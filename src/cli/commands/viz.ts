/** `attnc viz`: a picture of a mask and of what the compiler does with its tiles, or of the values of a definition. */
import { extname } from 'node:path';
import type { Command } from 'commander';
import { backendFor } from '../../../backends/index.ts';
import { userError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import { requireKnown } from '../../diagnostics/known.ts';
import type { IrKernel } from '../../ir/ir.ts';
import { makeFolder, writeFilesAtomically } from '../../runtime/files.ts';
import { describeTiles, draw, type Drawn } from '../../viz/draw.ts';
import { SCALES, type ScaleName } from '../../viz/map-picture.ts';
import type { TileShape } from '../../viz/subject.ts';
import type { ThemeName } from '../../viz/svg.ts';
import { bindTensors, plainSizes } from '../bind-some.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { fixedFor, fixedOrUsual } from '../../fixed-sizes.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { COMPILE_TARGETS, type CompileTarget } from '../pipeline.ts';
import {
  collect,
  collectWhole,
  oneOf,
  parseNumbers,
  parseSizes,
  parseTensorPaths,
  UsageError,
  wholeNumber,
} from '../usage.ts';
import { addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions {
  readonly out: string;
  readonly in?: string[];
  readonly param?: string[];
  readonly at?: string[];
  readonly output?: string;
  readonly map?: string;
  readonly scale?: ScaleName;
  readonly tile?: TileShape;
  readonly target: CompileTarget;
  readonly theme?: ThemeName;
  readonly zoom: number;
  readonly json?: true;
}

const THEMES = ['auto', 'light', 'dark'] as const satisfies readonly ThemeName[];

/** `16x8`, or per axis `4,4x4,2`. */
function parseTile(text: string): TileShape {
  const sides = text.split('x').map((side) => side.split(',').map(wholeNumber('tile', 1)));
  const [rows, cols, ...more] = sides;
  if (!rows || !cols || more.length > 0)
    throw new UsageError(`--tile ${text}: expected ROWSxCOLUMNS, for example 16x16 or 4,4x4,4`);
  return { rows, cols };
}

export function addViz(program: Command, run: Runner): void {
  const command = program
    .command('viz')
    .description('draw the mask of a kernel and what the compiler does with its tiles')
    .argument('<file>', 'the .attn file')
    .requiredOption('-o, --out <picture>', 'where the picture goes: NAME.svg or NAME.png')
    .option('-i, --in <name=file>', 'a tensor that the mask or the map reads', collectWhole)
    .option('-p, --param <name=value>', 'a runtime parameter (repeatable)', collect)
    .option('--at <axis=index>', 'which batch, head, … (repeatable); 0 by default', collect)
    .option('--output <name>', 'the output whose mask is drawn; the first by default')
    .option('--map <name>', 'draw the values of this definition instead')
    .option('--scale <scale>', `of the map: ${SCALES.join(', ')}`, oneOf('scale', SCALES))
    .option(
      '--tile <rowsxcolumns>',
      'tiles to draw instead of the chosen ones: 16x16, or per axis 4,4x4,4',
      parseTile,
    )
    .option(
      '-t, --target <target>',
      `whose tiles: ${COMPILE_TARGETS.join(', ')}`,
      oneOf('target', COMPILE_TARGETS),
      'wgsl',
    )
    .option(
      '--theme <theme>',
      `${THEMES.join(', ')}; auto follows the reader, and is light in a .png`,
      oneOf('theme', THEMES),
    )
    .option('--zoom <times>', 'pixels of a .png per unit of the picture', wholeNumber('zoom', 1), 2);
  addVariantOptions(command)
    .option('--json', 'print one JSON object')
    .action((file: string, options: Options) =>
      run('viz', options.json === true, (context) => viz(context, file, options)),
    );
}

async function viz(context: Context, path: string, options: Options): Promise<CommandResult> {
  const format = formatOf(options.out);
  const at = Object.fromEntries(parseSizes('at', options.at));
  const params = parseNumbers('param', options.param);
  const paths = parseTensorPaths('in', options.in);
  const { spec, kernels, warnings } = openChecked(context, path);
  const variant = variantOf(options, chooseKernel(path, kernels, options.kernel));
  const { kernel, inputs } = bindTensors(spec, variant, paths);
  const names = kernel.outputs.map((o) => o.name);
  if (options.output !== undefined) requireKnown('E0722', 'output', options.output, names, kernel.name);
  for (const name of params.keys())
    requireKnown(
      'E0722',
      'parameter',
      name,
      kernel.params.map((p) => p.name),
      kernel.name,
    );
  const drawn = draw({
    kernel,
    options: {
      // Other sizes stay open, as in kernels that run at any size.
      fixed: fixedFor(
        kernel,
        {},
        fixedOrUsual(kernel, { ...plainSizes(kernel, inputs), ...variant.set }).set,
      ),
      limits: backendFor(options.target).limits({}),
    },
    sizes: variant.set,
    params: Object.fromEntries(params),
    inputs,
    at,
    theme: options.theme ?? (format === 'svg' ? 'auto' : 'light'),
    ...(options.output === undefined ? {} : { output: options.output }),
    ...(options.map === undefined ? {} : { map: options.map }),
    ...(options.scale === undefined ? {} : { scale: options.scale }),
    ...(options.tile === undefined ? {} : { tile: options.tile }),
  });
  const content =
    format === 'svg' ? drawn.svg : await (await import('../png.ts')).pngOf(drawn.svg, options.zoom);
  makeFolder(options.out);
  writeFilesAtomically([{ path: options.out, content }]);
  return result(kernel, drawn, options.out, warnings);
}

/** @throws UserError E0742 for other endings. */
function formatOf(path: string): 'svg' | 'png' {
  const ending = extname(path).slice(1).toLowerCase();
  if (ending === 'svg' || ending === 'png') return ending;
  throw userError('E0742', `${path} has no known picture format`, {
    hint: 'the name must end in .svg or .png',
  });
}

function result(
  kernel: IrKernel,
  { counts, ...drawn }: Drawn,
  path: string,
  warnings: readonly Diagnostic[],
): CommandResult {
  const { wrong } = counts.tiles;
  const bug: Diagnostic = {
    code: 'E0731',
    severity: 'error',
    message: `${wrong} tiles of ${kernel.name} are not what their pairs ask for`,
    hint: 'this is a bug in attnc: please report it with the file and the command; the picture shows the tiles',
  };
  const { svg: _svg, ...data } = drawn;
  const map = drawn.map ? ` values from ${drawn.map.least} to ${drawn.map.greatest};` : '';
  return {
    ok: wrong === 0,
    diagnostics: wrong === 0 ? warnings : [...warnings, bug],
    data: { kernel: kernel.name, ...data, ...counts, written: [path] },
    text: `${kernel.name}, tiles of ${drawn.tile}:${map} ${describeTiles(counts)}\nwrote ${path}`,
  };
}
