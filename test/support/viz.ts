/** Reads pictures back: which cells a path covers. */

/** Cells of a path of rectangles as `pathOf` writes it. */
export function* cellsOf(d: string): Generator<readonly [number, number]> {
  let [x, y] = [0, 0];
  const pattern = /m(-?\d+)(?: (?=\d)|(?=-))(-?\d+)h(\d+)v(\d+)h-(\d+)z/g;
  let read = 0;
  for (const [text, dx, dy, width, height, back] of d.matchAll(pattern)) {
    read += text.length;
    if (width !== back) throw new Error(`a rectangle does not close: ${text}`);
    x += Number(dx);
    y += Number(dy);
    for (let r = 0; r < Number(height); r++) for (let c = 0; c < Number(width); c++) yield [x + c, y + r];
  }
  if (read !== d.length) throw new Error(`not a path of rectangles: ${d.slice(0, 80)}`);
}

/** The path of a class inside the grid of a mask's picture; empty when there is none. */
export function pathIn(svg: string, kind: string): string {
  const grid = /<g transform="scale\([^>]*>([\s\S]*?)<\/g>/.exec(svg);
  if (!grid) throw new Error('the picture has no grid');
  return new RegExp(`<path class="${kind}" d="([^"]*)"`).exec(grid[1]!)?.[1] ?? '';
}
