/** What a new user does in five minutes, with the package and a browser: from `attnc init` to numbers on a page. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preview } from 'vite';
import { expect } from 'vitest';
import { interpret } from '../../src/index.ts';
import { openBrowser, openPage } from '../support/browser.ts';

const SIZES = { B: 1, H: 2, N: 6, M: 6 };
const [D, E] = [16, 8];
const CONFIG = `import { attnc } from 'attnc/vite';
export default { plugins: [attnc({ set: { D: ${D}, E: ${E} } })] };
`;
const TSCONFIG = `{
  "compilerOptions": {
    "strict": true, "noEmit": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
    "lib": ["es2023", "dom"], "types": [], "allowArbitraryExtensions": true
  },
  "files": ["main.ts"]
}
`;
const PAGE =
  '<!doctype html><title>mine</title><link rel="icon" href="data:,"><pre id="y"></pre><script type="module" src="/main.ts"></script>\n';
const MAIN = `import { createKernel, requestDevice } from 'attnc/webgpu';
import { mine } from './mine.attn';

const adapter = await navigator.gpu.requestAdapter();
const device = await requestDevice(adapter!, [mine]);
const kernel = await createKernel(device, mine, ${JSON.stringify(SIZES)});
const tensor = (name: 'q' | 'k' | 'v', step: number) => {
  const count = kernel.shape(name).reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: count }, (_, n) => (((n * step) % 17) - 8) / 8);
};
await kernel.run({ inputs: { q: tensor('q', 3), k: tensor('k', 5), v: tensor('v', 7) }, params: { reach: 3 } });
document.querySelector('#y')!.textContent = [...(await kernel.read('y'))].join(' ');
`;

/** @param project an empty project in which the package, Vite and TypeScript are installed */
export async function fiveMinutes(project: string): Promise<void> {
  const run = (command: string, ...args: string[]): string =>
    execFileSync(join(project, 'node_modules/.bin', command), args, { cwd: project, encoding: 'utf8' });
  run('attnc', 'init', 'mine');
  const file = join(project, 'mine.attn');
  const text = readFileSync(file, 'utf8')
    .replace(
      /^( +)score /m,
      '$1param reach: int\n$1require reach >= 1 && N <= M\n$1mask j <= i && i - j < reach\n$1score ',
    )
    .replaceAll('f16[', 'f32[');
  expect(text).toMatch(/param reach[\s\S]*f32\[/);
  writeFileSync(file, text);
  expect(run('attnc', 'check', 'mine.attn')).toContain('no errors');
  expect(
    run('attnc', 'verify', 'mine.attn', '--target', 'kernel-interp', '--cases', '2', '--seed', '1'),
  ).toMatch(/^ok /m);
  expect(
    run('attnc', 'compile', 'mine.attn', '--target', 'all', '--set', `D=${D}`, '--set', `E=${E}`),
  ).toContain('out/mine.wgsl');
  for (const [path, content] of [
    ['vite.config.js', CONFIG],
    ['tsconfig.json', TSCONFIG],
    ['index.html', PAGE],
    ['main.ts', MAIN],
  ] as const)
    writeFileSync(join(project, path), content);
  run('vite', 'build', '--outDir', 'site', '--target', 'esnext');
  run('tsc', '-p', '.');
  const shown = await textOfPage(join(project, 'site'));
  expectClose(shown.split(' ').map(Number), interpreted(text));
}

/** What the page shows once it has computed it. */
async function textOfPage(site: string): Promise<string> {
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
    await page.goto(server.resolvedUrls!.local[0]!);
    const shown = page.waitForFunction(() => document.querySelector('#y')?.textContent || undefined);
    const failed = new Promise<never>((_, reject) => page.on('pageerror', reject));
    const text = await Promise.race([shown.then((h) => h.jsonValue()), failed]);
    expect(errors).toEqual([]);
    return text!;
  } finally {
    await browser.close();
    await server.close();
  }
}

function interpreted(text: string): readonly number[] {
  const { B, H, N, M } = SIZES;
  const tensor = (shape: number[], step: number): { shape: number[]; data: number[] } => {
    const count = shape.reduce((a, b) => a * b, 1);
    return { shape, data: Array.from({ length: count }, (_, n) => (((n * step) % 17) - 8) / 8) };
  };
  const inputs = { q: tensor([B, H, N, D], 3), k: tensor([B, H, M, D], 5), v: tensor([B, H, M, E], 7) };
  const { value, diagnostics } = interpret(text, { inputs, params: { reach: 3 } });
  expect(diagnostics).toEqual([]);
  return Array.from(value!['y']!.data);
}

/** Sums of three products in f32, of weights from exponentials of values below 4. */
function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  expect(Math.max(...wanted.map((x, n) => Math.abs(x - actual[n]!)))).toBeLessThan(1e-5);
}
