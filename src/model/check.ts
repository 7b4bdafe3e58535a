/** Checks a file: functions and imports first, then every kernel. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { SourceFile } from '../syntax/ast.ts';
import { FnChecker } from './functions.ts';
import { checkKernel } from './kernel.ts';
import type { Loader, Model } from './model.ts';
import { duplicateName } from './rules/duplicate-name.ts';

export interface CheckResult {
  readonly model: Model;
  /** Errors and warnings in the order of their places, first those of this file. Syntax errors of imports are among them. */
  readonly diagnostics: readonly Diagnostic[];
}

export type KernelCheck = typeof checkKernel;

/**
 * Checks a parsed file. Tolerates any tree: what is wrong comes back as diagnostics, and the model holds the rest.
 * @param loader gives the text of imported files; the core reads none itself
 * @param check checks a kernel; an editor has one that remembers
 */
export function checkFile(
  file: SourceFile,
  loader: Loader = () => undefined,
  check: KernelCheck = checkKernel,
): CheckResult {
  const diagnostics: Diagnostic[] = [];
  const report = (d: Diagnostic): void => void diagnostics.push(d);
  const checker = new FnChecker(loader, report);
  const fns = checker.scopeOf(file);
  for (const [n, k] of file.kernels.entries()) {
    const first = file.kernels.slice(0, n).find((x) => x.name.text === k.name.text);
    if (first) report(duplicateName(k.name, first.name.span, 'kernel'));
  }
  const kernels = file.kernels.map((k) => check(k, fns, report));
  const here = (d: Diagnostic): number => (d.span?.source === file.source ? 0 : 1);
  diagnostics.sort((a, b) => here(a) - here(b) || (a.span?.start ?? 0) - (b.span?.start ?? 0));
  const { symbols, references } = checker;
  return { model: { file, fns, kernels, symbols, references }, diagnostics };
}
