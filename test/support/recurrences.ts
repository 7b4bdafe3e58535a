/** Recurrences by what their step is, as source text: `step` is the block, everything else is declared around it. */

interface Parts {
  /** Inputs as `name[axes]`, all f32. */
  readonly inputs: readonly string[];
  /** States as `name[axes]`, from 0. */
  readonly states: readonly string[];
  readonly step: readonly string[];
  readonly outputs: readonly string[];
  readonly axes?: string;
  readonly reverse?: true;
}

const indexed = (text: string): string => text.replace('[', ': f32[');

/** A kernel over batches b, heads h, steps t, features d and values e. */
export function recurrence(p: Parts): string {
  return [
    'kernel k {',
    `  axes ${p.axes ?? 'b: B, h: H, t: N, d: D, e: E'}`,
    ...p.inputs.map((x) => `  in ${indexed(x)}`),
    ...p.states.map((x) => `  state ${indexed(x)} = 0`),
    `  recurrence over t${p.reverse ? ' reverse' : ''} {`,
    ...p.step.map((x) => `    ${x}`),
    '  }',
    ...p.outputs.map((x) => `  out ${x}`),
    '}',
    '',
  ].join('\n');
}

const q = 'q[b, h, t, d]';
const k = 'k[b, h, t, d]';
const v = 'v[b, h, t, e]';
const S = 'S[b, h, d, e]';
const matrix = (step: readonly string[], more: readonly string[] = []): string =>
  recurrence({ inputs: [q, k, v, ...more], states: [S], step, outputs: ['y: f32[b, h, t, e]'] });
const readout = 'y = sum[d](q * S)';

