/** E02xx names, E03xx types, E04xx masks and reductions, W09xx warnings. */
import type { CodeRow } from './codes.ts';

export const MODEL_CODES: readonly CodeRow[] = [];
