/** What a new user does in five minutes: the project of docs/web.md as it stands, from `attnc init` to numbers on a page. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preview } from 'vite';
import { expect } from 'vitest';
import { interpret } from '../../src/index.ts';
import { openBrowser, openPage } from '../support/browser.ts';
import { docFiles } from '../support/doc-blocks.ts';

const SIZES = { B: 1, H: 2, N: 6, M: 6 };
const D = 32;
const waves = (step: number): Float32Array =>
  Float32Array.from({ length: SIZES.H * SIZES.N * D }, (_, n) => Math.sin(step * n));

/** Calls what the page of the documentation only defines. */
const EXTRA = `import { createKernel, KernelError, requestDevice } from 'attnc/webgpu';
import { mine } from './mine.attn';
import { kernelOf } from './compile-here';
import { runLayers } from './layers';
import { millisecondsOf } from './timing';
import { onUpdate } from './update';

onUpdate(() => undefined);
const adapter = (await navigator.gpu.requestAdapter())!;
const device = await requestDevice(adapter, [mine]);
const waves = (step: number) => Float32Array.from({ length: ${SIZES.H * SIZES.N * D} }, (_, n) => Math.sin(step * n));
const make = async () => {
  const kernel = await createKernel(device, mine, ${JSON.stringify(SIZES)});
  await kernel.upload({ q: waves(1), k: waves(2), v: waves(3) });
  return kernel;
};
const [first, second] = [await make(), await make()];
const q = device.createBuffer({ size: first.outputs.y.size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
device.queue.writeBuffer(q, 0, waves(1));
runLayers(device, first, second, q);
const layers = [...(await second.read('y'))];
const ms = adapter.features.has('timestamp-query')
  ? await millisecondsOf(device, first, { params: { reach: 3 } })
  : undefined;
const double = await kernelOf(device, 'kernel twice { axes i: N in x: f32[i] out y: f32[i] = x + x }', { N: 3 });
await double.run({ inputs: { x: Float32Array.of(1, 2, 3) } });
const doubled = [...(await double.read('y'))];
let told: unknown;
try {
  const small = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE });
  first.encode(device.createCommandEncoder(), { inputs: { q: small }, params: { reach: 3 } });
} catch (e) {
  told = e instanceof KernelError ? e.message : 'another error';
}
const refused = await kernelOf(device, 'kernel x { out y: f32 = z }', {}).catch((e: Error) => e.message);
document.querySelector('#extra')!.textContent = JSON.stringify({ layers, ms, doubled, told, refused });
`;

/** @param project an empty project in which the package, Vite and TypeScript are installed */
export async function fiveMinutes(project: string): Promise<void> {
  const files = docFiles('docs/web.md');
  const run = (command: string, ...args: string[]): string => {
    const path = join(project, 'node_modules/.bin', command);
    const { status, stdout, stderr } = spawnSync(path, args, { cwd: project, encoding: 'utf8' });
    expect({ command, status, said: status === 0 ? '' : stdout + stderr }).toEqual({
      command,
      status: 0,
      said: '',
    });
    return stdout;
  };
  const commands = (file: string): string =>
    files
      .get(file)!
      .trim()
      .split('\n')
      .map((line) => {
        const [npx, command, ...args] = line.split(' ');
        expect(npx).toBe('npx');
        return run(command!, ...args);
      })
      .join('');
  commands('start.sh');
  expect(existsSync(join(project, 'mine.attn'))).toBe(true);
  for (const [path, content] of files)
    if (/\.(?:attn|ts|js|json|html)$/.test(path)) writeFileSync(join(project, path), content);
  const said = commands('commands.sh');
  expect(said).toMatch(
    /mine\.attn: 1 kernel, no errors[\s\S]*^ok {2}mine on kernel-interp: 2 cases[\s\S]*wrote out\/mine\.wgsl/m,
  );
  writeFileSync(join(project, 'extra.ts'), EXTRA);
  const html = files.get('index.html')!;
  writeFileSync(
    join(project, 'index.html'),
    `${html}<pre id="extra"></pre><script type="module" src="/extra.ts"></script>\n`,
  );
  run('vite', 'build', '--outDir', 'site', '--logLevel', 'warn');
  run('tsc', '-p', '.');
  const page = await textsOfPage(join(project, 'site'));
  const text = readFileSync(join(project, 'mine.attn'), 'utf8');
  const first = interpreted(text, waves(1), 3);
  expectClose(page.y.split(' ').map(Number), first);
  const extra = JSON.parse(page.extra) as Readonly<Record<'layers' | 'doubled', number[]>> &
    Readonly<Record<'told' | 'refused', string>> & { readonly ms?: number };
  expectClose(extra.layers, interpreted(text, first, 2));
  expect(extra.doubled).toEqual([2, 4, 6]);
  expect(`${extra.told}\n`).toBe(files.get('error.txt'));
  expect(extra.refused).toMatch(/error\[E0201\]: unknown name `z`/);
  if (extra.ms !== undefined) expect(extra.ms).toBeGreaterThanOrEqual(0);
}

/** What the page shows once it has computed it. */
async function textsOfPage(site: string): Promise<{ readonly y: string; readonly extra: string }> {
  const server = await preview({
    root: site,
    configFile: false,
    logLevel: 'silent',
    build: { outDir: '.' },
    preview: { port: 0 },
  });
  const browser = await openBrowser();
  try {
    const { page, errors } = await openPage(browser);
    const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
    await page.goto(server.resolvedUrls!.local[0]!);
    const shown = (id: string): Promise<string> =>
      page
        .waitForFunction((id) => document.querySelector(id)?.textContent || undefined, id)
        .then(async (handle) => (await handle.jsonValue())!);
    const [y, extra] = await Promise.race([Promise.all([shown('#y'), shown('#extra')]), failed]);
    expect(errors).toEqual([]);
    return { y, extra };
  } finally {
    await browser.close();
    await server.close();
  }
}

function interpreted(text: string, q: ArrayLike<number>, reach: number): readonly number[] {
  const { B, H, N, M } = SIZES;
  const inputs = {
    q: { shape: [B, H, N, D], data: q },
    k: { shape: [B, H, M, D], data: waves(2) },
    v: { shape: [B, H, M, D], data: waves(3) },
  };
  const { value, diagnostics } = interpret(text, { inputs, params: { reach } });
  expect(diagnostics).toEqual([]);
  return Array.from(value!['y']!.data);
}

/** Scores are sums of 32 products in f32, of values below 1: weights are right to 32 · 2^-24, and so are their sums. */
function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  expect(Math.max(...wanted.map((x, n) => Math.abs(x - actual[n]!)))).toBeLessThan(1e-5);
}
