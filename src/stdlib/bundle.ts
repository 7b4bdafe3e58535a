/** The standard library as text. Generated from `src/stdlib/*.attn`; do not edit. */
export const STDLIB: Readonly<Record<string, string>> = {
  "gates": `// Gates: what is done to the aggregated values.

// o times sigmoid(z), by element or by head, as z has indices.
fn sigmoid_gate(o, z) = o * sigmoid(z)

// o times silu(z).
fn silu_gate(o, z) = o * silu(z)

// o times tanh(a): a learned scale that starts closed at a = 0.
fn tanh_gate(o, a) = o * tanh(a)

// Mix of two branches: a where z is large, b where it is small.
fn sigmoid_mix(a, b, z) {
  let t = sigmoid(z)
  t * a + (1.0 - t) * b
}
`,
  "masks": `// Masks: truth values over positions, for \`mask\` lines. i is the position of the query, j that of the key.

// Keys up to the query's own position; the first query sees the first key.
fn causal(i, j) = j <= i

// Causal with the last query aligned to the last of m keys, for n queries that follow m - n cached keys.
fn causal_bottom_right(i, j, n, m) = j <= i + (m - n)

// The w keys up to the query's own position.
fn window(i, j, w) = j <= i && i - j < w

// Keys at a distance less than w on both sides.
fn band(i, j, w) = abs(i - j) < w

// The first n keys.
fn sinks(j, n) = j < n

// The first n keys for every query, the others causally.
fn prefix(i, j, n) = j <= i || j < n

// Every step-th key, counted from the query.
fn dilated(i, j, step) = (i - j) % step == 0

// Keys of the query's own block of the given size and of all blocks before.
fn block_causal(i, j, size) = j / size <= i / size

// Keys of the query's own block.
fn block_local(i, j, size) = j / size == i / size

// Query and key in the same document, for ids over the query axis i that serve the key axis j as well.
fn document[i, j](id) = id == id[i = j]

// Keys before the length of a padded row.
fn key_padding(j, length) = j < length

// The size keys around the query among n keys; at both ends the window is shifted so that it stays full.
fn neighborhood(i, j, n, size) {
  let first = clamp(i - size / 2, 0, n - size)
  first <= j && j < first + size
}

// A neighborhood among the keys that are a multiple of step away.
fn neighborhood_dilated(i, j, n, size, step) {
  let last = n - 1 - (n - 1 - i) % step
  let first = clamp(i - size / 2 * step, i % step, last - (size - 1) * step)
  (i - j) % step == 0 && first <= j && j < first + size * step
}

// Bit n of a word, counted from the lowest.
fn bit(word, n) = (word >> n & 1) == 1

// Position of row i of rank r where each rank holds n positions one behind the other.
fn contiguous(r, i, n) = r * n + i

// Position of row i of rank r where the sequence is cut into two chunks per rank, each rank holds n positions, and rank r has
// chunks r and 2 * ranks - 1 - r.
fn zigzag(r, i, n, ranks) {
  let chunk = n / 2
  (if i < chunk then r else 2 * ranks - 1 - r) * chunk + i % chunk
}

// Position of row i of rank r where neighbouring positions are on neighbouring ranks.
fn striped(r, i, ranks) = i * ranks + r
`,
  "merge": `// Merging: attention over parts of the keys, put together from what each part gave.
//
// A part is known by its output o and by lse, the natural logarithm of the sum of its exponentials. A part that kept no
// key has lse -inf and changes nothing, whatever numbers its output holds; where all parts are empty, lse is -inf and o
// is 0.
// Parts may be merged in any order and grouping, and parts of parts as well.

// The lse of two parts together.
fn merge_lse(lse_a, lse_b) {
  let m = max(lse_a, lse_b)
  let least = min(lse_a, lse_b)
  if least > -1e38 then m + log1p(exp(least - m)) else m
}

// The output of two parts together.
fn merge_out(lse_a, out_a, lse_b, out_b) {
  let m = max(max(lse_a, lse_b), -1e38)
  let a = if lse_a > -1e38 then exp(lse_a - m) else 0.0
  let b = if lse_b > -1e38 then exp(lse_b - m) else 0.0
  let total = a + b
  if total > 0.0 then (a * out_a + b * out_b) / total else 0.0
}

// The lse of all parts along an axis.
fn merge_states_lse[s](lse) {
  let m = max[s](max(lse, -1e38))
  let total = sum[s](if lse > -1e38 then exp(max(lse, -1e38) - m) else 0.0)
  if total > 0.0 then m + log(total) else -inf
}

// The output of all parts along an axis.
fn merge_states[s](lse, o) {
  let m = max[s](max(lse, -1e38))
  let w = if lse > -1e38 then exp(max(lse, -1e38) - m) else 0.0
  let total = sum[s](w)
  if total > 0.0 then sum[s](w * o) / total else 0.0
}
`,
  "normalizers": `// Normalizers: scores to weights over the axes in brackets.
//
// Masked elements do not exist, so that no normalizer sees them. Where a row keeps no element there are no weights, and
// sums of them are 0. Where a sum of weights can be 0 although elements are kept, all weights are 0.

// Exponentials divided by their sum, relative to the greatest score so that nothing overflows.
fn softmax[j](s) {
  let m = max[j](s)
  let w = exp(s - m)
  w / sum[j](w)
}

// Softmax with one more element of score z, which takes weight and gives nothing.
fn softmax_sink[j](s, z) {
  let m = max(max[j](s), z)
  let w = exp(s - m)
  w / (sum[j](w) + exp(z - m))
}

// Softmax whose denominator has one more: weights may all be small.
fn softmax_off_by_one[j](s) = softmax_sink[j](s, 0.0)

// log(softmax(s)).
fn log_softmax[j](s) = s - logsumexp[j](s)

// Softmax of s divided by a temperature.
fn softmax_temperature[j](s, t) = softmax[j](s / t)

// Softmax of scores with mean 0 and standard deviation 1 in each row; eps is added to the variance.
fn softmax_standardized[j](s, eps) {
  let mu = mean[j](s)
  let var = mean[j](square(s - mu))
  softmax[j]((s - mu) * rsqrt(var + eps))
}

// Values divided by their sum, or 0 where the sum is not positive.
fn l1[j](w) {
  let total = sum[j](w)
  if total > 0.0 then w / total else 0.0
}

// Positive parts of the scores divided by their sum.
fn l1_relu[j](s) = l1[j](relu(s))

// Softplus of the scores divided by its sum.
fn l1_softplus[j](s) = l1[j](softplus(s))

// Squares of the scores divided by their sum.
fn l1_square[j](s) = l1[j](square(s))

// Independent weights between 0 and 1; the bias is often -log of the number of keys.
fn sigmoid_weights(s, bias) = sigmoid(s + bias)

// Squared positive parts divided by the number of kept elements.
fn relu_squared[j](s) {
  let count = sum[j](1.0)
  square(relu(s)) / count
}

// Scores divided by the number of kept elements.
fn mean_weights[j](s) {
  let count = sum[j](1.0)
  s / count
}

// Shannon entropy of weights over an axis, in nats; a weight of 0 adds nothing.
fn entropy[j](p) = sum[j](if p > 0.0 then -p * log(p) else 0.0)

// Kullback-Leibler divergence of weights p from weights q over an axis, in nats; a weight p of 0 adds nothing.
fn kullback_leibler[j](p, q) = sum[j](if p > 0.0 then p * log(p / q) else 0.0)

// Jensen-Shannon divergence of two rows of weights over an axis, in nats.
fn jensen_shannon[j](p, q) {
  let m = 0.5 * (p + q)
  0.5 * (kullback_leibler[j](p, m) + kullback_leibler[j](q, m))
}
`,
  "scalar": `// Scalar functions that are not operations of the language.

// 1 / (1 + exp(-x)), without overflow for any x.
fn sigmoid(x) {
  let t = exp(-abs(x))
  (if x >= 0.0 then 1.0 else t) / (1.0 + t)
}

// log(sigmoid(x)), exact for large |x|.
fn log_sigmoid(x) = min(x, 0.0) - log1p(exp(-abs(x)))

// x where it is positive, else 0.
fn relu(x) = max(x, 0)

// x where it is positive, else a small multiple of it.
fn leaky_relu(x, slope) = if x >= 0.0 then f32(x) else slope * x

// x where it is positive, else exp(x) - 1.
fn elu(x) = if x >= 0.0 then f32(x) else exp(x) - 1.0

// x * sigmoid(x), also called swish.
fn silu(x) = x * sigmoid(x)

// x times the normal distribution function, with the error function.
fn gelu(x) = 0.5 * x * (1.0 + erf(x * 0.5 ** 0.5))

// The usual approximation of gelu with tanh.
fn gelu_tanh(x) = 0.5 * x * (1.0 + tanh((2.0 / pi) ** 0.5 * (x + 0.044715 * x * x * x)))

// log(1 + exp(x)), without overflow for any x.
fn softplus(x) = max(x, 0.0) + log1p(exp(-abs(x)))

// x kept between low and high.
fn clamp(x, low, high) = min(max(x, low), high)

// -1, 0 or 1.
fn sign(x) = if x > 0 then 1 else if x < 0 then -1 else 0

// x * x.
fn square(x) = x * x

// a at t = 0, b at t = 1.
fn lerp(a, b, t) = a + (b - a) * t

// Tangent of an angle in radians.
fn tan(x) = sin(x) / cos(x)

// x is dropped, by 0, at a rate; what stays is scaled so that the mean is as before. u is uniform in [0, 1), as rand gives it.
fn dropout(x, rate, u) = if u < rate then 0.0 else x / (1.0 - rate)
`,
  "scores": `// Scores: what compares a query with a key, and what is added to it.

// Dot product over d, divided by the root of the width.
fn scaled_dot[d](q, k) = sum[d](q * k) * extent(d) ** -0.5

// ALiBi's slope of head h among n heads; for n that is no power of two, as its authors interpolate.
fn alibi_slope(h, n) {
  // The small term keeps exact powers of two on their own side when log2 is rounded.
  let p = exp2(floor(log2(n) + 0.0001))
  if h < p then exp2(-8.0 * (h + 1) / p) else exp2(-4.0 * (2.0 * (h - p) + 1.0) / p)
}

// ALiBi: a penalty proportional to the distance.
fn alibi(h, n, i, j) = -alibi_slope(h, n) * abs(i - j)

// T5's bucket of a distance r >= 0: exact below half of the buckets, then logarithmic up to the greatest distance.
fn t5_bucket(r, buckets, greatest) {
  let exact = buckets / 2
  let ratio = log(max(f32(r), 1.0) / exact) / log(f32(greatest) / exact)
  // The small term keeps distances that are exactly on an edge on their own side when log is rounded.
  let far = exact + i32(floor(ratio * (buckets - exact) + 0.0001))
  if r < exact then r else min(far, buckets - 1)
}

// Bucket for decoders: keys after the query share bucket 0.
fn t5_bucket_causal(i, j, buckets, greatest) = t5_bucket(max(i - j, 0), buckets, greatest)

// Bucket for encoders: the second half of the buckets is for keys after the query.
fn t5_bucket_bidirectional(i, j, buckets, greatest) = (if j > i then buckets / 2 else 0)
  + t5_bucket(abs(i - j), buckets / 2, greatest)

// A table of 2 * reach + 1 biases by relative position; further positions share the last.
fn relative_bias(table, i, j, reach) = table[clamp(i - j, -reach, reach) + reach]

// A table of biases by relative row and column, for images of the given height and width.
fn relative_bias_2d(table, iy, ix, jy, jx, height, width) = table[
  iy - jy + height - 1,
  ix - jx + width - 1
]

// Scores kept between -cap and cap.
fn soft_cap(s, cap) = cap * tanh(s / cap)

// Rotary embedding of neighbouring features (2m, 2m + 1) at a position.
fn rope[d](x, position, base) {
  let angle = position * base ** (-2.0 * (d / 2) / extent(d))
  x * cos(angle) + (if d % 2 == 0 then -x[d = d ^ 1] else x[d = d ^ 1]) * sin(angle)
}

// Rotary embedding of features m and m + D / 2 at a position.
fn rope_half[d](x, position, base) {
  let half = extent(d) / 2
  let angle = position * base ** (-2.0 * (d % half) / extent(d))
  let other = x[d = if d < half then d + half else d - half]
  x * cos(angle) + (if d < half then -other else other) * sin(angle)
}

// x divided by its length over d; eps is added to the square of the length.
fn l2_norm[d](x, eps) = x * rsqrt(sum[d](x * x) + eps)

// x divided by its length over d, or by eps where that is greater.
fn l2_normalize[d](x, eps) = x / max(sqrt(sum[d](x * x)), eps)

// x divided by the root of its mean square over d; eps is added to the mean square.
fn rms_norm[d](x, eps) = x * rsqrt(mean[d](x * x) + eps)

// x less its mean over d, divided by its standard deviation; eps is added to the variance.
fn layer_norm[d](x, eps) {
  let centred = x - mean[d](x)
  centred * rsqrt(mean[d](centred * centred) + eps)
}
`,
  "selections": `// Selections: truth values that say which elements along an axis are taken.

// How many elements before this one are taken: where one that is taken stands in the list that nth gives.
// The second axis is one of the same extent, for the elements before.
fn taken_before[j, u](taken) = sum[u in 0..j](taken[j = u])
`,
};
