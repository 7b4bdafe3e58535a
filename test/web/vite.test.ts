/** `attnc/vite` in a real browser: what a page computes is what the interpreter computes; changes and errors reach the page. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { build, createLogger, createServer, preview, type InlineConfig, type Logger } from 'vite';
import { interpret } from '../../src/index.ts';
import type { KernelModule } from '../../src/webgpu/index.ts';
import { literal } from '../../src/vite/literal.ts';
import { attnc } from '../../src/vite/plugin.ts';
import { missingBrowser, openBrowser, openPage } from '../support/browser.ts';
import { root } from '../support/package.ts';

const SPEC = `import { twice } from "./twice.attn"

// Scores of a short sequence.
kernel class {
  axes i: N, j: M, d: D
  in q: f32[i, d]
  in k: f16[j, d]
  param causal: bool = true
  mask !causal || j <= i
  score s = sum[d](q * k) * SCALE
  normalize p = softmax[j](s)
  out y: f32[i, d] = twice(sum[j](p * k))
}
`;
const spec = (scale: string): string => SPEC.replace('SCALE', scale);
const TWICE = 'fn twice(x) = x + x\n';
const MAIN = `import { createKernel, requestDevice, type KernelModule } from 'attnc/webgpu';
import { classKernel, type ClassTypes } from './scores.attn';

declare global { interface Window { result?: Promise<number[]> } }

async function run(module: KernelModule<ClassTypes>): Promise<number[]> {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await requestDevice(adapter!, [module]);
  const kernel = await createKernel(device, module, { N: 5, M: 5 });
  const values = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i)));
  await kernel.run({ inputs: { q: values(20), k: values(20).map((x) => Math.round(x * 64) / 64) }, params: { causal: true } });
  const y: Float32Array = await kernel.read('y');
  device.destroy();
  return [...y];
}
window.result = run(classKernel);
import.meta.hot?.accept('./scores.attn', (m) => {
  window.result = run((m as unknown as { classKernel: KernelModule<ClassTypes> }).classKernel);
});
`;

let app: string;
let browser: Browser | undefined;
beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), 'attnc-vite-'));
  mkdirSync(join(app, 'src'));
  for (const [path, text] of [
    ['src/scores.attn', spec('0.5')],
    ['src/twice.attn', TWICE],
    ['src/main.ts', MAIN],
    [
      'index.html',
      '<!doctype html><title>scores</title><link rel="icon" href="data:,"><script type="module" src="/src/main.ts"></script>',
    ],
  ] as const)
    writeFileSync(join(app, path), text);
  if (missingBrowser === undefined) browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(app, { recursive: true, force: true });
});

const config = (): InlineConfig => ({
  root: app,
  configFile: false,
  logLevel: 'silent',
  plugins: [attnc({ set: { D: 4, Q: 7 } })],
  resolve: { alias: { 'attnc/webgpu': join(root, 'src/webgpu/index.ts') } },
  server: { port: 0, fs: { strict: false } },
  optimizeDeps: { noDiscovery: true },
});

function expected(scale: string): readonly number[] {
  const values = Array.from({ length: 20 }, (_, i) => Math.fround(Math.sin(i)));
  const k = values.map((x) => Math.round(x * 64) / 64);
  const { value, diagnostics } = interpret(spec(scale), {
    inputs: { q: { shape: [5, 4], data: values }, k: { shape: [5, 4], data: k } },
    load: () => TWICE,
  });
  expect(diagnostics).toEqual([]);
  return Array.from(value!['y']!.data);
}
/** Sums of five products in f32. */
const expectClose = (actual: readonly number[], wanted: readonly number[]): void => {
  expect(actual.length).toBe(wanted.length);
  expect(Math.max(...wanted.map((x, n) => Math.abs(x - actual[n]!)))).toBeLessThan(1e-5);
};

