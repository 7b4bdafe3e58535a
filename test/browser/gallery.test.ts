/** Every example in the playground: picked from its list, compiled in its worker, without a complaint. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingBrowser } from '../support/browser.ts';
import { chooseExample, openAt, openPlayground, type Playground } from './playground.ts';

const examples = readdirSync(fileURLToPath(new URL('../../examples', import.meta.url)))
  .filter((file) => file.endsWith('.attn'))
  .map((file) => file.slice(0, -'.attn'.length));

describe.skipIf(missingBrowser !== undefined)('the gallery of the playground', () => {
  let playground: Playground;
  beforeAll(async () => {
    playground = await openPlayground();
  });
  afterAll(() => playground?.close());

  it('has every example, and each compiles', { timeout: 600_000 }, async () => {
    const { page, errors } = await openAt(playground, '');
    const offered = await page
      .locator('#gallery optgroup option')
      .evaluateAll((all) => all.map((o) => o.getAttribute('value')!));
    expect(offered.toSorted()).toEqual(examples.toSorted());
    const wrong: string[] = [];
    for (const name of offered) {
      const told = await chooseExample(page, name);
      const text = told === 'shown' ? await page.innerText('#view') : told;
      if (!text.includes('@compute')) wrong.push(`${name}: ${text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(errors).toEqual([]);
  });
});
