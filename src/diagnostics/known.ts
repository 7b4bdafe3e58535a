/** Names that a kernel does not have. */
import { userError } from './diagnostic.ts';

/** @throws UserError with `code` when a name is not among the declared ones. */
export function requireKnown(
  code: string,
  what: string,
  name: string,
  known: readonly string[],
  where: string,
): void {
  if (known.includes(name)) return;
  throw userError(code, `${where} has no ${what} ${name}`, {
    hint: known.length > 0 ? `it has ${known.join(', ')}` : `it has no ${what} at all`,
  });
}
