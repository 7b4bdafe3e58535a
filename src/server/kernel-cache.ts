/**
 * Kernels of a document that were checked in its version before: an edit changes one of them, and moves those behind it. What is
 * known about a kernel follows from its own text and from the functions that it can call.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { KernelCheck } from '../model/check.ts';
import { checkKernel } from '../model/kernel.ts';
import type { ModelKernel } from '../model/model.ts';
import type { SourceFile } from '../syntax/ast.ts';
import { mover, type Range } from './moved.ts';

interface Known {
  readonly kernel: ModelKernel;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the kernel was, then each function. */
  readonly ranges: readonly Range[];
}

export class KernelCache {
  private known = new Map<string, Known>();
  /** All that kernels see beside themselves. */
  private around: string | undefined;

  /**
   * The check for one version of a document. What it does not come upon is forgotten.
   * @param syntax errors of its text: behind the first, equal texts need not mean the same
   * @param read texts of imported files by their keys, complete once kernels are checked
   */
  check(
    file: SourceFile,
    syntax: readonly Diagnostic[],
    read: ReadonlyMap<string, string | undefined>,
  ): KernelCheck {
    const { known: before, around: aroundBefore } = this;
    const text = file.text ?? '';
    const sound = Math.min(text.length, ...syntax.map((d) => d.span?.start ?? 0));
    const others = [...file.fns, ...file.imports];
    const isSound = others.every((d) => d.span.end <= sound);
    this.known = new Map();
    let around: string | undefined;
    return (decl, fns, report) => {
      if (!isSound || decl.span.end > sound) return checkKernel(decl, fns, report);
      around ??= JSON.stringify([others.map((d) => text.slice(d.span.start, d.span.end)), [...read]]);
      const own = JSON.stringify([decl.doc, text.slice(decl.span.start, decl.span.end)]);
      const ranges: Range[] = [decl.span, ...file.fns.map((f) => f.span)];
      const ready = around === aroundBefore ? before.get(own) : undefined;
      this.around = around;
      const entry = ready ?? checked(decl, fns, ranges);
      this.known.set(own, entry);
      const move = mover(file.source, entry.ranges, ranges);
      for (const d of entry.diagnostics) report(move.all(d));
      return move.kernel(entry.kernel);
    };
  }
}

function checked(
  decl: Parameters<KernelCheck>[0],
  fns: Parameters<KernelCheck>[1],
  ranges: readonly Range[],
): Known {
  const diagnostics: Diagnostic[] = [];
  const kernel = checkKernel(decl, fns, (d) => diagnostics.push(d));
  return { kernel, diagnostics, ranges };
}
