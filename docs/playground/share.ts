/** The address of what is shown: source and choices in the fragment, which browsers do not send to servers. */
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { z } from 'zod';

// Compiled checks would need a right to evaluate text, which this page does not give.
z.config({ jitless: true });

const Numbers = z.record(z.string(), z.number());
const Shared = z.object({
  text: z.string(),
  kernel: z.string().optional(),
  target: z.enum(['wgsl', 'cuda']).optional(),
  tab: z.string().optional(),
  sizes: Numbers.optional(),
  params: Numbers.optional(),
});
export type Shared = z.infer<typeof Shared>;

/** A link that unpacks to more is no source that somebody wrote. */
const MOST_BYTES = 1 << 20;

/** `s=…` holds everything, deflated; `e=NAME` is an example as it is. */
export type Fragment = { readonly example: string } | { readonly shared: Shared };

const toBase64Url = (bytes: Uint8Array): string =>
  btoa(strFromU8(bytes, true)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const fromBase64Url = (text: string): Uint8Array =>
  strToU8(atob(text.replaceAll('-', '+').replaceAll('_', '/')), true);

export const fragmentOf = (shared: Shared): string =>
  `#s=${toBase64Url(deflateSync(strToU8(JSON.stringify(shared)), { level: 9 }))}`;

/** Undefined where there is nothing. @throws Error where the link is damaged */
export function readFragment(hash: string): Fragment | undefined {
  const [, kind, value] = /^#([es])=(.+)$/.exec(hash) ?? [];
  if (kind === undefined || value === undefined) return undefined;
  if (kind === 'e') return { example: decodeURIComponent(value) };
  // With room given, longer texts are an error instead of memory.
  const room = new Uint8Array(MOST_BYTES);
  const bytes = inflateSync(fromBase64Url(value), { out: room });
  if (bytes.length === MOST_BYTES) throw new Error('the link holds too much');
  return { shared: Shared.parse(JSON.parse(strFromU8(bytes))) };
}
