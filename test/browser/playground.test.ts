/** What people do in the playground: look at levels, run kernels, write with mistakes, share, drop tensors; with eyes or without. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/runtime/npy.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';
import { missingBrowser } from '../support/browser.ts';
import { chooseExample, openAt, openPlayground, outcome, runShown, type Playground } from './playground.ts';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
const VIEWS = ['cost', 'mask', 'explain', 'cuda', 'ast', 'model', 'ir', 'tile', 'kernel', 'plan', 'wgsl'];
const RUN = [
  'sdpa', 'causal', 'gqa', 'sliding_window', 'alibi', 'rope', 'softcap', 'document', 'relu_attn', 'gated_window',
]; // prettier-ignore

/** In the place of the whole text, as somebody types or pastes it. */
async function write(page: Page, text: string): Promise<string> {
  await page.focus('.cm-content');
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
  return outcome(page);
}
const sourceOf = (page: Page): Promise<string> =>
  page.evaluate(() => [...document.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));

/** Pairs of things to click or to read that lie on each other, and what is wider than the page. */
function layoutFaults(): string[] {
  const { clientWidth, scrollWidth } = document.documentElement;
  const wide = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide in ${clientWidth}`] : [];
  const all = [
    ...document.querySelectorAll('header *, [role=tab], #numbers *, #status, #problems button, #run *'),
  ].filter(
    (e) => e.children.length === 0 && e.tagName !== 'OPTION' && (e as HTMLElement).offsetParent !== null,
  );
  const boxes = all.map((e) => ({ e, r: e.getBoundingClientRect() })).filter(({ r }) => r.width > 0);
  const on = boxes.flatMap(({ e, r }, n) =>
    boxes
      .slice(n + 1)
      .filter(
        ({ e: o, r: s }) =>
          !e.contains(o) &&
          !o.contains(e) &&
          r.left < s.right - 1 &&
          s.left < r.right - 1 &&
          r.top < s.bottom - 1 &&
          s.top < r.bottom - 1,
      )
      .map(({ e: o }) => `${e.tagName} ${e.id || e.textContent} on ${o.tagName} ${o.id || o.textContent}`),
  );
  return [...wide, ...on];
}

describe.skipIf(missingBrowser !== undefined)(
  `the playground (${missingBrowser ?? 'a browser is here'})`,
  () => {
    let playground: Playground;
    beforeAll(async () => {
      playground = await openPlayground();
    });
    afterAll(() => playground?.close());

    it('shows every level, both targets, costs and the mask', async () => {
      const { page, errors } = await openAt(playground, '#e=gated_window');
      for (const view of VIEWS) {
        await page.click(`#tab-${view}`);
        expect(await outcome(page), view).toBe('shown');
        const shown = page.locator('#view > *').first();
        expect(await shown.isVisible(), view).toBe(true);
      }
      await page.click('#tab-mask');
      await outcome(page);
      const picture = page.locator('#view img');
      expect(
        await picture.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
      ).toBeGreaterThan(300);
      expect(await picture.getAttribute('alt')).toMatch(/pairs are kept.*skipped/);
      await page.close();
      expect(errors).toEqual([]);
    });

    it('counts anew when a slider moves', async () => {
      const { page } = await openAt(playground, '#e=causal');
      await page.click('#tab-cost');
      await outcome(page);
      const before = await page.innerText('#view');
      await page.focus('[aria-label="Size N"]');
      await page.keyboard.press('End');
      expect(await outcome(page)).toBe('shown');
      expect(await page.inputValue('[aria-label="Size N, exactly"]')).toBe('65536');
      expect(await page.innerText('#view')).not.toBe(before);
      await page.close();
    });

    it('runs kernels on the GPU, which agree with the interpreter', { timeout: 120_000 }, async () => {
      const { page, errors } = await openAt(playground, '');
      expect(await page.textContent('#device')).toMatch(/WebGPU: /);
      for (const name of RUN) {
        expect(await chooseExample(page, name), name).toBe('shown');
        expect(await runShown(page), name).toMatch(/^Agrees with the interpreter/);
        expect(await page.innerText('#report'), name).toMatch(/\d ms (?:on the device|with submission)/);
      }
      await page.close();
      expect(errors).toEqual([]);
    });

    it('says that there is no WebGPU, and runs the kernel interpreter', async () => {
      const context = await playground.browser.newContext();
      await context.addInitScript(() =>
        Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }),
      );
      const page = await context.newPage();
      await page.goto(`${playground.url}#e=sliding_window`);
      await outcome(page);
      expect(await page.textContent('#device')).toMatch(/no WebGPU/);
      expect(await runShown(page)).toMatch(/^Agrees with the interpreter/);
      expect(await page.innerText('#report')).toMatch(/On kernel interpreter/);
      await context.close();
    });

    it('takes tensors from files, and their sizes', async () => {
      const { page } = await openAt(playground, '#e=causal');
      await page.click('#tab-run');
      const q = tensorFrom(
        'f32',
        [1, 2, 24, 32],
        Array.from({ length: 2 * 24 * 32 }, (_, n) => Math.sin(n)),
      );
      const file = (name: string, bytes: Uint8Array) => ({ name, mimeType: '', buffer: Buffer.from(bytes) });
      await page.setInputFiles('#files', file('q.npy', encodeNpy(q)));
      await page.getByText('Tensors from q.npy.').waitFor();
      expect(await runShown(page)).toMatch(/^Agrees/);
      expect(await page.innerText('#report')).toMatch(/H = 2, N = 24,.* From files: q; the rest is random/s);
      await page.setInputFiles('#files', file('q.npy', encodeNpy(q).slice(0, 400)));
      await page.locator('#report .verdict').waitFor({ state: 'detached' });
      expect(await runShown(page)).toMatch(/^E0705: q.npy is truncated/);
      await page.close();
    });

    it('shows mistakes as they are written, completes names and tells what they are', async () => {
      const { page, errors } = await openAt(playground, '#e=causal');
      const markup = '<img src=x onerror="document.title=1">';
      expect(
        await write(
          page,
          `// ${markup}\nkernel k {\n  axes i: N\n  in x: f32[i]\n  out y: f32[i] = ${markup}\n}\n`,
        ),
      ).toMatch(/^errors: /);
      await page.locator('.cm-lintRange-error').first().waitFor();
      expect(await page.locator('#problems button').count()).toBeGreaterThan(0);
      expect(await page.locator('.source img').count()).toBe(0);
      await write(page, 'kernel k {\n  axes i: N\n  in value: f32[i]\n  out y: f32[i] = valu');
      await page.keyboard.press('Control+Space');
      await page.locator('.cm-tooltip-autocomplete', { hasText: 'value' }).waitFor();
      // The editor ignores keys that were pressed before anybody could see the list.
      await page.waitForTimeout(150);
      await page.keyboard.press('Enter');
      await page.keyboard.insertText('\n}\n');
      expect(await outcome(page)).toBe('shown');
      await page.hover('.cm-line .t-function, .cm-line .t-property');
      await page.locator('.cm-tooltip-hover', { hasText: 'Index set' }).waitFor();
      expect(await page.title()).toBe('attnc playground');
      await page.close();
      expect(errors).toEqual([]);
    });

    it('leads back to the same source, kernel and sizes by its link', async () => {
      const { page } = await openAt(playground, '#e=attn_bwd');
      await page.selectOption('#target', 'cuda');
      await page.click('#tab-ir');
      await page.fill('[aria-label="Size N, exactly"]', '48');
      await page.keyboard.press('Enter');
      await outcome(page);
      await page.click('#share');
      await page.waitForFunction(() => location.hash.startsWith('#s='));
      const [source, shown] = [await sourceOf(page), await page.innerText('#view')];
      const other = await openAt(playground, new URL(page.url()).hash);
      expect(await sourceOf(other.page)).toBe(source);
      expect(await other.page.inputValue('#target')).toBe('cuda');
      expect(await other.page.inputValue('[aria-label="Size N, exactly"]')).toBe('48');
      expect(await other.page.innerText('#view')).toBe(shown);
      const damaged = await openAt(playground, '#s=AAAA');
      expect(await damaged.page.inputValue('#gallery')).toBe('gated_window');
      await Promise.all([page, other.page, damaged.page].map((p) => p.close()));
    });

    it('can be used by keys alone, and by those who do not see it', async () => {
      const { page } = await openAt(playground, '#e=gated_window');
      await page.focus('#tab-wgsl');
      await page.keyboard.press('ArrowRight');
      expect(await page.getAttribute('#tab-cuda', 'aria-selected')).toBe('true');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('tab-cuda');
      await page.keyboard.press('Home');
      expect(await outcome(page)).toBe('shown');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('start');
      await page.focus('.cm-content');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('.cm-editor'))).toBeNull();
      await page.evaluate(axe.source);
      for (const colorScheme of ['light', 'dark'] as const)
        for (const tab of ['run', 'cost', 'mask', 'wgsl']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await page.click(`#tab-${tab}`);
          await outcome(page);
          const found = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
          const told = found.violations.map(
            (v) => `${colorScheme} ${tab}: ${v.help}: ${v.nodes.map((n) => n.html).join(' ')}`,
          );
          expect(told).toEqual([]);
        }
      await page.close();
    });

    it.each([WIDE, NARROW])('fits a window of $width × $height', async (size) => {
      const { page } = await openAt(playground, '#e=attn_bwd');
      await page.setViewportSize(size);
      for (const tab of ['wgsl', 'cost', 'mask', 'run']) {
        await page.click(`#tab-${tab}`);
        await outcome(page);
        expect(await page.evaluate(layoutFaults), tab).toEqual([]);
      }
      await write(
        page,
        'kernel k {\n  axes i: N\n  in a_rather_long_name_of_an_input: f32[i]\n  out y: f32[i] = nothing_of_that_name + 1\n}\n',
      );
      expect(await page.evaluate(layoutFaults), 'with errors').toEqual([]);
      await page.close();
    });
  },
);
