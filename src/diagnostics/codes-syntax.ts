/** E01xx: the text is not a program. */
import type { CodeRow } from './code-row.ts';

const row = (code: string, title: string, explanation: string): CodeRow => ({ code, title, explanation });
const example = (text: string): string => `\n\n\`\`\`attn\n${text}\n\`\`\``;

export const SYNTAX_CODES: readonly CodeRow[] = [
  row(
    'E0101',
    'unexpected text',
    'The text at this place does not continue what was begun. The message names what may stand here; often a bracket, a ' +
      'comma or the keyword of an item is missing. Every line of a kernel starts with a keyword, such as `let` or `out`.' +
      example('kernel k {\n  axes i: N\n  in x: f32[i]\n  y = x + 1   // write: let y = x + 1\n  out y\n}'),
  ),
  row(
    'E0102',
    'unexpected character',
    'This character is not used by the language. Statements need no semicolon, comments start with `//`, text in quotes ' +
      'uses `"`, and names consist of the letters A to Z, digits and `_`.' +
      example('let a = x + 1;   // remove the semicolon'),
  ),
  row(
    'E0103',
    'malformed number',
    'A number is an integer (`12`, `0xff`) or a float (`1.5`, `1e-6`, `.5`). An integer fits in 32 bits and a float in ' +
      'f32. A product needs its sign.' +
      example('let a = 2x   // write: 2 * x'),
  ),
  row(
    'E0104',
    'string without its closing quote',
    'A string starts and ends with `"` on one line. Strings name the files of imports.' +
      example('import "./masks.attn'),
  ),
  row(
    'E0105',
    'too deeply nested',
    'Brackets and `if` may be nested 100 deep, and an expression may be 500 operations deep. Give parts of the expression ' +
      'a name with `let`.',
  ),
  row(
    'E0106',
    'keyword used as a name',
    'Keywords are reserved, so that every item of a kernel can be told from its first word. Choose another name.' +
      example('in gate: f32[h]   // write: in gate_: f32[h]'),
  ),
  row(
    'E0107',
    'not supported yet',
    'The words `attend` and `repeat` are reserved for constructs that this version does not have.',
  ),
  row(
    'E0108',
    'unknown type',
    'A tensor is stored as `f32`, `f16`, `bf16`, `i32`, `u32` or `bool`. A `param` or `const` is an `int`, `uint`, ' +
      '`float` or `bool`.' +
      example('in q: half[i, d]        // write: f16[i, d]\nparam scale: f32 = 1.0  // write: float'),
  ),
  row(
    'E0109',
    'misplaced index or axis',
    'Brackets before parentheses bind axes, and hold axis names, each with an optional range: `sum[j in 0..n](x)`. ' +
      'Brackets alone re-index a value, and hold expressions, by position or by the name of an axis: `x[i + 1]`, ' +
      '`x[j = i]`.' +
      example('let a = sum[j + 1](x)   // an axis name is wanted'),
  ),
  row(
    'E0110',
    'comparisons do not chain',
    'A comparison is a truth value, which is not compared again. Write both comparisons and join them.' +
      example('mask 0 <= i - j < window   // write: 0 <= i - j && i - j < window'),
  ),
  row(
    'E0111',
    'not a function',
    'Only a name can be called. An index in brackets comes after the call.' +
      example('let a = (f)(x)   // write: f(x)'),
  ),
  row(
    'E0112',
    'function without a value',
    'The body of a function ends with the expression that is its value.' +
      example('fn twice(x) {\n  let y = 2 * x\n}   // add a last line: y'),
  ),
  row(
    'E0113',
    'file too large',
    'A source file has at most 1,048,576 characters. Split it and use `import`.',
  ),
  row(
    'E0114',
    'block comment',
    'Comments start with `//` and end with the line.' + example('/* a note */   // write: // a note'),
  ),
  row(
    'E0115',
    'unclosed bracket',
    'A bracket was opened and never closed, or closed by one of another kind. The label shows where it was opened.' +
      example('let a = (x + 1\nlet b = a'),
  ),
];
