/** The parts of pictures: regions, sides, classes of tiles, colours. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, TILE_CLASSES, type Decision, type Pairs } from '../../src/viz/classify.ts';
import { contrast, DARK, LIGHT, linearRgb, scaleColor } from '../../src/viz/palette.ts';
import { pathOf, rectangles } from '../../src/viz/regions.ts';
import { outerCuts, sideOf, tileCount, tileCuts, tileNumbers, tileSizes } from '../../src/viz/side.ts';
import { escapeXml, grouped, percent, wrapText } from '../../src/viz/svg.ts';
import { cellsOf } from '../support/viz.ts';

describe('rectangles', () => {
  it('cover each cell once with its class, and paths say the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 80 }),
        (w, all) => {
          const h = Math.floor(all.length / w);
          const found = rectangles(w, h, (x, y) => all[y * w + x] || undefined);
          const again = new Array<number>(w * h).fill(0);
          for (const [kind, rects] of found)
            for (const [x, y] of cellsOf(pathOf(rects))) again[y * w + x]! += kind;
          expect(again).toEqual(all.slice(0, w * h));
        },
      ),
    );
  });

  it('are few where neighbours are equal', () => {
    const stairs = rectangles(64, 64, (x, y) => (x >> 3 <= y >> 3 ? 1 : undefined));
    expect(stairs.get(1)).toHaveLength(8);
    expect(rectangles(50, 50, () => 1).get(1)).toEqual([{ x: 0, y: 0, width: 50, height: 50 }]);
  });
});

describe('sides', () => {
  it('number boxes row-major over the axes, and flattened positions in a row', () => {
    const box = sideOf(['y', 'x'], [3, 5], 8, [2, 4]);
    expect([...tileNumbers(box)]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3]);
    expect([...tileSizes(box)]).toEqual([8, 2, 4, 1]);
    expect(tileCount(box)).toBe(4);
    expect(tileCuts(box)).toEqual([4, 5, 9, 10, 14]);
    expect(outerCuts(box)).toEqual([5, 10]);
    const flat = sideOf(['y', 'x'], [3, 5], 8, undefined);
    expect([...tileSizes(flat)]).toEqual([8, 7]);
    expect(tileCuts(flat)).toEqual([8]);
    expect([...tileNumbers(sideOf([], [], 16, undefined))]).toEqual([0]);
  });
});

describe('classify', () => {
  const side = sideOf(['i'], [4], 2, undefined);
  // Tiles: all kept, some kept; nothing kept, all kept.
  const kept = Uint8Array.from([1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
  const pairs: Pairs = { rows: side, cols: side, kept, always: kept };
  const [no, tested, full]: Decision[] = [
    { visited: false, full: false },
    { visited: true, full: false },
    { visited: true, full: true },
  ];
  const classes = (decisions: readonly Decision[], p = pairs) => {
    const { classes: found, counts } = classify(p, (r, c) => decisions[2 * r + c]!);
    return { names: [...found].map((n) => TILE_CLASSES[n]), counts };
  };

  it('agrees with exact decisions', () => {
    const { names, counts } = classes([full!, tested!, no!, full!]);
    expect(names).toEqual(['full', 'partial', 'skipped', 'full']);
    expect(counts.tiles).toEqual({
      skipped: 1,
      partial: 1,
      full: 2,
      idle: 0,
      wrong: 0,
      total: 4,
      visited: 3,
      tested: 0,
    });
    expect(counts.pairs).toEqual({ total: 16, kept: 9, visited: 12 });
  });

  it('tells visits in vain, full tiles that are tested, and what is wrong', () => {
    const loose = classes([tested!, tested!, tested!, tested!]);
    expect(loose.names).toEqual(['partial', 'partial', 'idle', 'partial']);
    expect(loose.counts.tiles.tested).toBe(2);
    expect(classes([no!, full!, full!, no!]).names).toEqual(['wrong', 'wrong', 'wrong', 'wrong']);
    const everywhere = classify(pairs, () => tested!, true);
    expect(everywhere.counts.tiles).toMatchObject({ idle: 0, partial: 4 });
  });

  it('asks every domain for a full tile, and any for a visit', () => {
    const always = Uint8Array.from(kept, (x, n) => (n === 0 ? 0 : x));
    expect(classes([full!, tested!, no!, full!], { ...pairs, always }).names[0]).toBe('wrong');
    expect(classes([tested!, tested!, no!, full!], { ...pairs, always }).names[0]).toBe('partial');
    const none = { ...pairs, always: new Uint8Array(16) };
    expect(classes([tested!, tested!, no!, tested!], none).counts.tiles).toMatchObject({
      wrong: 0,
      tested: 0,
    });
  });
});

/** What people with one kind of cone missing see, on linear light (Machado et al., 2009, severity 1). */
const DEFICIENCIES: Readonly<Record<string, readonly number[]>> = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
  typical: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};
