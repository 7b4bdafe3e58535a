/** Equal neighbouring cells as few rectangles, written as one path per class. */

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Runs of equal cells, merged downwards where the next row has the same run.
 * @param cell the class at column x of row y; undefined draws nothing
 */
export function rectangles<T>(
  width: number,
  height: number,
  cell: (x: number, y: number) => T | undefined,
): Map<T, Rect[]> {
  interface Open {
    readonly kind: T;
    readonly x: number;
    readonly end: number;
    readonly y: number;
  }
  const out = new Map<T, Rect[]>();
  let open = new Map<number, Open>();
  const close = ({ kind, x, end, y }: Open, bottom: number): void => {
    const list = out.get(kind);
    const rect = { x, y, width: end - x, height: bottom - y };
    if (list) list.push(rect);
    else out.set(kind, [rect]);
  };
  for (let y = 0; y < height; y++) {
    const next = new Map<number, Open>();
    for (let x = 0; x < width;) {
      const kind = cell(x, y);
      let end = x + 1;
      while (end < width && cell(end, y) === kind) end++;
      if (kind !== undefined) {
        const above = open.get(x);
        const same = above !== undefined && above.kind === kind && above.end === end;
        next.set(x, same ? above : { kind, x, end, y });
      }
      x = end;
    }
    for (const run of open.values()) if (next.get(run.x) !== run) close(run, y);
    open = next;
  }
  for (const run of open.values()) close(run, height);
  return out;
}

/** SVG path data; moves are relative, because neighbouring rectangles are near each other. */
export function pathOf(rects: readonly Rect[]): string {
  let [atX, atY] = [0, 0];
  const parts = rects.map(({ x, y, width, height }) => {
    const dy = y - atY;
    const move = `m${x - atX}${dy < 0 ? '' : ' '}${dy}`;
    [atX, atY] = [x, y];
    return `${move}h${width}v${height}h-${width}z`;
  });
  return parts.join('');
}
