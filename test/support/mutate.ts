/** Seeded damage to texts, for tests that something survives any input. */

/** Numbers in [0, 1) from a seed (mulberry32): the same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES: readonly string[] = [
  ...'()[]{}<>=!~^&|+-*/%.,:;"\'`#@?\\$_',
  ...[
    '..',
    '**',
    '==',
    '&&',
    '//',
    '/*',
    '*/',
    '\n',
    '\r',
    '\r\n',
    '\t',
    ' ',
    '\n\n\n',
    '0x',
    '1e999',
    '.5',
    '1.',
  ],
  ...[
    'in',
    'let',
    'if',
    'then',
    'else',
    'mask',
    'out',
    'fn',
    'kernel',
    'axes',
    'state',
    'import',
    'true',
    'from',
  ],
  ...['\u0000', '\u00e9', '\u{1f600}', '\ud800', '\u2028', '\ufeff', 'x', '99999999999', 'sum[j](', 'f32['],
];

/** The text after `edits` random edits: pieces cut, doubled, moved, put in, repeated or changed. */
export function mutate(text: string, seed: number, edits = 1 + (seed % 6)): string {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  let out = text;
  for (let n = 0; n < edits; n++) {
    const at = below(out.length + 1);
    const end = Math.min(out.length, at + 1 + below(random() < 0.2 ? 200 : 12));
    const head = out.slice(0, at);
    const piece = PIECES[below(PIECES.length)]!;
    switch (below(8)) {
      case 0:
        out = head + out.slice(end);
        break;
      case 1:
        out = head + out.slice(at, end) + out.slice(at);
        break;
      case 2: {
        const to = below(out.length + 1);
        const rest = head + out.slice(end);
        out = rest.slice(0, to) + out.slice(at, end) + rest.slice(to);
        break;
      }
      case 3:
      case 4:
        out = head + piece + out.slice(at);
        break;
      case 5:
        out = head + piece.repeat(1 + below(400)) + out.slice(at);
        break;
      case 6:
        out = random() < 0.1 ? head : head + String.fromCharCode(below(256)) + out.slice(at + 1);
        break;
      default:
        out = head + piece + out.slice(end);
    }
  }
  return out;
}
