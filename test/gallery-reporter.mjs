/**
 * Notes which example passed on which executor, for the table of examples: writes the file in ATTNC_GALLERY_RUNS. An example
 * passed where every test of it did.
 */
import { writeFileSync } from 'node:fs';

const FILE = process.env.ATTNC_GALLERY_RUNS;

const MATRIX = {
  'test/run/kernel-interp.test.ts': 'kernel interpreter',
  'test/run/wgsl-f32.test.ts': 'WGSL',
  'test/run/wgsl-f16.test.ts': 'WGSL',
  'test/run/cuda-emu.test.ts': 'CUDA',
  'test/run/cuda-nvcc.test.ts': 'nvcc',
};
const REFERENCES = [
  'test/run/softmax-references.test.ts',
  'test/run/linear-interp.test.ts',
  'test/run/sparse.test.ts',
];
/** `file.attn: kernel`, perhaps with how it is run behind it. */
const TITLE = /^(\w+)\.attn: (\w+)/;

// Reporters are loaded by path and must be the default export.
export default class GalleryReporter {
  onTestRunEnd(modules) {
    if (!FILE) return;
    const runs = {};
    const note = (key, executor, state) => {
      const own = (runs[key] ??= {});
      if (own[executor] !== 'failed') own[executor] = state;
    };
    for (const module of modules) {
      const executor = MATRIX[module.relativeModuleId];
      const isReference = REFERENCES.includes(module.relativeModuleId);
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'passed' && state !== 'failed') continue;
        const title = test.name.replaceAll("'", '');
        const [, file, kernel] = TITLE.exec(title) ?? [];
        if (executor && file) note(`${file}: ${kernel}`, executor, state);
        if (isReference) note(title.split(', ')[0], 'reference', state);
      }
    }
    const order = ([a], [b]) => (a < b ? -1 : 1);
    const sorted = (x) => Object.fromEntries(Object.entries(x).sort(order));
    const all = sorted(Object.fromEntries(Object.entries(runs).map(([key, own]) => [key, sorted(own)])));
    writeFileSync(FILE, `${JSON.stringify(all, null, 1)}\n`);
  }
}
