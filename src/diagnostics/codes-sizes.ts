/** E05xx: sizes, shapes and values given to a kernel do not fit it. */
import type { CodeRow } from './code-row.ts';

const row = (code: string, title: string, explanation: string): CodeRow => ({ code, title, explanation });

export const SIZE_CODES: readonly CodeRow[] = [
  row(
    'E0501',
    'wrong shape of an input',
    'The tensor has another number of dimensions, or of elements, than the kernel declares. Dimensions are counted from the ' +
      'outermost one, and none is added or dropped silently.',
  ),
  row(
    'E0502',
    'extents disagree',
    'Each size symbol has one value. It is taken from the first tensor dimension that fixes it; every other dimension that ' +
      'mentions it must agree. The message names the dimension, the formula of its extent and where the size came from.',
  ),
  row(
    'E0503',
    'size not fixed',
    'No input has a dimension from which this size follows: it occurs in axes without tensors, or in formulas such as ' +
      '`N / 16` that have more than one solution. Give its value.',
  ),
  row('E0504', 'missing parameter or size', 'A param without a default, or a size, has been given no value.'),
  row('E0505', 'missing input', 'Every input without a default needs a tensor.'),
  row(
    'E0506',
    'index out of range',
    'At an element that is evaluated, a tensor or definition is read outside of its extent. Elements that a mask removes are ' +
      'not evaluated; within `if` only the chosen branch is. Restrict the index with a mask, an `if`, or `clamp`.',
  ),
  row(
    'E0507',
    'too many elements',
    'Elements of a tensor are counted with 32-bit integers, so that each tensor has less than 2^31 of them. Split the batch.',
  ),
  row('E0508', 'size out of range', 'Sizes and extents are integers from 0 to 2^31 − 1.'),
  row(
    'E0509',
    'value does not fit the parameter',
    'An `int` param takes integers of 32 bits, a `uint` param those that are not negative, a `bool` param 0 or 1.',
  ),
  row(
    'E0510',
    'requirement not met',
    'A `require` line of the kernel is false for these sizes and params. The message shows the values of the names in it.',
  ),
  row(
    'E0511',
    'no such const or optional input',
    'A value was given for a const that the kernel does not declare or that has another type, or an input was left out that ' +
      'has no default.',
  ),
  row(
    'E0512',
    'no such definition',
    'Values were given to the interpreter for a definition that the kernel does not have, or that none of its outputs needs. ' +
      'The names are those of the `let` and other definitions of the kernel.',
  ),
];
