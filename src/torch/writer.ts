/** Where statements go: lines of Python, with names for conditions that come again. */
import type { Expr } from '../expr/expr.ts';
import type { Machine, Scope } from './scope.ts';
import { LEVEL, type Value } from './value.ts';

/** Shorter conditions are clearer where they stand. */
const LONG = 24;

export class Writer {
  private depth = 1;
  private shared = new Map<string, string>();
  private readonly outer: Map<string, string>[] = [];

  constructor(
    readonly machine: Machine,
    readonly translate: (e: Expr, scope: Scope) => Value,
    private readonly lines: string[],
  ) {}

  write(depth: number, text: string): void {
    this.lines.push(`${'    '.repeat(depth)}${text}`);
  }

  /** Into the body of a loop: what is named there has another value at each step. */
  enter(depth: number): void {
    this.depth = depth;
    this.outer.push(this.shared);
    this.shared = new Map(this.shared);
  }
  leave(depth: number): void {
    this.depth = depth;
    this.shared = this.outer.pop()!;
  }

  /** Assigned before the statement that is being made, the first time. */
  share(v: Value): Value {
    if (!v.tensor || v.text.length < LONG) return v;
    let name = this.shared.get(v.text);
    if (name === undefined) {
      name = this.machine.name('mask', `${this.depth} ${v.text}`, 'mask');
      this.write(this.depth, `${name} = ${v.text}`);
      this.shared.set(v.text, name);
    }
    return { text: name, level: LEVEL.atom, axes: v.axes, tensor: true, type: 'bool' };
  }
}
