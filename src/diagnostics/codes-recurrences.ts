/** E041x: states and the recurrences that carry them; and their warnings. */
import type { CodeRow } from './code-row.ts';

const row = (code: string, title: string, explanation: string): CodeRow => ({ code, title, explanation });
const HEAD = 'axes t: N, d: D\nin x: f32[t, d]\n';
const example = (text: string): string => `\n\n\`\`\`attn\n${HEAD}${text}\n\`\`\``;

export const RECURRENCE_CODES: readonly CodeRow[] = [
  row(
    'E0411',
    'state never assigned',
    'A state is what a recurrence makes of it, step after step. A value that no step changes is a definition.' +
      example('state S: f32[d] = 0   // add: recurrence over t { S = S + x }\nout S'),
  ),
  row(
    'E0412',
    'state assigned in two recurrences',
    'A state belongs to one recurrence, so that its value at a step is known. A second recurrence has states of its own, ' +
      'which may start from the last value of the first.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t { S = S + x }\nrecurrence over t reverse { S = S - x }\nout S',
      ),
  ),
  row(
    'E0413',
    'state over the axis of its recurrence',
    'A state is declared as its value at one step: without the axis that the recurrence runs along. Inside of the block ' +
      'its name is the value so far; a value of the block, such as `y = S`, is there at every step.' +
      example('state S: f32[t, d] = 0   // write: f32[d]\nrecurrence over t { S = S + x }\nout S'),
  ),
  row(
    'E0414',
    'assigned to what is no state, or outside of a recurrence',
    'Only states change, and only in a recurrence. Inputs, params and axes are given; a definition has one value, so that ' +
      'a changed one needs a new name.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t {\n  x = 2 * x   // write: u = 2 * x\n  S = S + x\n}\nout S',
      ),
  ),
  row(
    'E0415',
    'state in a 16-bit type',
    'What is carried over many steps is added up many times: states are f32, i32, u32 or bool. A 16-bit input can give the ' +
      'initial value, and the last value can be written in 16 bits.' +
      example('state S: f16[d] = 0   // write: f32[d]\nrecurrence over t { S = S + x }\nout S: f16[d]'),
  ),
  row(
    'E0416',
    'read before it has a value',
    'The statements of a recurrence are run in order, so that a value of the block is read below the line that gives it. ' +
      'What the step before made is read through a state.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t {\n  S = S + u   // move this line down\n  u = x * x\n}\nout S',
      ),
  ),
  row(
    'E0417',
    'another step is read',
    'A step sees what the steps before it made through states only: neither `y[t - 1, d]` nor a reduction over the axis ' +
      'of the recurrence can reach the values of other steps from inside. Definitions after the block read all of them, and ' +
      'inputs can be read at any position everywhere.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t {\n  S = S + x\n  y = S\n  z = y - y[max(t - 1, 0), d]   // move it out of the block\n}\nout z',
      ),
  ),
  row(
    'E0418',
    'recurrence that needs its own result',
    'Outside of its recurrence the name of a state is its value after the last step. Nothing that a step or an initial ' +
      'value reads can depend on it, nor can two recurrences need values of each other.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t { S = S + x * total }\nlet total = sum[d](S)   // is known after the last step\nout S',
      ),
  ),
  row(
    'E0419',
    'indices of a statement',
    'The declaration of a state gives its indices; a statement that writes them down has to agree. A value of the block has ' +
      'the axis of the recurrence among its indices, since each step makes one.' +
      example(
        'state S: f32[d] = 0\nrecurrence over t {\n  S = S + x\n  y[d] = S   // write: y = S, or y[t, d] = S\n}\nout y',
      ),
  ),
  row(
    'E0420',
    'value of a round read outside',
    'Each round of a `repeat` makes its values anew, and rounds have no index by which one could be chosen. A state is read ' +
      'outside: it is what the last round left.' +
      example(
        'state low: f32[i] = 0\nrepeat 20 {\n  middle = 0.5 * (low + high)   // carry it: state middle\n  low = middle\n}\nout middle',
      ),
  ),
  row(
    'W0909',
    'recurrence without a state',
    'Its steps carry nothing along, so that their order says nothing and the block only groups definitions.' +
      example('recurrence over t { y = 2 * x }\nout y'),
  ),
];
