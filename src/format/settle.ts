/** Comments in the middle of an expression may move when lines are broken, and then break other lines. */
import type { SourceFile } from '../syntax/ast.ts';
import { parseSource } from '../syntax/parse.ts';
import { printFile } from '../syntax/print.ts';

/** Each turn moves comments outwards or to the end of a line, where they stay. */
const MOST_TURNS = 8;

/** The file as it reads when printing it again changes nothing: only comments differ in their places. */
export function settled(file: SourceFile, width: number): SourceFile {
  if (file.comments.length === 0) return file;
  let current = file;
  let text = printFile(file, { width });
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const next = parseSource(text, file.source).file;
    const again = printFile(next, { width });
    if (again === text) return current;
    current = next;
    text = again;
  }
  return current;
}
