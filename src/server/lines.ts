/** Lines of a text: offsets to places and back. Lines and characters count from 0, characters in UTF-16 units. */

export interface Place {
  readonly line: number;
  readonly character: number;
}

export class Lines {
  /** Offset at which each line starts. */
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    for (let n = 0; n < text.length; n++) {
      const c = text.charCodeAt(n);
      if (c === 10 || (c === 13 && text.charCodeAt(n + 1) !== 10)) this.starts.push(n + 1);
    }
  }

  get count(): number {
    return this.starts.length;
  }

  /** Of an offset; one outside of the text is moved to its nearest end. */
  placeOf(offset: number): Place {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low, character: at - this.starts[low]! };
  }

  /** Of a place; one behind the end of a line is moved to that end. */
  offsetOf({ line, character }: Place): number {
    if (line < 0) return 0;
    if (line >= this.starts.length) return this.text.length;
    return Math.min(this.starts[line]! + Math.max(0, character), this.endOf(line));
  }

  /** Offset at which a line starts. */
  startOf(line: number): number {
    return this.starts[line] ?? this.text.length;
  }

  /** Offset of the line break after a line, or of the end of the text. */
  private endOf(line: number): number {
    const next = this.starts[line + 1];
    if (next === undefined) return this.text.length;
    return this.text[next - 2] === '\r' && this.text[next - 1] === '\n' ? next - 2 : next - 1;
  }
}
