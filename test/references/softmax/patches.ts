/** Images whose keys are not simply the other pixels: patches with margins, sampled windows, folded patches, further tokens. */
import {
  dot,
  element,
  list,
  matrix,
  plus,
  scaled,
  shaped,
  softmax,
  tensor,
  vector,
  weighted,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, inOrder } from '../select.ts';
import { windowOf } from './images.ts';

/** All points of a box, the last axis fastest. */
const points = (...extents: number[]): number[][] =>
  extents.reduce<number[][]>((all, n) => all.flatMap((p) => list(n, (x) => x).map((x) => [...p, x])), [[]]);
/** A tensor by a function of all indices but those of its rows. */
const filled = (lead: number[], width: number, row: (at: number[]) => Vector): Tensor =>
  shaped(tensor(points(...lead).map(row)), ...lead, width);

/** The row of a tensor at a pixel, or zeros around the image. */
function pixel(x: Tensor, b: number, h: number, y: number, at: number): Vector {
  const [, , Y, X, width] = x.shape as [number, number, number, number, number];
  return y >= 0 && y < Y && at >= 0 && at < X ? vector(x, b, h, y, at) : list(width, () => 0);
}

/** Between pixels, by the distances to the four around. */
function between(x: Tensor, b: number, h: number, y: number, at: number): Vector {
  const [y0, x0] = [Math.floor(y), Math.floor(at)];
  const [fy, fx] = [y - y0, at - x0];
  const top = plus(scaled(pixel(x, b, h, y0, x0), 1 - fx), pixel(x, b, h, y0, x0 + 1), fx);
  const bottom = plus(scaled(pixel(x, b, h, y0 + 1, x0), 1 - fx), pixel(x, b, h, y0 + 1, x0 + 1), fx);
  return plus(scaled(top, 1 - fy), bottom, fy);
}

/** A coordinate of a window of size pixels among n, in units where the image goes from -1 to 1, turned to pixels. */
function sampledAt(w: number, t: number, size: number, n: number, scale: number, shift: number): number {
  const coordinate = (x: number): number => (2 * x) / (n - 1) - 1;
  const centre = (coordinate(w * size) + coordinate(w * size + size - 1)) / 2;
  const base = (2 * (t - (size - 1) / 2)) / (n - 1);
  return ((centre + base * (1 + scale) + shift / (n / size) + 1) / 2) * (n - 1);
}

