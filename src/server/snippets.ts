/** Pieces of text with places to fill in, for the server's completion and for the snippets file of editors. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how editors write places to fill in

export interface Snippet {
  readonly prefix: string;
  readonly title: string;
  readonly place: 'file' | 'kernel';
  /** Lines; `$1` and `${1:text}` are places to fill in. */
  readonly body: readonly string[];
}

export const SNIPPETS: readonly Snippet[] = [
  {
    prefix: 'kernel attention',
    title: 'A kernel: softmax attention',
    place: 'file',
    body: [
      'kernel ${1:attention} {',
      '  axes b: B, h: H, i: N, j: M, d: D, e: E',
      '',
      '  in q: f16[b, h, i, d]',
      '  in k: f16[b, h, j, d]',
      '  in v: f16[b, h, j, e]',
      '',
      '  mask ${2:j <= i}',
      '  score s = sum[d](q * k) * D ** -0.5',
      '  normalize p = softmax[j](s)',
      '  aggregate y = sum[j](p * v)',
      '',
      '  out y: f16[b, h, i, e]',
      '}',
    ],
  },
  {
    prefix: 'kernel recurrence',
    title: 'A kernel: a linear recurrence',
    place: 'file',
    body: [
      'kernel ${1:linear} {',
      '  axes b: B, h: H, t: N, d: D, e: E',
      '',
      '  in q: f32[b, h, t, d]',
      '  in k: f32[b, h, t, d]',
      '  in v: f32[b, h, t, e]',
      '',
      '  state S: f32[b, h, d, e]',
      '  recurrence over t {',
      '    S = ${2:S} + k * v',
      '    y = sum[d](q * S)',
      '  }',
      '',
      '  out y: f32[b, h, t, e]',
      '}',
    ],
  },
  { prefix: 'fn', title: 'A function', place: 'file', body: ['fn ${1:name}(${2:x}) = ${3:x}'] },
  {
    prefix: 'fn body',
    title: 'A function with definitions of its own',
    place: 'file',
    body: ['fn ${1:name}[${2:j}](${3:x}) {', '  let ${4:t} = ${5:sum[j](x)}', '  ${6:t}', '}'],
  },
  {
    prefix: 'import',
    title: 'Functions of another file',
    place: 'file',
    body: ['import { $2 } from "${1:./file.attn}"'],
  },
  {
    prefix: 'in tensor',
    title: 'An input',
    place: 'kernel',
    body: ['in ${1:x}: ${2|f16,f32,bf16,i32,bool|}[${3:i, j}]'],
  },
  {
    prefix: 'out value',
    title: 'An output with its value',
    place: 'kernel',
    body: ['out ${1:y}: ${2|f16,f32,bf16|}[${3:i}] = $4'],
  },
  { prefix: 'mask causal', title: 'Keys up to the query', place: 'kernel', body: ['mask ${1:j} <= ${2:i}'] },
  {
    prefix: 'mask window',
    title: 'A sliding window',
    place: 'kernel',
    body: ['param ${3:window}: int = ${4:1024}', 'mask ${1:j} <= ${2:i} && ${2:i} - ${1:j} < ${3:window}'],
  },
  {
    prefix: 'softmax',
    title: 'Weights from scores',
    place: 'kernel',
    body: ['normalize ${1:p} = softmax[${2:j}](${3:s})'],
  },
  {
    prefix: 'recurrence steps',
    title: 'A state and its steps',
    place: 'kernel',
    body: ['state ${1:S}: f32[${2:d, e}]', 'recurrence over ${3:t} {', '  ${1:S} = ${4:S}', '}'],
  },
];
