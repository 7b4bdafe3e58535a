/** What the page shows of a kernel: its levels and sources as text, what it costs, and the picture of its mask. */
import { planLimits, printLevel } from '../../../src/cli/pipeline.ts';
import { inputsInRange } from '../../../src/cli/verify/inputs-in-range.ts';
import { integerUses } from '../../../src/cli/verify/integer-uses.ts';
import { UserError } from '../../../src/diagnostics/diagnostic.ts';
import { explainLowered, printExplanation, type Explanation } from '../../../src/explain.ts';
import { checkExtents, checkRequires, paramValues } from '../../../src/ir/sizes.ts';
import type { IrKernel } from '../../../src/ir/ir.ts';
import { tensorValues } from '../../../src/runtime/tensor.ts';
import { describeTiles, draw } from '../../../src/viz/draw.ts';
import type { Level, Numbers, Picture, Subject } from '../protocol.ts';
import { compiledFor, fixedOf, kernelOf, specOf, variantOf } from './compiled.ts';

export async function sourceText(s: Subject): Promise<string> {
  const { files, manifest } = await compiledFor(s);
  return files.find((f) => f.path === manifest.source)?.text ?? '';
}

export async function levelText(s: Subject, level: Level): Promise<string> {
  if (level === 'explain') return printExplanation(await explanationOf(s));
  const fixed = fixedOf(s);
  return printLevel(specOf(s.text), variantOf(s.kernel, fixed), fixed, level, s.target, {});
}

/** @throws UserError E05xx for numbers that the kernel does not allow */
export function checkedNumbers(ir: IrKernel, { sizes, params }: Pick<Subject, 'sizes' | 'params'>): Numbers {
  checkExtents(ir, sizes);
  const values = paramValues(ir, sizes, params);
  checkRequires(ir, sizes, values);
  return values;
}

export async function explanationOf(s: Subject): Promise<Explanation> {
  const params = checkedNumbers(kernelOf(s.text, s.kernel), s);
  const { lowered } = await compiledFor(s);
  return explainLowered(lowered, planLimits(s.target, {}), { ...s.sizes, ...params });
}

const SEED = 1;

/** With random tensors where the mask reads some. */
export async function maskPicture(s: Subject): Promise<Picture> {
  const ir = kernelOf(s.text, s.kernel);
  const params = checkedNumbers(ir, s);
  const options = { fixed: fixedOf(s), limits: planLimits(s.target, {}) };
  const request = { kernel: ir, options, sizes: s.sizes, params, at: {}, theme: 'auto' } as const;
  const plain = attempt(() => draw({ ...request, inputs: {} }));
  const drawn = plain ?? draw({ ...request, inputs: randomInputs(ir, s.sizes, params) });
  const note = plain ? '' : ' The mask reads tensors, which are random here.';
  return { svg: drawn.svg, described: `Output ${drawn.output}: ${describeTiles(drawn.counts)}${note}` };
}

/** Undefined where tensors are missing. */
function attempt<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch (e) {
    if (e instanceof UserError && e.diagnostic.code === 'E0710') return undefined;
    throw e;
  }
}

function randomInputs(ir: IrKernel, sizes: Numbers, params: Numbers) {
  const made = inputsInRange({ kernel: ir, sizes, params, seed: SEED }, integerUses(ir), 0);
  return Object.fromEntries([...made].map(([name, t]) => [name, { shape: t.shape, data: tensorValues(t) }]));
}
