/** E02xx names, E03xx types, E04xx masks, reductions and recurrences, W09xx warnings; and E05xx sizes and tensors. */
import type { CodeRow } from './code-row.ts';
import { RECURRENCE_CODES } from './codes-recurrences.ts';
import { SIZE_CODES } from './codes-sizes.ts';

const row = (code: string, title: string, explanation: string): CodeRow => ({ code, title, explanation });
const example = (text: string): string => `\n\n\`\`\`attn\n${text}\n\`\`\``;

const NAMES: readonly CodeRow[] = [
  row(
    'E0201',
    'unknown name',
    'A name in an expression is an axis, an input, a param, a const, a definition or a size. Size symbols come from the ' +
      'extents of `axes` and of inputs; a name that occurs in no extent is not one.' +
      example('axes i: N\nin x: f32[i]\nlet y = x * scale   // declare: param scale: float\nout y'),
  ),
  row(
    'E0202',
    'unknown function',
    'Functions are declared with `fn` in this file, imported, in the standard library, or part of the language.' +
      example('axes i: N\nin x: f32[i]\nlet y = sigmoyd(x)   // write: sigmoid(x)\nout y'),
  ),
  row(
    'E0203',
    'declared twice',
    'A name stands for one thing in the whole kernel. A changed value needs a new name.' +
      example('axes i: N\nin x: f32[i]\nlet y = x + 1\nlet y = y * 2   // write: let z = y * 2\nout y'),
  ),
  row(
    'E0204',
    'name of the language',
    'Reductions, casts and scalar functions of the language cannot be redefined. Functions of the standard library can: a ' +
      'function of the same name takes their place.' +
      example('fn exp(x) = 1 + x   // choose another name'),
  ),
  row(
    'E0205',
    'defined by itself',
    'Definitions are equations without an order, so that none can depend on itself, also not through others.' +
      example('axes i: N\nin x: f32[i]\nlet a = x + b\nlet b = a * 2\nout b'),
  ),
  row(
    'E0206',
    'recursive function',
    'A function is expanded where it is called, so that it cannot call itself, also not through others.' +
      example('fn f(x) = if x > 0 then f(x - 1) else 0'),
  ),
  row(
    'E0207',
    'import not found',
    'The path of an import is relative to the file that imports, and starts with `.` or `/`. The standard library is "std".' +
      example('import "./no-such-file.attn"'),
  ),
  row('E0208', 'files import each other', 'Imports form a tree. Move what both files need into a third one.'),
  row(
    'E0209',
    'not in the imported file',
    'An import names functions that the file declares itself; kernels and what the file imports are not passed on.' +
      example('import { sofmax } from "std"'),
  ),
  row(
    'E0210',
    'wrong indices',
    'Indices by position stand for the last dimensions in their order; there are at most as many as dimensions. Indices by ' +
      'name are written `x[axis = index]`. The two forms are not mixed.' +
      example('axes i: N, j: M\nin x: f32[i, j]\nlet y = x[0, i, j]\nout y'),
  ),
  row(
    'E0211',
    'no such axis in this value',
    'Re-indexing by name replaces an axis that the value has. A value with a derived axis is re-indexed by that axis.' +
      example('axes i: N, j: M\nin x: f32[i]\nlet y = x[j = i]   // x has the axis i\nout y'),
  ),
  row(
    'E0212',
    'dimension without an axis',
    'A dimension whose extent is a formula is no axis, so that the name alone does not say which element is meant. Give an ' +
      'index for it.' +
      example(
        'axes h: H, i: N, j: M\nin bias: f32[h, 2 * R + 1]\nlet s = bias   // write: bias[h, i - j + R]\nout s',
      ),
  ),
  row(
    'E0213',
    'wrong number of arguments',
    'A call gives exactly the arguments that the function declares.' +
      example('axes i: N\nin x: f32[i]\nlet y = clamp(x, 1.0)   // write: clamp(x, 0.0, 1.0)\nout y'),
  ),
  row(
    'E0214',
    'wrong number of axes',
    'A function that declares axes in brackets gets them in brackets. One that declares a single axis can be given several.' +
      example('axes i: N, j: M\nin s: f32[i, j]\nlet p = softmax(s)   // write: softmax[j](s)\nout p'),
  ),
  row(
    'E0215',
    'not an axis',
    'Brackets before parentheses, the left side of `axis = index`, and the indices of definitions and outputs are axes that ' +
      'the kernel declares.' +
      example('axes i: N\nin x: f32[i]\nlet y = sum[k](x)\nout y'),
  ),
  row(
    'E0216',
    'several axes at once',
    'The only axis parameter of a function may receive several axes. It can then be reduced over, but it has no single index.' +
      example(
        'fn first[j](x) = sum[j](if j == 0 then x else 0.0)\nkernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n  out y: f32[] = first[i, j](x)\n}',
      ),
  ),
  row(
    'E0217',
    'index missing from a definition',
    'The value depends on an axis that is not among the declared indices. Reduce over it, or declare it.' +
      example('axes i: N, j: M\nin x: f32[i, j]\nout y: f32[i] = x * 2'),
  ),
  row(
    'E0218',
    'axis given twice',
    'An axis occurs once among indices, dimensions and bound axes. For a tensor over two copies of an axis declare two axes ' +
      'of the same extent.' +
      example('axes i: N\nin x: f32[i, i]   // declare: axes i: N, j: N\nout y: f32[] = sum[i](x)'),
  ),
  row(
    'E0219',
    'not known before the launch',
    'Extents mention sizes and consts; requirements and defaults of params also mention params. Tensors and definitions have ' +
      'no value then.' +
      example('param w: int = 4\naxes i: N, j: w   // make w a const\nin x: f32[i]\nout y: f32[i, j] = x'),
  ),
  row(
    'E0220',
    'output without a definition',
    '`out NAME` writes out the definition or input of that name; `out NAME: type[…] = value` defines it on the spot.' +
      example('axes i: N\nin x: f32[i]\nlet y = x + 1\nout z'),
  ),
  row(
    'E0221',
    'kernel without output',
    'A kernel computes what its outputs need, so that it has at least one.' +
      example('axes i: N\nin x: f32[i]'),
  ),
  row(
    'E0222',
    'expression too large',
    'Functions are written out where they are called. When they multiply (each calls the next one twice, say), the result ' +
      'grows beyond what can be compiled: 20,000 operations, or 64 calls inside each other. A `let` in the kernel is computed ' +
      'once and stops the growth.',
  ),
];

