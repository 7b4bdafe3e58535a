/** The order of test files: what takes minutes begins first, so that no core is left idle at the end of a run. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first, where no earlier run on this machine says how long they took. */
const LONG = [
  'cuda-emu',
  'wgsl-f32',
  'kernel-interp',
  'cuda-nvcc',
  'sparse',
  'linear-cuda',
  'linear-wgsl',
  'wgsl-swiftshader',
  'wgsl-f16',
  'wgsl-naga',
].map((name) => `test/run/${name}.test.ts`);

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONG.findIndex((path) => moduleId.endsWith(path));
  return at < 0 ? LONG.length : at;
};

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual
      .map((file, n) => ({ file, n }))
      .sort((a, b) => rank(a.file) - rank(b.file) || a.n - b.n)
      .map(({ file }) => file);
  }
}