describe('literals', () => {
  it('are the data that they were made from', () => {
    const number = fc.double();
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        number,
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const read = (text: string): unknown => new Function(`return ${text};`)() as unknown;
    fc.assert(
      fc.property(tree, (data) => {
        expect(read(literal(data))).toEqual(data);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe('the plugin', () => {
  it('writes types that guide the page', async () => {
    await build({ ...config(), build: { write: false } });
    const declaration = readFileSync(join(app, 'src/scores.d.attn.ts'), 'utf8');
    expect(declaration).toMatchInlineSnapshot(`
      "// Types of scores.attn, made by attnc/vite.

      import type { KernelModule } from 'attnc/webgpu';

      /** Of \`class\` in scores.attn. */
      export interface ClassTypes {
        readonly sizes: {
          readonly N: number;
          readonly M: number;
        };
        readonly params: {
          /** By default true. */
          readonly causal?: boolean;
        };
        readonly inputs: {
          /** f32[N, 4] */
          readonly q: Float32Array;
          /** f16[M, 4] */
          readonly k: Float32Array | Uint16Array;
        };
        readonly outputs: {
          /** f32[N, 4] */
          readonly y: Float32Array;
        };
      }

      /**
       * Scores of a short sequence.
       * Compiled for D = 4.
       */
      export declare const classKernel: KernelModule<ClassTypes>;
      "
    `);
    const program = ts.createProgram([join(app, 'src/main.ts')], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowArbitraryExtensions: true,
      allowImportingTsExtensions: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      types: [join(root, 'node_modules/vite/client.d.ts')],
      paths: { 'attnc/webgpu': [join(root, 'src/webgpu/index.ts')] },
    });
    const told = (path: string): string[] =>
      program
        .getSemanticDiagnostics(program.getSourceFile(join(app, path)))
        .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
    expect([...told('src/main.ts'), ...told('src/scores.d.attn.ts')]).toEqual([]);
  });

  it('exports every kernel, and fixes no more sizes than it must', async () => {
    writeFileSync(
      join(app, 'src/two.attn'),
      `kernel plus_one { axes i: N in x: f32[i] out y: f32[i] = x + 1.0 }
      kernel mean_of {
        axes i: N, j: M, d: D
        in q: f32[i, d]
        in k: f32[j, d]
        normalize p = softmax[j](sum[d](q * k))
        out y: f32[i, d] = sum[j](p * k)
      }`,
    );
    const warnings: string[] = [];
    const loaded = async (id: string): Promise<Record<string, KernelModule>> => {
      const server = await createServer({ ...config(), plugins: [attnc()], customLogger: silent(warnings) });
      const result = (await server.ssrLoadModule(id)) as Record<string, KernelModule>;
      await server.close();
      return result;
    };
    const { plusOne, meanOf } = await loaded('/src/two.attn');
    expect([plusOne!.manifest.fixed, meanOf!.manifest.fixed]).toEqual([{}, { D: 64 }]);
    expect(warnings.join()).toMatch(
      /mean_of is compiled for D: 64; choose with attnc\(\{ set: \{ D: 64 \} \}\)/,
    );
    const { meanOf: wide } = await loaded('/src/two.attn?D=128');
    expect(wide!.manifest.fixed).toEqual({ D: 128 });
  });

  it('stops a build with code, place and hint', async () => {
    const path = join(app, 'src/scores.attn');
    writeFileSync(path, spec('scal * 2').replace('normalize', 'let scale = 3.0\n  normalize'));
    const failed = await build({ ...config(), build: { write: false } }).catch((e: unknown) => e as Error);
    writeFileSync(path, spec('0.5'));
    expect(String((failed as Error).message)).toMatch(
      /scores\.attn:10:\d+[\s\S]*E0201: [^\n]*`scal`[\s\S]*\n10 \| [\s\S]*\^\^\^\^/,
    );
  });

  it.skipIf(missingBrowser !== undefined)(
    `builds a page that computes the same (${missingBrowser ?? 'Chromium'})`,
    async () => {
      await build(config());
      const server = await preview({ ...config(), preview: { port: 0 } });
      const { page, errors } = await openPage(browser!);
      await page.goto(server.resolvedUrls!.local[0]!);
      const result = await page.evaluate(() => (window as unknown as { result: Promise<number[]> }).result);
      expect(errors).toEqual([]);
      expectClose(result, expected('0.5'));
      await page.close();
      await server.close();
    },
  );

  it.skipIf(missingBrowser !== undefined)(
    `serves changes and errors (${missingBrowser ?? 'Chromium'})`,
    async () => {
      const server = await createServer(config());
      await server.listen();
      const { page, errors } = await openPage(browser!);
      const path = join(app, 'src/scores.attn');
      const result = (): Promise<number[]> =>
        page.evaluate(() => (window as unknown as { result: Promise<number[]> }).result);
      await page.goto(server.resolvedUrls!.local[0]!);
      expectClose(await result(), expected('0.5'));
      expect(errors).toEqual([]);
      // Kept by an update in place, lost by a reload.
      await page.evaluate(() => Object.assign(window, { kept: true, result: undefined }));
      writeFileSync(path, spec('0.25'));
      await page.waitForFunction(() => (window as unknown as { result?: unknown }).result !== undefined);
      expectClose(await result(), expected('0.25'));
      expect(await page.evaluate(() => (window as unknown as { kept?: boolean }).kept)).toBe(true);
      // What a file imports counts as a part of it.
      writeFileSync(join(app, 'src/twice.attn'), TWICE.replace('x + x', 'x + 3.0 * x'));
      const doubled = expected('0.25').map((x) => 2 * x);
      await vi.waitFor(async () => expectClose(await result(), doubled), { timeout: 20_000 });
      writeFileSync(join(app, 'src/twice.attn'), TWICE);
      await vi.waitFor(async () => expectClose(await result(), expected('0.25')), { timeout: 20_000 });
      writeFileSync(path, spec('scal'));
      const overlay = page.locator('vite-error-overlay');
      await overlay.waitFor({ state: 'attached' });
      const shown = await overlay.evaluate((e) => e.shadowRoot!.textContent ?? '');
      expect(shown).toMatch(
        /E0201[\s\S]*scores\.attn:10[\s\S]*score s = sum\[d\]\(q \* k\) \* scal[\s\S]*\^\^\^\^/,
      );
      writeFileSync(path, spec('2.0'));
      await overlay.waitFor({ state: 'detached' });
      // The page may be loaded anew, or be asked before it is.
      await vi.waitFor(async () => expectClose(await result(), expected('2.0')), { timeout: 20_000 });
      await page.close();
      await server.close();
    },
  );
});

/** A logger that keeps warnings. */
const silent = (warnings: string[]): Logger => ({
  ...createLogger('silent'),
  warn: (message) => void warnings.push(message),
  warnOnce: (message) => void warnings.push(message),
});
