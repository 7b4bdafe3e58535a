/** The playground as its users get it: built, served as files, and opened in a browser. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { preview } from 'vite';
import { openBrowser, openPage } from '../support/browser.ts';
import { docBlocks, docRoot } from '../support/doc-blocks.ts';

const configFile = fileURLToPath(new URL('../../docs/playground/vite.config.ts', import.meta.url));
const PATIENCE_MS = 60_000;

export interface Playground {
  readonly url: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** As `docs/playground.md` says, to a folder of our own. */
function buildTo(outDir: string): void {
  const block = docBlocks('docs/playground.md').find((b) => b.language === 'sh');
  const command = block?.text.replace(/#.*/s, '').trim();
  if (!command) throw new Error('docs/playground.md has no command');
  execFileSync('sh', ['-c', `${command} -- --logLevel error --outDir "$1"`, 'sh', outDir], { cwd: docRoot });
}

export async function openPlayground(): Promise<Playground> {
  const outDir = mkdtempSync(join(tmpdir(), 'attnc-playground-'));
  buildTo(outDir);
  const server = await preview({ configFile, logLevel: 'error', build: { outDir }, preview: { port: 0 } });
  const browser = await openBrowser();
  return {
    url: server.resolvedUrls!.local[0]!,
    browser,
    close: async () => {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}

/** What became of the last change: `shown`, or why there is nothing to see. */
export async function outcome(page: Page): Promise<string> {
  await page.waitForFunction(() => document.body.dataset['settled'] === 'true', undefined, {
    timeout: PATIENCE_MS,
  });
  const told = await page.evaluate(() => document.body.dataset['outcome']);
  if (told === 'shown') return told;
  return `${told}: ${await page.innerText(told === 'errors' ? '#problems' : '#view')}`;
}

export async function chooseExample(page: Page, name: string): Promise<string> {
  await page.selectOption('#gallery', name);
  return outcome(page);
}

export async function openAt(
  { browser, url }: Playground,
  fragment: string,
): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const opened = await openPage(browser);
  await opened.page.goto(url + fragment);
  await outcome(opened.page);
  return opened;
}

/** Presses the button and reads what comes: a verdict, or what went wrong. */
export async function runShown(page: Page): Promise<string> {
  await page.click('#tab-run');
  await outcome(page);
  await page.click('#start');
  const told = page.locator('#report .verdict, #report .failure');
  await told.waitFor({ timeout: PATIENCE_MS });
  return told.innerText();
}
