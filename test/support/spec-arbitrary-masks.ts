/** Random mask conditions: positions, params, tensors and blocks, joined by and, or and not. */
import fc from 'fast-check';

/** One condition and the declarations that it needs. */
export interface MaskChoice {
  readonly text: string;
  /** Declarations by the name that they declare. */
  readonly declares: Readonly<Record<string, string>>;
}

/** `batch` is the index prefix of tensors that are given by sequence: `b, ` or nothing. */
type Atom = (batch: string) => MaskChoice;
const atom =
  (text: string, declares: Readonly<Record<string, string>> = {}): Atom =>
  () => ({ text, declares });

const WINDOW = { window: 'param window: int = 3' };

const ATOMS: readonly Atom[] = [
  atom('j <= i'),
  atom('causal_bottom_right(i, j, N, M)'),
  atom('j < i'),
  atom('j > i'),
  atom('i - j < window', WINDOW),
  atom('abs(i - j) <= window', WINDOW),
  atom('j < sinks', { sinks: 'param sinks: int = 2' }),
  atom('(i - j) % 3 == 0'),
  atom('j % 2 == i % 2'),
  atom('block_causal(i, j, 4)'),
  atom('j / 8 != i / 8'),
  atom('i * 2 >= j'),
  atom('i < 2'),
  (batch) => ({
    text: 'doc_q == doc_k',
    declares: { doc_q: `in doc_q: i32[${batch}i]`, doc_k: `in doc_k: i32[${batch}j]` },
  }),
  (batch) => ({
    text: 'j < length',
    declares: { length: `in length: i32${batch === '' ? '' : `[${batch.replace(', ', '')}]`}` },
  }),
  (batch) => ({ text: 'live', declares: { live: `in live: bool[${batch}j]` } }),
  atom('adjacent', { adjacent: 'in adjacent: bool[i, j]' }),
  atom('blocks[i / 4, j / 4]', { blocks: 'in blocks: bool[(N + 3) / 4, (M + 3) / 4]' }),
];

type Node =
  | { readonly kind: 'atom'; readonly n: number }
  | { readonly kind: 'not'; readonly a: Node }
  | { readonly kind: '&&' | '||'; readonly a: Node; readonly b: Node };

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({ kind: fc.constant('atom' as const), n: fc.nat(ATOMS.length - 1) }),
    fc.record({ kind: fc.constant('not' as const), a: tie('node') }),
    fc.record({ kind: fc.constantFrom('&&' as const, '||' as const), a: tie('node'), b: tie('node') }),
  ),
}));

function render(n: Node, batch: string): MaskChoice {
  if (n.kind === 'atom') return ATOMS[n.n]!(batch);
  const a = render(n.a, batch);
  if (n.kind === 'not') return { text: `!(${a.text})`, declares: a.declares };
  const b = render(n.b, batch);
  return { text: `(${a.text}) ${n.kind} (${b.text})`, declares: { ...a.declares, ...b.declares } };
}

/** None to two mask lines, as a function of the batch prefix. */
export const masks: fc.Arbitrary<(batch: string) => readonly MaskChoice[]> = fc
  .array(node, { maxLength: 2 })
  .map((nodes) => (batch: string) => nodes.map((n) => render(n, batch)));
