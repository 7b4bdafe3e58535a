// causal: WGSL made by attnc.

struct Uniforms {
  B: i32,
  H: i32,
  N: i32,
  M: i32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;

@group(0) @binding(1) var<storage, read> q: array<u32>; // f16
@group(0) @binding(2) var<storage, read> k: array<u32>; // f16
@group(0) @binding(3) var<storage, read> v: array<u32>; // f16
@group(0) @binding(4) var<storage, read_write> y: array<atomic<u32>>; // f16

// Stands for infinity in registers: WGSL lets a compiler assume that there is none.
const INFINITY = 3.0e38;

fn load_q(i: i32) -> f32 {
  return unpack2x16float(q[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn load_k(i: i32) -> f32 {
  return unpack2x16float(k[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn load_v(i: i32) -> f32 {
  return unpack2x16float(v[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn store_y(i: i32, x: f32) {
  let word = u32(i) >> 1u;
  let shift = 16u * (u32(i) & 1u);
  atomicAnd(&y[word], ~(0xffffu << shift));
  atomicOr(&y[word], f16_bits(x) << shift);
}

fn div_or_zero(a: i32, b: i32) -> i32 {
  return select(a / b, 0, b == 0);
}

fn rem_or_zero(a: i32, b: i32) -> i32 {
  return select(a % b, 0, b == 0);
}

// The nearest 16-bit float, ties to even, as bits.
fn f16_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let normal = (size + 0xc8000fffu + ((size >> 13u) & 1u)) >> 13u;
  let tiny = bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;
  var half = select(normal, tiny, size < 0x38800000u);
  half = select(half, 0x7c00u, size >= 0x47800000u);
  half = select(half, 0x7e00u, size > 0x7f800000u);
  return ((bits >> 16u) & 0x8000u) | half;
}

@compute @workgroup_size(8)
fn causal(
  @builtin(local_invocation_index) lane_index: u32,
  @builtin(workgroup_id) group_id: vec3<u32>,
  @builtin(num_workgroups) group_count: vec3<u32>,
) {
  let lane = i32(lane_index);
  // More than 65535 workgroups are folded into a second dimension.
  let group = i32(group_id.x + group_id.y * group_count.x);
  if group >= u.B * u.H * ((u.N + 7) / 8) {
    return;
  }
  let h = rem_or_zero(div_or_zero(group, (u.N + 7) / 8), u.H);
  let b = div_or_zero(div_or_zero(group, (u.N + 7) / 8), u.H);
  let row_first = rem_or_zero(group, (u.N + 7) / 8) * 8;
  let row = row_first + lane;
  let i = min(row, u.N - 1);
  var q_rows = array<f32, 4>();
  for (var d = 0; d < 4; d++) {
    q_rows[d] = load_q(((b * u.H + h) * u.N + i) * 4 + d);
  }
  var p_m_c = -1.5e38;
  var ref0_0 = -1.5e38;
  var p_sum_c = 0.0;
  var y_c = array<f32, 4>();
  let i_last = min(row_first + 8, u.N) - 1;
  let j_past = min(i_last + 1, u.M);
  let j_tile_end = (j_past + 1) / 2;
  for (var j_tile = 0; j_tile < j_tile_end; j_tile++) {
    let j_first = j_tile * 2;
    let j_last = min(j_first + 2, u.M) - 1;
    let column = j_first + 0;
    let j = min(column, u.M - 1);
    let column_2 = j_first + 1;
    let j_2 = min(column_2, u.M - 1);
    var s_sum_dot_0 = 0.0;
    var s_sum_dot_1 = 0.0;
    for (var k_2 = min(group, 0); k_2 < 4; k_2++) {
      let left = q_rows[k_2];
      let right = load_k(((b * u.H + h) * u.M + j) * 4 + k_2);
      s_sum_dot_0 = fma(left, right, s_sum_dot_0);
      let right_2 = load_k(((b * u.H + h) * u.M + j_2) * 4 + k_2);
      s_sum_dot_1 = fma(left, right_2, s_sum_dot_1);
    }
    if j_first + 2 <= u.M && j_last <= row_first {
      let s_sum = s_sum_dot_0;
      let kept = s_sum;
      p_m_c = max(p_m_c, kept);
      let s_sum_2 = s_sum_dot_1;
      let kept_2 = s_sum_2;
      p_m_c = max(p_m_c, kept_2);
      let ref0_0_next = min(max(p_m_c * 0.7213475, -1.5e38), 1.5e38);
      let ref0_0_scale = exp2(min(ref0_0 - ref0_0_next, 127.0));
      ref0_0 = ref0_0_next;
      p_sum_c *= ref0_0_scale;
      for (var e = 0; e < 4; e++) {
        y_c[e] *= ref0_0_scale;
      }
      var weights_0 = 0.0;
      var weights_1 = 0.0;
      let s_sum_3 = s_sum_dot_0;
      let weight = exp2(min(fma(s_sum_3, 0.7213475, -ref0_0), 127.0));
      p_sum_c += weight;
      weights_0 = weight;
      let s_sum_4 = s_sum_dot_1;
      let weight_2 = exp2(min(fma(s_sum_4, 0.7213475, -ref0_0), 127.0));
      p_sum_c += weight_2;
      weights_1 = weight_2;
      for (var e_2 = min(group, 0); e_2 < 4; e_2++) {
        var sum = y_c[e_2];
        let right_3 = load_v(((b * u.H + h) * u.M + j) * 4 + e_2);
        sum = fma(weights_0, right_3, sum);
        let right_4 = load_v(((b * u.H + h) * u.M + j_2) * 4 + e_2);
        sum = fma(weights_1, right_4, sum);
        y_c[e_2] = sum;
      }
    } else {
      let keep0_0 = (column < u.M) & (j <= i);
      let s_sum_5 = s_sum_dot_0;
      let kept_3 = select(-1.5e38, s_sum_5, keep0_0);
      p_m_c = max(p_m_c, kept_3);
      let keep0_0_2 = (column_2 < u.M) & (j_2 <= i);
      let s_sum_6 = s_sum_dot_1;
      let kept_4 = select(-1.5e38, s_sum_6, keep0_0_2);
      p_m_c = max(p_m_c, kept_4);
      let ref0_0_next_2 = min(max(p_m_c * 0.7213475, -1.5e38), 1.5e38);
      let ref0_0_scale_2 = exp2(min(ref0_0 - ref0_0_next_2, 127.0));
      ref0_0 = ref0_0_next_2;
      p_sum_c *= ref0_0_scale_2;
      for (var e_3 = 0; e_3 < 4; e_3++) {
        y_c[e_3] *= ref0_0_scale_2;
      }
      var weights_2_0 = 0.0;
      var weights_2_1 = 0.0;
      let keep0_0_3 = (column < u.M) & (j <= i);
      let s_sum_7 = s_sum_dot_0;
      let weight_3 = select(0.0, exp2(min(fma(s_sum_7, 0.7213475, -ref0_0), 127.0)), keep0_0_3);
      p_sum_c += weight_3;
      weights_2_0 = weight_3;
      let keep0_0_4 = (column_2 < u.M) & (j_2 <= i);
      let s_sum_8 = s_sum_dot_1;
      let weight_4 = select(0.0, exp2(min(fma(s_sum_8, 0.7213475, -ref0_0), 127.0)), keep0_0_4);
      p_sum_c += weight_4;
      weights_2_1 = weight_4;
      for (var e_4 = min(group, 0); e_4 < 4; e_4++) {
        var sum_2 = y_c[e_4];
        let right_5 = load_v(((b * u.H + h) * u.M + j) * 4 + e_4);
        sum_2 = fma(weights_2_0, right_5, sum_2);
        let right_6 = load_v(((b * u.H + h) * u.M + j_2) * 4 + e_4);
        sum_2 = fma(weights_2_1, right_6, sum_2);
        y_c[e_4] = sum_2;
      }
    }
  }
  let p_m = select(-INFINITY, p_m_c * 0.5, p_m_c > -1.5e38);
  let p_sum = p_sum_c;
  let y_c_factor = 1.0 / p_sum;
  for (var e_5 = 0; e_5 < 4; e_5++) {
    if row < u.N {
      store_y(((b * u.H + h) * u.N + i) * 4 + e_5, select(0.0, y_c_factor * y_c[e_5], p_m_c > -1.5e38));
    }
  }
}
