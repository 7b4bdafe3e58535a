/** E05xx sizes and tensors, E06xx compilation and limits, E07xx files and the command line. */
import type { CodeRow } from './codes.ts';

export const RUNTIME_CODES: readonly CodeRow[] = [];
