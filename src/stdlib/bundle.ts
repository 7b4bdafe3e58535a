/** The standard library as text. Generated from `src/stdlib/*.attn`; do not edit. */
export const STDLIB: Readonly<Record<string, string>> = {
  normalizers: `// Normalizers: scores to weights over the axes in brackets. Masked elements do not exist: where a row keeps no
// element there are no weights at all, and a sum of them is 0.

/// Exponentials divided by their sum, computed from the row's greatest score so that nothing overflows.
fn softmax[j](s) {
  let m = max[j](s)
  let w = exp(s - m)
  w / sum[j](w)
}
`,
  scalar: `// Scalar functions that the language does not have as operations.

/// 1 / (1 + exp(-x)), without overflow for any x.
fn sigmoid(x) {
  let t = exp(-abs(x))
  (if x >= 0.0 then 1.0 else t) / (1.0 + t)
}
`,
};