const TYPES: readonly CodeRow[] = [
  row(
    'E0301',
    'types that do not go together',
    'bool becomes i32 and i32 becomes f32 by itself. u32 goes together with u32 and integer literals only.' +
      example('axes i: N\nin a: u32[i]\nin b: i32[i]\nlet c = a + b   // write: i32(a) + b\nout c'),
  ),
  row(
    'E0302',
    'truth value expected',
    'Conditions, operands of `&&`, `||` and `!`, requirements, and bodies of `any` and `all` are comparisons or bools.' +
      example('axes i: N\nin x: f32[i]\nlet y = if x then 1 else 0   // write: if x != 0.0\nout y'),
  ),
  row(
    'E0303',
    'number or integer expected',
    '`%` and the bit operations `& | ^ ~ << >>` work on integers; `-` and `abs` on numbers.' +
      example('axes i: N\nin x: f32[i]\nlet y = x % 2.0\nout y'),
  ),
  row(
    'E0304',
    'constant too large',
    'Integers have 32 bits, and literals alone are computed while compiling. Write a point to get a float.' +
      example('axes i: N\nlet y = i + 65536 * 65536\nout y'),
  ),
  row(
    'E0305',
    'index is not an integer',
    'Indices and ends of ranges are integers. `i32(x)` cuts off the fraction.' +
      example('axes i: N\nin x: f32[i]\nlet y = x[i / 2.0]   // write: x[i / 2]\nout y'),
  ),
  row(
    'E0306',
    'storage does not hold the type',
    'Float storage takes f32, i32 and bool values; integer and bool storage takes its own type. A cast says what is meant.' +
      example('axes i: N\nin x: f32[i]\nout y: i32[i] = x   // write: i32(x)'),
  ),
  row(
    'E0307',
    'value does not fit its declaration',
    'The default of a param or input, and the value of a const, have the declared type or are promoted to it.' +
      example('axes i: N\nparam w: int = 0.5\nin x: f32[i]\nlet y = x * w\nout y'),
  ),
];

const MASKS: readonly CodeRow[] = [
  row(
    'E0401',
    'mask is not a truth value',
    'A mask says which elements exist. Numbers that are added to the scores, such as 0 and −inf, are not masks: compare them, ' +
      'or add them to the score.' +
      example(
        'axes i: N, j: M\nin x: f32[i, j]\nin m: f32[i, j]\nmask m   // write: mask m == 0.0\nout y: f32[i] = sum[j](x)',
      ),
  ),
  row(
    'E0402',
    'reduction without axes',
    'A reduction names the axes it goes over, in brackets.' +
      example('axes i: N, j: M\nin x: f32[i, j]\nout y: f32[i] = sum(x)   // write: sum[j](x)'),
  ),
  row(
    'E0403',
    'range on a function',
    'Ranges restrict reductions. A function such as softmax has several of them, and weights besides; use a `mask`.' +
      example('axes i: N, j: M\nin s: f32[i, j]\nlet p = softmax[j in 0..i + 1](s)\nout p'),
  ),
];

const WARNINGS: readonly CodeRow[] = [
  row(
    'W0901',
    'unused input, param or const',
    'Nothing in the kernel mentions it.' + example('axes i: N\nin x: f32[i]\nin z: f32[i]\nout x'),
  ),
  row(
    'W0902',
    'unused definition',
    'No output and no mask needs the definition, the state, or what a statement assigns to a state, so that it is never ' +
      'computed.' +
      example('axes i: N\nin x: f32[i]\nlet y = x + 1\nout x'),
  ),
  row(
    'W0903',
    'mask without effect',
    'A mask line applies to a reduction when one of its axes is reduced there and its other axes are in scope, and to outputs ' +
      'that have all its axes. This line applies nowhere.' +
      example('axes i: N, j: M, d: D\nin x: f32[i, j]\nmask d > 0\nout y: f32[i] = sum[j](x)'),
  ),
  row(
    'W0904',
    'reduction over a constant',
    'The body does not depend on the axis, so that a sum is a product with its extent and other reductions do nothing.' +
      example('axes i: N, j: M\nin x: f32[i]\nout y: f32[i] = sum[j](x)'),
  ),
  row(
    'W0905',
    'integer division of literals',
    'Both operands are integers, so that the result is rounded down.' +
      example('axes i: N\nin x: f32[i]\nlet y = x ** (1 / 2)   // write: x ** 0.5\nout y'),
  ),
  row(
    'W0907',
    'aggregate without a reduction',
    'The keyword `aggregate` announces a sum over keys. It changes nothing, but a reader would look for one.' +
      example('axes i: N\nin x: f32[i]\naggregate y = x + 1\nout y'),
  ),
];

export const MODEL_CODES: readonly CodeRow[] = [
  ...NAMES,
  ...TYPES,
  ...MASKS,
  ...RECURRENCE_CODES,
  ...WARNINGS,
  ...SIZE_CODES,
];
