/** Hands the comments of a file out, each once, to the nodes that are printed. */
import type { Doc } from 'prettier';
import { builders } from 'prettier/doc';
import type { Comment } from './ast.ts';

const { breakParent, lineSuffix } = builders;

export class CommentQueue {
  private readonly taken: boolean[];
  /** Every comment before this one is taken. */
  private head = 0;

  constructor(
    private readonly comments: readonly Comment[],
    /** Absent in trees that were built in code: there are no comments to place then. */
    private readonly text: string | undefined,
  ) {
    this.taken = comments.map(() => text === undefined);
  }

  /** Takes the comments that start before `offset`. */
  before(offset: number): Comment[] {
    const out: Comment[] = [];
    for (; this.head < this.comments.length; this.head++) {
      const comment = this.comments[this.head]!;
      if (this.taken[this.head]) continue;
      if (comment.span.start >= offset) break;
      this.taken[this.head] = true;
      out.push(comment);
    }
    return out;
  }

  /**
   * Takes the comment that ends the line on which a node ends, with nothing but commas and operators between, as a
   * suffix of the node; the empty document when there is none. `breaks` makes the groups around it break.
   */
  trailing(end: number, breaks: boolean): Doc {
    const n = this.firstFrom(end);
    const comment = this.comments[n];
    if (!comment || this.taken[n] || this.text === undefined) return '';
    const between = this.text.slice(end, comment.span.start);
    // The length bound keeps this linear on a line of thousands of items.
    if (between.length > 200 || !/^[ \t,&|^+\-*/%<>=!]*$/.test(between)) return '';
    this.taken[n] = true;
    const suffix = lineSuffix(` ${comment.text}`);
    return breaks ? [suffix, breakParent] : suffix;
  }

  /** Whether an untaken comment starts inside the range. */
  inside(start: number, end: number): boolean {
    for (let n = this.firstFrom(start); n < this.comments.length && this.comments[n]!.span.start < end; n++) {
      if (!this.taken[n]) return true;
    }
    return false;
  }

  /** Whether the author left an empty line above `offset`. */
  blankAbove(offset: number): boolean {
    if (this.text === undefined) return false;
    let breaks = 0;
    for (let n = offset - 1; n >= 0 && /\s/.test(this.text[n]!); n--) {
      if (this.text[n] === '\n' || (this.text[n] === '\r' && this.text[n + 1] !== '\n')) breaks++;
    }
    return breaks >= 2;
  }

  private firstFrom(offset: number): number {
    let low = 0;
    let high = this.comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.comments[middle]!.span.start < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
