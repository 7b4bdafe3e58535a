/** A real browser for tests of pages, with WebGPU in software. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const PATHS = [
  process.env['ATTNC_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const path = PATHS.find((p): p is string => p !== undefined && existsSync(p));
/** Why there is no browser, or undefined when there is one. */
export const missingBrowser: string | undefined =
  path === undefined ? 'Chromium is not installed' : undefined;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: path!,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--enable-features=Vulkan',
      // SwiftShader compiles the zeroing of workgroup memory 20 times slower than all else.
      '--enable-dawn-features=disable_workgroup_init',
    ],
  });
}

/** A page, and everything that it complained about. */
export async function openPage(
  browser: Browser,
): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (e) => errors.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error') errors.push(m.text());
  });
  return { page, errors };
}
