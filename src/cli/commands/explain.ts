/** `attnc explain`: what an error code means, or what the compiler decided about a kernel. */
import type { Command } from 'commander';
import { userError } from '../../diagnostics/diagnostic.ts';
import { codeRow, CODES } from '../../diagnostics/codes.ts';
import type { CommandResult, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { bindTensors, plainSizes } from '../bind-some.ts';
import { assumedNote, fixedFor, fixedOrUsual } from '../../fixed-sizes.ts';
import {
  COMPILE_TARGETS,
  constNames,
  explainVariant,
  irOf,
  type CompileTarget,
  type Spec,
  type Variant,
} from '../pipeline.ts';
import { planOf } from '../plan-file.ts';
import { collectWhole, oneOf, parseNumbers, parseTensorPaths, UsageError } from '../usage.ts';
import { addArtefactOption, addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions, FeatureOptions {
  readonly target: CompileTarget;
  readonly in?: string[];
  readonly json?: true;
}

export function addExplain(program: Command, run: Runner): void {
  const command = program
    .command('explain')
    .description('explain a kernel (passes, block bounds, memory, cost) or an error code')
    .argument('<file-or-code>', 'a .attn file, or a code such as E0201')
    .option('-t, --target <target>', COMPILE_TARGETS.join(', '), oneOf('target', COMPILE_TARGETS), 'wgsl');
  addFeatureOptions(
    addArtefactOption(
      addVariantOptions(command, 'fix a size or a const, or give a param for the figures (repeatable)'),
    ),
    'gpu',
  )
    .option('-i, --in <name=file>', 'a tensor that bounds depend on, for the figures', collectWhole)
    .option('--json', 'print one JSON object')
    .action((subject: string, options: Options) =>
      run('explain', options.json === true, async (context) => {
        if (/^[EW]\d{4}$/i.test(subject)) return explainCode(subject);
        const { spec, kernels, warnings } = openChecked(context, subject);
        const names =
          options.kernel === undefined ? kernels : [chooseKernel(subject, kernels, options.kernel)];
        const explained = [];
        const paths = parseTensorPaths('in', options.in);
        const features = { ...featuresOf(options), ...(await planOf(context.sources, subject, options)) };
        for (const name of names) {
          const { variant, params } = settled(spec, options, name);
          const { kernel, inputs } = bindTensors(spec, variant, paths);
          const sizes = plainSizes(kernel, inputs);
          for (const [size, value] of Object.entries(sizes))
            if ((variant.set[size] ?? value) !== value)
              throw new UsageError(`--set ${size}=${variant.set[size]}: a tensor has ${size} = ${value}`);
          const { set, assumed } = fixedOrUsual(kernel, { ...sizes, ...variant.set });
          const note = assumedNote(kernel, assumed);
          if (note !== undefined) context.note(note);
          const wanted = { values: { ...sizes, ...params }, tensors: inputs };
          const fixed = fixedFor(kernel, variant.set, set);
          explained.push(await explainVariant(kernel, fixed, wanted, options.target, features));
        }
        return {
          ok: true,
          diagnostics: [...warnings, ...explained.flatMap((e) => e.data.planUse?.warning ?? [])],
          data: { kernels: explained.map((e) => e.data) },
          text: explained.map((e) => e.text.trimEnd()).join('\n\n'),
        };
      }),
    );
}

/** `--set` says here what is known: sizes and consts are fixed, values of params are for the figures only. */
function settled(
  spec: Spec,
  options: Options,
  name: string,
): { readonly variant: Variant; readonly params: Readonly<Record<string, number>> } {
  const plain = variantOf({ ...options, set: [] }, name);
  const params = new Set(irOf(spec, plain).params.map((p) => p.name));
  const consts = new Set(constNames(spec, name));
  const pairs = (options.set ?? []).map((text) => [text.split('=')[0]!, text] as const);
  const having = (wanted: (n: string) => boolean): string[] =>
    pairs.filter(([n]) => wanted(n)).map(([, text]) => text);
  const values = (names: ReadonlySet<string>): Readonly<Record<string, number>> =>
    Object.fromEntries(
      parseNumbers(
        'set',
        having((n) => names.has(n)),
      ),
    );
  const sizes = having((n) => !params.has(n) && !consts.has(n));
  const variant = variantOf({ ...options, set: sizes }, name);
  return {
    variant: { ...variant, consts: { ...variant.consts, ...values(consts) } },
    params: values(params),
  };
}

function explainCode(subject: string): CommandResult {
  const row = codeRow(subject);
  if (row === undefined)
    throw userError('E0700', `there is no code ${subject.toUpperCase()}`, {
      hint: `there are ${[...CODES.keys()].join(', ')}`,
    });
  return { ok: true, data: { ...row }, text: `${row.code}: ${row.title}\n\n${row.explanation}` };
}
