/** E02xx names, E03xx types, E04xx masks and reductions, W09xx warnings. */
import type { CodeRow } from './code-row.ts';

export const MODEL_CODES: readonly CodeRow[] = [];