/** Distance in OKLab, where 0.02 is just seen. */
function difference(a: string, b: string, m: readonly number[]): number {
  const lab = (hex: string): number[] => {
    const c = linearRgb(hex);
    const [r, g, bl] = [0, 1, 2].map((k) =>
      Math.max(0, m[3 * k]! * c[0] + m[3 * k + 1]! * c[1] + m[3 * k + 2]! * c[2]),
    );
    const cone = (x: number, y: number, z: number): number => Math.cbrt(x * r! + y * g! + z * bl!);
    const [l, mm, s] = [
      cone(0.4122214708, 0.5363325363, 0.0514459929),
      cone(0.2119034982, 0.6806995451, 0.1073969566),
      cone(0.0883024619, 0.2817188376, 0.6299787005),
    ];
    return [
      0.2104542553 * l + 0.793617785 * mm - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * mm + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * mm - 0.808675766 * s,
    ];
  };
  const [x, y] = [lab(a), lab(b)];
  return Math.hypot(...x.map((v, n) => v - y[n]!));
}

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the %s theme', (_, t) => {
  it('has enough contrast for text and for shapes', () => {
    expect(contrast(t.ink, t.paper)).toBeGreaterThan(7);
    expect(contrast(t.muted, t.paper)).toBeGreaterThan(4.5);
    for (const [a, b] of [
      [t.kept, t.partial],
      [t.kept, t.skipped],
      [t.full, t.skipped],
      [t.wrong, t.skipped],
      [t.alarm, t.idle],
      [t.alarm, t.wrong],
    ])
      expect(contrast(a!, b!), `${a} on ${b}`).toBeGreaterThan(3);
  });

  it.each(Object.entries(DEFICIENCIES))('keeps classes apart with %s', (_name, matrix) => {
    const kinds = [t.full, t.kept, t.partial, t.skipped, t.wrong, t.idle];
    for (const [n, a] of kinds.entries())
      for (const b of kinds.slice(n + 1))
        expect(difference(a, b, matrix), `${a} and ${b}`).toBeGreaterThan(0.06);
  });
});

describe('the scale of values', () => {
  it('gets lighter from end to end, and passes several hues', () => {
    const colors = Array.from({ length: 33 }, (_, n) => scaleColor(n / 32));
    const light = colors.map((c) => contrast(c, '#000000'));
    for (let n = 1; n < light.length; n++) expect(light[n]).toBeGreaterThan(light[n - 1]!);
    for (const matrix of Object.values(DEFICIENCIES))
      for (let n = 4; n < colors.length; n++)
        expect(difference(colors[n - 4]!, colors[n]!, matrix)).toBeGreaterThan(0.05);
    for (const { skipped } of [LIGHT, DARK])
      for (const matrix of Object.values(DEFICIENCIES))
        for (const c of colors)
          expect(difference(c, skipped, matrix), `${c} on ${skipped}`).toBeGreaterThan(0.05);
    expect(colors.every((c) => /^#[0-9a-f]{6}$/.test(c))).toBe(true);
  });
});

describe('texts', () => {
  it('are escaped, grouped, shared and wrapped', () => {
    expect(escapeXml('a < b && "c"\u0001')).toBe('a &lt; b &amp;&amp; &quot;c&quot;\ufffd');
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([percent(1, 3), percent(1, 30), percent(0, 5), percent(1, 9999), percent(0, 0)]).toEqual([
      '33 %',
      '3.3 %',
      '0 %',
      '< 0.1 %',
      '0 %',
    ]);
    expect(wrapText('aa bb cc dd', 5, 2)).toEqual(['aa bb', 'cc dd']);
    expect(wrapText('aa bb cc dd ee', 5, 2)).toEqual(['aa bb', 'cc …']);
    expect(wrapText('abcdefgh', 5, 2)).toEqual(['abcd…']);
  });
});