/** Steps that the atlas of mechanisms has, and some that no mechanism has. */
export const RECURRENCES = {
  sum: matrix(['S = S + k * v', readout]),
  constant: recurrence({
    inputs: [q, k, v, 'log_a[h]'],
    states: [S],
    step: ['S = exp(log_a) * S + k * v', readout],
    outputs: ['y: f32[b, h, t, e]', 'S'],
  }),
  perToken: matrix(['S = exp(log_a) * S + k * v', readout], ['log_a[b, h, t]']),
  sharedKeys: recurrence({
    axes: 'b: B, h: H, t: N, p: P, n: S',
    inputs: ['x[b, h, t, p]', 'dt[b, h, t]', 'A[h]', 'Bm[b, t, n]', 'C[b, t, n]', 'skip[h]'],
    states: ['s[b, h, n, p]'],
    step: ['s = exp(dt * A) * s + dt * Bm * x', 'y = sum[n](C * s) + skip * x'],
    outputs: ['y: f32[b, h, t, p]'],
  }),
  perFeature: matrix(['S = exp(log_a) * S + k * v', readout], ['log_a[b, h, t, d]']),
  tiedKey: recurrence({
    inputs: [q, v, 'f[b, h, t, d]'],
    states: [S],
    step: ['S = f * S + (1 - f) * v', readout],
    outputs: ['y: f32[b, h, t, e]'],
  }),
  normalised: recurrence({
    inputs: [q, k, v, 'log_a[b, h, t, d]'],
    states: [S, 'z[b, h, d]'],
    step: [
      'S = exp(log_a) * S + k * v',
      'z = exp(log_a) * z + k',
      'y = sum[d](q * S) / (abs(sum[d](q * z)) + 1)',
    ],
    outputs: ['y: f32[b, h, t, e]'],
  }),
  perElement: recurrence({
    inputs: ['f[b, t, d]', 'c[b, t, d]', 'o[b, t, d]'],
    states: ['s[b, d]'],
    axes: 'b: B, t: N, d: D',
    step: ['s = f * s + (1 - f) * c', 'y = o * s'],
    outputs: ['y: f32[b, t, d]'],
  }),
  selective: recurrence({
    axes: 'b: B, t: N, d: D, n: S',
    inputs: ['x[b, t, d]', 'dt[b, t, d]', 'A[d, n]', 'Bm[b, t, n]', 'C[b, t, n]'],
    states: ['s[b, d, n]'],
    step: ['s = exp(dt * A) * s + dt * Bm * x', 'y = sum[n](C * s)'],
    outputs: ['y: f32[b, t, d]'],
  }),
  valueGate: matrix(['S = g * S + k * v', readout], ['g[b, h, t, e]']),
  exclusive: recurrence({
    inputs: ['r[b, h, t, d]', k, v, 'w[b, h, t, d]', 'u[h, d]'],
    states: [S],
    step: ['y = sum[d](r * (S + u * k * v))', 'S = w * S + k * v'],
    outputs: ['y: f32[b, h, t, e]'],
  }),
  eraseAndWrite: matrix(
    ['pred = sum[d](k * S)', 'S = S + beta * k * (v - pred)', readout],
    ['beta[b, h, t]'],
  ),
  decayThenErase: matrix(
    ['S = exp(log_a) * S', 'pred = sum[d](k * S)', 'S = S + beta * k * (v - pred)', readout],
    ['beta[b, h, t]', 'log_a[b, h, t]'],
  ),
  vectorDecayThenErase: matrix(
    ['S = exp(log_a) * S', 'pred = sum[d](k * S)', 'S = S + beta * k * (v - pred)', readout],
    ['beta[b, h, t]', 'log_a[b, h, t, d]'],
  ),
  undecayedErase: matrix(
    ['S = w * S + bb * sum[d](aa * S) + k * v', readout],
    ['w[b, h, t, d]', 'aa[b, h, t, d]', 'bb[b, h, t, d]'],
  ),
  twoErasures: matrix(
    ['S = a * S', 'S = S + k * (v - sum[d](k * S))', 'S = S + k2 * (v2 - sum[d](k2 * S))', readout],
    ['a[b, h, t]', 'k2[b, h, t, d]', 'v2[b, h, t, e]'],
  ),
  stabilised: recurrence({
    inputs: [q, k, v, 'i[b, h, t]', 'f[b, h, t]'],
    states: ['C[b, h, d, e]', 'n[b, h, d]', 'm[b, h]'],
    step: [
      'm_old = m',
      'm = max(f + m_old, i)',
      'C = exp(f + m_old - m) * C + exp(i - m) * k * v',
      'n = exp(f + m_old - m) * n + exp(i - m) * k',
      'y = sum[d](C * q) / max(abs(sum[d](n * q)), exp(-m))',
    ],
    outputs: ['y: f32[b, h, t, e]'],
  }),
  stabilisedPerChannel: recurrence({
    axes: 'b: B, t: N, c: C',
    inputs: ['k[b, t, c]', 'v[b, t, c]', 'w[c]', 'u[c]'],
    states: ['p[b, c]', 'z[b, c]', 'm[b, c]'],
    step: [
      'top = max(m, u + k)',
      'y = (exp(m - top) * p + exp(u + k - top) * v) / (exp(m - top) * z + exp(u + k - top))',
      'next = max(w + m, k)',
      'p = exp(w + m - next) * p + exp(k - next) * v',
      'z = exp(w + m - next) * z + exp(k - next)',
      'm = next',
    ],
    outputs: ['y: f32[b, t, c]'],
  }),
  pairs: recurrence({
    axes: 'b: B, t: N, c: C, p: 2',
    inputs: ['x[b, t, c, p]', 'turn[b, t, c]', 'size[b, t, c]'],
    states: ['s[b, c, p]'],
    step: [
      's = size * (cos(turn) * s + (if p == 0 then -1 else 1) * sin(turn) * s[b, c, 1 - p]) + x',
      'y = s',
    ],
    outputs: ['y: f32[b, t, c, p]'],
  }),
  twoStates: recurrence({
    axes: 'b: B, t: N, c: C',
    inputs: ['x[b, t, c]', 'turn[b, t, c]'],
    states: ['re[b, c]', 'im[b, c]'],
    step: [
      'old = re',
      're = cos(turn) * re - sin(turn) * im + x',
      'im = sin(turn) * old + cos(turn) * im',
      'y = re',
    ],
    outputs: ['y: f32[b, t, c]'],
  }),
  momentum: matrix(['M = mu * M + k * v', 'S = S + M', readout], ['mu[b, h, t]']).replace(
    '  state S',
    '  state M: f32[b, h, d, e] = 0\n  state S',
  ),
  dense: recurrence({
    axes: 'b: B, t: N, d: D, c: D, e: E',
    inputs: ['A[b, t, d, c]', 'k[b, t, d]', 'v[b, t, e]', 'q[b, t, d]'],
    states: ['S[b, d, e]'],
    step: ['S = sum[c](A * S[b, c, e]) + k * v', readout],
    outputs: ['y: f32[b, t, e]'],
  }),
  reset: matrix(['S = (if start then 0 else S) + k * v', readout], ['start[b, t]']).replace(
    'start: f32',
    'start: bool',
  ),
  reverse: recurrence({
    inputs: [q, k, v, 'a[b, h, t]'],
    states: [S],
    step: ['S = a * S + k * v', readout],
    outputs: ['y: f32[b, h, t, e]'],
    reverse: true,
  }),
  gatesFromState: recurrence({
    axes: 'b: B, t: N, c: C, c2: C',
    inputs: ['z[b, t, c]', 'f[b, t, c]', 'R[c, c2]'],
    states: ['s[b, c]', 'h[b, c]'],
    step: ['g = tanh(z + sum[c2](R * h[b, c2]))', 's = f * s + g', 'h = tanh(s)', 'y = h'],
    outputs: ['y: f32[b, t, c]'],
  }),
} as const;

export type RecurrenceName = keyof typeof RECURRENCES;
