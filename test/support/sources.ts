/** Texts that use the whole surface of the language, for tests of the front end. */

export const EVERY_CONSTRUCT = `// Every construct once.
import { rope, alibi as_name } from "std"
import "./masks.attn"

fn relu(x) = max(x, 0)
// Rows that sum to one.
fn softmax[j](s) {
  let m = max[j](s)
  let w[i, j] = exp(s - m)

  w / sum[j](w)
}

// Gated grouped-query attention.
kernel gated_window {
  axes b: B, h: H, g: G = h / (H / G), i: N, j: M, d: D, e: E
  axes
    c: 4, // channels
    n: N / 16

  in q: f16[b, h, i, d]
  in k: bf16[b, g, j, d] // keys
  in bias: f32[h, 2 * R + 1] = 0
  in scale: f32 = 1.5e-3
  param window: int = 1024
  param soft: bool = true
  const cap: float = 30.
  require H % G == 0 && window >= 0x10

  mask j <= i && (i - j < window || j < 4)
  mask !(bits[i] >> j & 1 == 0) // a tree
  score s = sum[d](q[d = d ^ 1] * k) * D ** -0.5 + bias[h, i - j + R]
  let t[i] = if i > 3 then 1 else if soft then -2 else ~3
  normalize p = softmax[j](s)
  aggregate o = sum[j in 0..i + 1, e](p * v[j])
  gate y = o * sigmoid(z) - -x ** 2

  out y: f16[b, h, i, e]
  out lse: f32[b, h, i] = logsumexp[j](s)
  out hit = sum[i](p)
  state S: f32[b, h, d, e] = S0 // carried
  state z: f32[b, h, d]
  recurrence over i reverse {
    S = decay * S + k * v // a write
    let u[b, i] = sum[h](z)
    z = z + k

    // A read.
    aggregate r = sum[d](q * S)
  }
}
`.replace('rope, alibi as_name', 'rope, alibi');
