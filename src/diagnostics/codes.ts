/**
 * Every code that a diagnostic can have, with the page that `attnc explain CODE` shows.
 * E01xx syntax, E02xx names, E03xx types, E04xx masks, reductions and recurrences, E05xx sizes and tensors, E06xx compilation and
 * limits, E07xx files and the command line, W09xx warnings.
 */
import type { CodeRow } from './code-row.ts';
import { COMPILE_CODES } from './codes-compile.ts';
import { MODEL_CODES } from './codes-model.ts';
import { RUNTIME_CODES } from './codes-runtime.ts';
import { SYNTAX_CODES } from './codes-syntax.ts';
import { WEBGPU_CODES } from './codes-webgpu.ts';

/** All rows, by code. */
export const CODES: ReadonlyMap<string, CodeRow> = new Map(
  [...SYNTAX_CODES, ...MODEL_CODES, ...COMPILE_CODES, ...RUNTIME_CODES, ...WEBGPU_CODES].map((row) => [
    row.code,
    row,
  ]),
);

/** The row of a code, written in any case (`e0101`), or undefined when there is none. */
export function codeRow(code: string): CodeRow | undefined {
  return CODES.get(code.trim().toUpperCase());
}
