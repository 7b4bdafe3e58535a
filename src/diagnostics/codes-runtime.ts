/** E05xx sizes and tensors, E06xx compilation and limits, E07xx files and the command line. */
import type { CodeRow } from './code-row.ts';

export const RUNTIME_CODES: readonly CodeRow[] = [];
