/** The flags that say what a target may use and for what kind of device kernels are planned, shared by several commands. */
import type { Command } from 'commander';
import { CUDA_ARCHS, type CudaArch } from '../../backends/backend.ts';
import type { Features } from './pipeline.ts';
import { parseUnit, type MatrixUnit } from '../expr/matrix-unit.ts';
import { FORM_NAMES, type FormPlan } from '../ir/recurrence/forms/forms.ts';
import { oneOf, UsageError, wholeNumber } from './usage.ts';

export interface FeatureOptions {
  readonly device?: 'gpu' | 'cpu';
  readonly subgroups?: number;
  readonly packedProducts?: boolean;
  readonly arch?: CudaArch;
  readonly f16?: true;
  readonly f16Arithmetic?: true;
  readonly workgroupMemory?: number;
  readonly subgroupMatrix?: readonly MatrixUnit[];
  readonly form?: Partial<FormPlan>;
  readonly rewrite?: boolean;
  /** A plan file, or false for none at all. */
  readonly plan?: string | false;
}

/** `chunked`, `chunked:32`, `chunked:32:8`, `chunked:32:8:16` or `:32`. */
function parseForm(text: string): Partial<FormPlan> {
  const [form, chunk, section, subChunk, ...more] = text.split(':');
  if (more.length > 0 || text === '' || [chunk, section, subChunk].includes(''))
    throw new UsageError(
      `--form ${text}: expected FORM, FORM:CHUNK, FORM:CHUNK:SECTION, FORM:CHUNK:SECTION:SUBCHUNK or :CHUNK`,
    );
  return {
    ...(form ? { form: oneOf('form', FORM_NAMES)(form) } : {}),
    ...(chunk !== undefined ? { chunk: wholeNumber('form', 1)(chunk) } : {}),
    ...(section !== undefined ? { section: wholeNumber('form', 1)(section) } : {}),
    ...(subChunk !== undefined ? { subChunk: wholeNumber('form', 1)(subChunk) } : {}),
  };
}

/** `f16-f32:16x16x16`, and further ones after commas. */
function parseUnits(text: string): readonly MatrixUnit[] {
  return text.split(',').map((one) => {
    const unit = parseUnit(one);
    if (unit) return unit;
    throw new UsageError(
      `--subgroup-matrix ${one}: expected COMPONENT-RESULT:MxNxK, such as f16-f32:16x16x16`,
      'components and results are f16 or f32, and sides are 4, 8, 16, 32 or 64',
    );
  });
}

/** Adds `--device --subgroups --subgroup-matrix --packed-products --workgroup-memory --arch --f16 --f16-arithmetic --form --rewrite --no-rewrite --plan --no-plan`; `usual` says in the help what happens without the first. */
export function addFeatureOptions(command: Command, usual: string, { plan = true } = {}): Command {
  command
    .option(
      '--device <kind>',
      `WGSL: plan for a gpu, or for a device that runs on the cpu (default: ${usual})`,
      oneOf('device', ['gpu', 'cpu'] as const),
    )
    .option(
      '--arch <name>',
      'CUDA: the least architecture that must run the code; sm_90a uses what only that one has (default: sm_80)',
      oneOf('arch', CUDA_ARCHS),
    )
    .option(
      '--subgroups <lanes>',
      'WGSL: subgroups of the device have at least so many lanes, which exchange values (any number for a gpu, whose kernels look); 1: they exchange nothing',
      wholeNumber('subgroups', 1),
    )
    .option(
      '--packed-products',
      'WGSL: the language has packed_4x8_integer_dot_product, with which products of bytes are summed four at a time',
    )
    .option('--no-packed-products', 'WGSL: do without it')
    .option(
      '--subgroup-matrix <units>',
      'WGSL: products of matrices that subgroups of the device do, such as f16-f32:16x16x16 for sums in f32 (default: none)',
      parseUnits,
    )
    .option('--f16', 'WGSL: use the shader-f16 feature for 16-bit storage')
    .option(
      '--f16-arithmetic',
      'WGSL: like --f16, and a gpu multiplies f16 operands as f16, adding up four products at a time: less precise',
    )
    .option(
      '--workgroup-memory <bytes>',
      'WGSL: workgroup memory that the device is asked for (default: 16384, which every device has)',
      wholeNumber('workgroup-memory', 16384),
    )
    .option(
      '--form <form[:chunk[:section[:subchunk]]]>',
      `how recurrences run: ${FORM_NAMES.join(', ')}, positions of a chunk, chunks of a section and positions of a sub-chunk (default: by the sizes and the step)`,
      parseForm,
    )
    .option(
      '--rewrite',
      'carry sums over positions along wherever that is possible, even where it costs more',
    )
    .option('--no-rewrite', 'compute all sums over positions as they are written');
  if (!plan) return command;
  return command
    .option(
      '--plan <file>',
      'schedule by this plan file (default: NAME.plan.json beside the spec, if it is there)',
    )
    .option('--no-plan', 'schedule without a plan file');
}

export const featuresOf = ({
  device,
  arch,
  f16,
  f16Arithmetic,
  subgroups,
  packedProducts,
  subgroupMatrix,
  workgroupMemory,
  form,
  rewrite,
}: FeatureOptions): Features => ({
  shaderF16: f16 === true || f16Arithmetic === true,
  ...(f16Arithmetic ? { f16Arithmetic } : {}),
  ...(workgroupMemory ? { workgroupBytes: workgroupMemory } : {}),
  ...(form ? { form } : {}),
  ...(rewrite === undefined ? {} : { rewrite }),
  ...(device ? { device } : {}),
  ...(subgroups ? { subgroups } : {}),
  ...(packedProducts === undefined ? {} : { packedProducts }),
  ...(subgroupMatrix ? { matrixUnits: subgroupMatrix } : {}),
  ...(arch ? { arch } : {}),
});