export const cases = [
  referenceCase({
    example: 'halo_zero',
    consts: { size: 3, margin: 2 },
    fixed: { D: 4, E: 5 },
    lengths: [1, 4, 7],
    sizes: (Y) => ({ B: 2, H: 3, Y, X: Y + 2 }),
    inputs: ({ normal, sizes: { B, H, Y, X, D, E } }) => ({
      q: normal(B, H, Y, X, D),
      k: normal(B, H, Y, X, D),
      v: normal(B, H, Y, X, E),
      rel_h: normal(13, D),
      rel_w: normal(13, D),
    }),
    reference: ({ q, k, v, rel_h, rel_w }, { B, H, Y, X, E }) => ({
      y: filled([B, H, Y, X], E, ([b, h, iy, ix]) => {
        const [first, left] = [iy! - (iy! % 3) - 2, ix! - (ix! % 3) - 2];
        const patch = points(7, 7);
        const scores = patch.map(([py, px]) => {
          const key = pixel(k, b!, h!, first + py!, left + px!);
          const turned = plus(
            plus(key, vector(rel_h, py! - (iy! % 3) + 6)),
            vector(rel_w, px! - (ix! % 3) + 6),
          );
          return dot(vector(q, b!, h!, iy!, ix!), turned) / 2;
        });
        return weighted(
          softmax(scores),
          patch.map(([py, px]) => pixel(v, b!, h!, first + py!, left + px!)),
        );
      }),
    }),
  }),
  referenceCase({
    example: 'vsa',
    consts: { size: 3 },
    fixed: { D: 4, E: 5 },
    lengths: [1, 2],
    sizes: (windows) => ({ B: 2, H: 3, Y: 3 * windows, X: 3 * windows + 3 }),
    inputs: ({ normal, sizes: { B, H, Y, X, D, E } }) => ({
      q: normal(B, H, Y, X, D),
      k: normal(B, H, Y, X, D),
      v: normal(B, H, Y, X, E),
      shift: normal(B, H, 2, Y / 3, X / 3),
      scale: normal(B, H, 2, Y / 3, X / 3),
      table: normal(H, 5, 5),
    }),
    reference: ({ q, k, v, shift, scale, table }, { B, H, Y, X, E }) => ({
      y: filled([B, H, Y, X], E, ([b, h, iy, ix]) => {
        const [wy, wx] = [Math.floor(iy! / 3), Math.floor(ix! / 3)];
        const at = (part: number, w: number, t: number, n: number): number =>
          sampledAt(w, t, 3, n, element(scale, b!, h!, part, wy, wx), element(shift, b!, h!, part, wy, wx));
        const window = points(3, 3).map(([ty, tx]) => ({
          ty: ty!,
          tx: tx!,
          y: at(0, wy, ty!, Y),
          x: at(1, wx, tx!, X),
        }));
        const scores = window.map(({ ty, tx, y, x }) => {
          const own = dot(vector(q, b!, h!, iy!, ix!), between(k, b!, h!, y, x)) / 2;
          return own + element(table, h!, (iy! % 3) - ty + 2, (ix! % 3) - tx + 2);
        });
        return weighted(
          softmax(scores),
          window.map(({ y, x }) => between(v, b!, h!, y, x)),
        );
      }),
    }),
  }),
  // Patches are written where they lie and added up, as the mechanism is defined; the kernel gathers.
  ...[1, 2].map((stride) =>
    referenceCase({
      example: 'outlook',
      variant: `stride ${stride}`,
      consts: { K: 3, stride },
      fixed: { E: 5 },
      lengths: [1, 4, 5],
      sizes: (Y) => ({ B: 2, H: 3, Y, X: Y + 1 }),
      inputs: ({ normal, sizes: { B, H, Y, X, E } }) => ({
        logits: normal(B, H, Math.ceil(Y / stride), Math.ceil(X / stride), 3, 3, 3, 3),
        v: normal(B, H, Y, X, E),
      }),
      reference: ({ logits, v }, { B, H, Y, X, E }) => {
        const images = points(B, H).map(([b, h]) => {
          const y = points(Y, X).map(() => list(E, () => 0));
          for (const [cy, cx, py, px] of points(Math.ceil(Y / stride), Math.ceil(X / stride), 3, 3)) {
            const [row, column] = [cy! * stride - 1 + py!, cx! * stride - 1 + px!];
            if (row < 0 || row >= Y || column < 0 || column >= X) continue;
            const weights = softmax(scaled(matrix(logits, b!, h!, cy!, cx!, py!, px!).flat(), E ** -0.5));
            const patch = points(3, 3).map(([ry, rx]) =>
              pixel(v, b!, h!, cy! * stride - 1 + ry!, cx! * stride - 1 + rx!),
            );
            y[row * X + column] = plus(y[row * X + column]!, weighted(weights, patch));
          }
          return y;
        });
        return { y: shaped(tensor(images), B, H, Y, X, E) };
      },
    }),
  ),
  referenceCase({
    example: 'fca',
    fixed: { D: 4, E: 5 },
    lengths: [1, 4],
    sizes: (Y) => ({ B: 2, H: 3, Y, X: Y + 1, M: 7 }),
    inputs: ({ normal, sizes: { B, H, Y, X, M, D, E } }) => ({
      q: normal(B, H, Y, X, D),
      k: normal(B, H, Y, X, D),
      v: normal(B, H, Y, X, E),
      k_before: normal(B, H, M, D),
      v_before: normal(B, H, M, E),
      near: normal(H, Y, X),
      far: normal(H, M),
    }),
    reference: ({ q, k, v, k_before, v_before, near, far }, { B, H, Y, X, E }) => ({
      y: filled([B, H, Y, X], E, ([b, h, iy, ix]) => {
        const row = vector(q, b!, h!, iy!, ix!);
        const own = points(Y, X).map(
          ([jy, jx]) =>
            dot(row, vector(k, b!, h!, jy!, jx!)) / 2 +
            element(near, h!, Math.abs(iy! - jy!), Math.abs(ix! - jx!)),
        );
        const before = matrix(k_before, b!, h!).map((key, t) => dot(row, key) / 2 + element(far, h!, t));
        const values = [
          ...points(Y, X).map(([jy, jx]) => vector(v, b!, h!, jy!, jx!)),
          ...matrix(v_before, b!, h!),
        ];
        return weighted(softmax([...own, ...before]), values);
      }),
    }),
  }),
  referenceCase({
    example: 'natten',
    kernel: 'natten_strided',
    params: { frames: 3, size: 4, step: 2, stride: 2 },
    fixed: { D: 4, E: 5 },
    lengths: [1, 4, 11],
    sizes: (T) => ({ B: 2, H: 3, T, X: T + 3, R: 2 }),
    inputs: ({ normal, sizes: { B, H, T, X, R, D, E } }) => ({
      q: normal(B, H, T, X, D),
      k: normal(B, H, T, X, D),
      v: normal(B, H, T, X, E),
      more_k: normal(B, H, R, D),
      more_v: normal(B, H, R, E),
    }),
    reference: ({ q, k, v, more_k, more_v }, { B, H, T, X, E }) => ({
      y: filled([B, H, T, X], E, ([b, h, it, ix]) => {
        // Of the frames with it's residue: up to it, from where the window of the last one of its group begins.
        const frames = list(T, (j) => j).filter((j) => j % 2 === it! % 2);
        const leader = Math.min(Math.floor(frames.indexOf(it!) / 2) * 2 + 1, frames.length - 1);
        const rows = frames.slice(Math.max(leader - 2, 0), frames.indexOf(it!) + 1);
        const seen = rows.flatMap((jt) => [...windowOf(ix!, X, 4, 2, 2)].map((jx) => [jt, jx] as const));
        const keys = [...seen.map(([jt, jx]) => vector(k, b!, h!, jt, jx)), ...matrix(more_k, b!, h!)];
        const values = [...seen.map(([jt, jx]) => vector(v, b!, h!, jt, jx)), ...matrix(more_v, b!, h!)];
        return attend(vector(q, b!, h!, it!, ix!), keys, values, () => true);
      }),
    }),
  }),
  referenceCase({
    example: 'axial',
    fixed: { D: 4, E: 5 },
    lengths: [1, 4],
    sizes: (Y) => ({ B: 2, H: 3, Y, X: Y + 2 }),
    inputs: ({ normal, sizes: { B, H, Y, X, D, E } }) => ({
      q: normal(B, H, Y, X, D),
      k: normal(B, H, Y, X, D),
      v: normal(B, H, Y, X, E),
    }),
    reference: ({ q, k, v }, { B, H, Y, X, E }) => {
      const along = (pixels: (iy: number, ix: number) => number[][]): Tensor =>
        filled([B, H, Y, X], E, ([b, h, iy, ix]) => {
          const line = pixels(iy!, ix!);
          const [keys, values] = [k, v].map((x) => line.map(([y, at]) => vector(x!, b!, h!, y!, at!)));
          return attend(vector(q, b!, h!, iy!, ix!), keys!, values!, () => true);
        });
      return {
        rows: along((iy) => list(X, (jx) => jx).map((jx) => [iy, jx])),
        columns: along((_, ix) => list(Y, (jy) => jy).map((jy) => [jy, ix])),
      };
    },
  }),
  referenceCase({
    example: 'flatformer',
    consts: { size: 4 },
    fixed: { D: 4, E: 5 },
    lengths: [1, 4, 5, 11],
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => {
      const keys = values([B, N], ({ next }) => next());
      const order = list(B, (b) => b).map((b) => inOrder(vector(keys, b)));
      const rank = order.map((points) => points.map((_, n) => points.indexOf(n)));
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        order: tensor(order),
        rank: tensor(rank),
      };
    },
    reference: ({ q, k, v, order }, { B, H, N, E }) => {
      const clouds = points(B, H).map(([b, h]) => {
        const y = list(N, () => 0).map(() => list(E, () => 0));
        const path = vector(order, b!);
        for (let start = 0; start < N; start += 4) {
          const own = path.slice(start, start + 4);
          // Places that are left over hold what the group before has there.
          const filled = start === 0 ? own : [...own, ...path.slice(start - 4 + own.length, start)];
          const [keys, values] = [k, v].map((x) => filled.map((n) => vector(x!, b!, h!, n)));
          for (const n of own) y[n] = attend(vector(q, b!, h!, n), keys!, values!, () => true);
        }
        return y;
      });
      return { y: shaped(tensor(clouds), B, H, N, E) };
    },
  }),
];
