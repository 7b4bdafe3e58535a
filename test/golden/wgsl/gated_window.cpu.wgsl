// gated_window: WGSL made by attnc.

struct Uniforms {
  B: i32,
  H: i32,
  G: i32,
  N: i32,
  M: i32,
  window: i32,
  sinks: i32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;

@group(0) @binding(1) var<storage, read> q: array<u32>; // f16
@group(0) @binding(2) var<storage, read> k: array<u32>; // f16
@group(0) @binding(3) var<storage, read> v: array<u32>; // f16
@group(0) @binding(4) var<storage, read> z: array<u32>; // f16
@group(0) @binding(5) var<storage, read_write> y: array<atomic<u32>>; // f16
@group(0) @binding(6) var<storage, read_write> lse: array<u32>; // f32
@group(0) @binding(7) var<storage, read_write> hit: array<f32>;
@group(0) @binding(8) var<storage, read_write> ws_p_m: array<f32>;
@group(0) @binding(9) var<storage, read_write> ws_p_sum: array<f32>;
@group(0) @binding(8) var<storage, read> ws_p_m_read: array<f32>;
@group(0) @binding(9) var<storage, read> ws_p_sum_read: array<f32>;

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

fn load_z(i: i32) -> f32 {
  return unpack2x16float(z[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
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

// The bits of x for memory, where registers beyond any score become true infinities.
fn bits_with_inf(x: f32) -> u32 {
  let upper = select(bitcast<u32>(x), 0x7f800000u, x > 2.0e38);
  return select(upper, 0xff800000u, x < -2.0e38);
}

@compute @workgroup_size(8)
fn gated_window_1(
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
  var o_c = array<f32, 4>();
  let i_last = min(row_first + 8, u.N) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let j_past = min(i_last + 1, u.M);
  let j_least = max(row_first - u.window + 1, 0);
  let j_past_2 = min(max(min(i_last, u.sinks - 1) + 1, 0), u.M);
  // j runs through 2 ranges of tiles
  let to = select((u.M + 1) / 2, (j_past_2 + 1) / 2, fits);
  let from_2 = select(0, j_least / 2, fits);
  let to_2 = select((u.M + 1) / 2, select(0, (j_past + 1) / 2, (u.window > 0) & (j_least < j_past)), fits);
  var j_done = 0;
  for (var j_range = 0; j_range < 2; j_range++) {
    let j_from = max(j_done, select(from_2, 0, j_range == 0));
    let j_to = select(to_2, to, j_range == 0);
    for (var j_tile = j_from; j_tile < j_to; j_tile++) {
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
        let right = load_k(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 4
            + k_2);
        s_sum_dot_0 = fma(left, right, s_sum_dot_0);
        let right_2 = load_k(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j_2) * 4
            + k_2);
        s_sum_dot_1 = fma(left, right_2, s_sum_dot_1);
      }
      if fits && j_first + 2 <= u.M && j_last <= row_first
          && (i_last < u.window + max(j_first, u.sinks) || j_last < u.sinks) {
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
          o_c[e] *= ref0_0_scale;
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
          var sum = o_c[e_2];
          let right_3 = load_v(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 4
              + e_2);
          sum = fma(weights_0, right_3, sum);
          let right_4 = load_v(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j_2)
              * 4 + e_2);
          sum = fma(weights_1, right_4, sum);
          o_c[e_2] = sum;
        }
      } else {
        let keep0_0 = (column < u.M) & ((j <= i) & ((i - j < u.window) | (j < u.sinks)));
        let s_sum_5 = s_sum_dot_0;
        let kept_3 = select(-1.5e38, s_sum_5, keep0_0);
        p_m_c = max(p_m_c, kept_3);
        let keep0_0_2 = (column_2 < u.M) & ((j_2 <= i) & ((i - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_6 = s_sum_dot_1;
        let kept_4 = select(-1.5e38, s_sum_6, keep0_0_2);
        p_m_c = max(p_m_c, kept_4);
        let ref0_0_next_2 = min(max(p_m_c * 0.7213475, -1.5e38), 1.5e38);
        let ref0_0_scale_2 = exp2(min(ref0_0 - ref0_0_next_2, 127.0));
        ref0_0 = ref0_0_next_2;
        p_sum_c *= ref0_0_scale_2;
        for (var e_3 = 0; e_3 < 4; e_3++) {
          o_c[e_3] *= ref0_0_scale_2;
        }
        var weights_2_0 = 0.0;
        var weights_2_1 = 0.0;
        let keep0_0_3 = (column < u.M) & ((j <= i) & ((i - j < u.window) | (j < u.sinks)));
        let s_sum_7 = s_sum_dot_0;
        let weight_3 = select(0.0, exp2(min(fma(s_sum_7, 0.7213475, -ref0_0), 127.0)), keep0_0_3);
        p_sum_c += weight_3;
        weights_2_0 = weight_3;
        let keep0_0_4 = (column_2 < u.M) & ((j_2 <= i) & ((i - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_8 = s_sum_dot_1;
        let weight_4 = select(0.0, exp2(min(fma(s_sum_8, 0.7213475, -ref0_0), 127.0)), keep0_0_4);
        p_sum_c += weight_4;
        weights_2_1 = weight_4;
        for (var e_4 = min(group, 0); e_4 < 4; e_4++) {
          var sum_2 = o_c[e_4];
          let right_5 = load_v(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 4
              + e_4);
          sum_2 = fma(weights_2_0, right_5, sum_2);
          let right_6 = load_v(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j_2)
              * 4 + e_4);
          sum_2 = fma(weights_2_1, right_6, sum_2);
          o_c[e_4] = sum_2;
        }
      }
    }
    j_done = max(j_done, j_to);
  }
  let p_m = select(-INFINITY, p_m_c * 0.5, p_m_c > -1.5e38);
  let p_sum = p_sum_c;
  let o_c_factor = 1.0 / p_sum;
  let lse_any = p_m_c > -1.5e38;
  let lse_2 = select(-INFINITY, p_m + log(p_sum), lse_any);
  for (var e_5 = 0; e_5 < 4; e_5++) {
    if row < u.N {
      let z_value = load_z(((b * u.H + h) * u.N + i) * 4 + e_5);
      store_y(((b * u.H + h) * u.N + i) * 4 + e_5,
          select(0.0, o_c_factor * o_c[e_5], p_m_c > -1.5e38)
          * (select(exp(-abs(z_value)), 1.0, z_value >= 0.0) / (1.0 + exp(-abs(z_value)))));
    }
  }
  if row < u.N {
    lse[(b * u.H + h) * u.N + i] = bits_with_inf(lse_2);
  }
  if row < u.N {
    ws_p_m[(b * u.H + h) * u.N + i] = p_m;
  }
  if row < u.N {
    ws_p_sum[(b * u.H + h) * u.N + i] = p_sum;
  }
}

@compute @workgroup_size(8)
fn gated_window_2(
  @builtin(local_invocation_index) lane_index: u32,
  @builtin(workgroup_id) group_id: vec3<u32>,
  @builtin(num_workgroups) group_count: vec3<u32>,
) {
  let lane = i32(lane_index);
  // More than 65535 workgroups are folded into a second dimension.
  let group = i32(group_id.x + group_id.y * group_count.x);
  if group >= u.B * u.H * ((u.M + 7) / 8) {
    return;
  }
  let h = rem_or_zero(div_or_zero(group, (u.M + 7) / 8), u.H);
  let b = div_or_zero(div_or_zero(group, (u.M + 7) / 8), u.H);
  let row_first = rem_or_zero(group, (u.M + 7) / 8) * 8;
  let row = row_first + lane;
  let j = min(row, u.M - 1);
  var k_rows = array<f32, 4>();
  for (var d = 0; d < 4; d++) {
    k_rows[d] = load_k(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 4 + d);
  }
  var hit_c = 0.0;
  let j_last = min(row_first + 8, u.M) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let i_past = min(max(u.window + j_last, 0), u.N);
  // i runs through 2 ranges of tiles
  let from_2 = select(0, row_first / 2, fits);
  let to = select((u.N + 1) / 2, select(0, (i_past + 1) / 2, (u.window > 0) & (row_first < i_past)), fits);
  let from_2_2 = select(0, row_first / 2, fits);
  let to_2 = select((u.N + 1) / 2, select(0, (u.N + 1) / 2, (row_first < u.sinks) & (row_first < u.N)), fits);
  let in_order = from_2 <= from_2_2;
  let ordered = select(from_2_2, from_2, in_order);
  let ordered_2 = select(to_2, to, in_order);
  let ordered_3 = select(from_2, from_2_2, in_order);
  let ordered_4 = select(to, to_2, in_order);
  var i_done = 0;
  for (var i_range = 0; i_range < 2; i_range++) {
    let i_from = max(i_done, select(ordered_3, ordered, i_range == 0));
    let i_to = select(ordered_4, ordered_2, i_range == 0);
    for (var i_tile = i_from; i_tile < i_to; i_tile++) {
      let i_first = i_tile * 2;
      let i_last = min(i_first + 2, u.N) - 1;
      let column = i_first + 0;
      let i = min(column, u.N - 1);
      let column_2 = i_first + 1;
      let i_2 = min(column_2, u.N - 1);
      var s_sum_dot_0 = 0.0;
      var s_sum_dot_1 = 0.0;
      for (var k_2 = min(group, 0); k_2 < 4; k_2++) {
        let left = k_rows[k_2];
        let right = load_q(((b * u.H + h) * u.N + i) * 4 + k_2);
        s_sum_dot_0 = fma(left, right, s_sum_dot_0);
        let right_2 = load_q(((b * u.H + h) * u.N + i_2) * 4 + k_2);
        s_sum_dot_1 = fma(left, right_2, s_sum_dot_1);
      }
      if fits && i_first + 2 <= u.N && j_last <= i_first
          && (i_last < u.window + max(row_first, u.sinks) || j_last < u.sinks) {
        let s_sum = s_sum_dot_0;
        let s = s_sum * 0.5;
        let weight = exp(min(s - ws_p_m_read[(b * u.H + h) * u.N + i], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i];
        hit_c += weight;
        let s_sum_2 = s_sum_dot_1;
        let s_2 = s_sum_2 * 0.5;
        let weight_2 = exp(min(s_2 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c += weight_2;
      } else {
        let keep0_0 = (column < u.N) & ((j <= i) & ((i - j < u.window) | (j < u.sinks)));
        let s_sum_3 = s_sum_dot_0;
        let s_3 = s_sum_3 * 0.5;
        let weight_3 = select(0.0, exp(min(s_3 - ws_p_m_read[(b * u.H + h) * u.N + i], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i], keep0_0);
        hit_c += weight_3;
        let keep0_0_2 = (column_2 < u.N) & ((j <= i_2) & ((i_2 - j < u.window) | (j < u.sinks)));
        let s_sum_4 = s_sum_dot_1;
        let s_4 = s_sum_4 * 0.5;
        let weight_4 = select(0.0, exp(min(s_4 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2], keep0_0_2);
        hit_c += weight_4;
      }
    }
    i_done = max(i_done, i_to);
  }
  let hit_2 = hit_c;
  if row < u.M {
    hit[(b * u.H + h) * u.M + j] = hit_2;
  }
}
