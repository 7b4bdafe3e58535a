/** Comments in the middle of an expression may move when lines are broken, and then break other lines. */
import type { SourceFile } from '../syntax/ast.ts';
import { parseSource } from '../syntax/parse.ts';
import { printFile } from '../syntax/print.ts';

/** Each turn moves comments outwards or to the end of a line, where they stay. */
const MOST_TURNS = 8;

export interface Settled {
  /** Differs from the file that was given in the places of comments only. */
  readonly file: SourceFile;
  /** What it is printed as. */
  readonly text: string;
}

/** The file as it reads when printing it again changes nothing. */
export function settled(given: SourceFile, width: number): Settled {
  let [file, text] = [given, printFile(given, { width })];
  // Without comments a text that is printed reads back as itself.
  for (let turn = 0; given.comments.length > 0 && turn < MOST_TURNS; turn++) {
    const next = parseSource(text, given.source).file;
    const again = printFile(next, { width });
    if (again === text) break;
    [file, text] = [next, again];
  }
  return { file, text };
}
