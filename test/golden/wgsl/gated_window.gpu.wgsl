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

var<workgroup> q_rows: array<vec4<f32>, 320>;
var<workgroup> tile: array<vec4<f32>, 80>;
var<workgroup> shown_weights: array<vec4<f32>, 256>;
var<workgroup> exchange: array<f32, 256>;
var<workgroup> q_tile: array<f32, 512>;

fn load_q_vec4(p: i32) -> vec4<f32> {
  let low = q[2 * p];
  let high = q[2 * p + 1];
  return vec4<f32>(unpack2x16float(low), unpack2x16float(high));
}

fn load_k_vec4(p: i32) -> vec4<f32> {
  let low = k[2 * p];
  let high = k[2 * p + 1];
  return vec4<f32>(unpack2x16float(low), unpack2x16float(high));
}

fn load_v_vec4(p: i32) -> vec4<f32> {
  let low = v[2 * p];
  let high = v[2 * p + 1];
  return vec4<f32>(unpack2x16float(low), unpack2x16float(high));
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

fn load_k(i: i32) -> f32 {
  return unpack2x16float(k[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn load_q(i: i32) -> f32 {
  return unpack2x16float(q[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
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

@compute @workgroup_size(128)
fn gated_window_1(
  @builtin(local_invocation_index) lane_index: u32,
  @builtin(workgroup_id) group_id: vec3<u32>,
  @builtin(num_workgroups) group_count: vec3<u32>,
) {
  let lane = i32(lane_index);
  // More than 65535 workgroups are folded into a second dimension.
  let group = i32(group_id.x + group_id.y * group_count.x);
  if group >= u.B * u.H * ((u.N + 63) / 64) {
    return;
  }
  let h = rem_or_zero(div_or_zero(group, (u.N + 63) / 64), u.H);
  let b = div_or_zero(div_or_zero(group, (u.N + 63) / 64), u.H);
  let row_first = rem_or_zero(group, (u.N + 63) / 64) * 64;
  let group_2 = lane / 4;
  let member = lane % 4;
  let row_0 = row_first + group_2;
  let i_0 = min(row_0, u.N - 1);
  let row_1 = row_first + group_2 + 32;
  let i_1 = min(row_1, u.N - 1);
  for (var part = 0; part < 2; part++) {
    let tile_row = (part * 128 + lane) / 4;
    let piece = (part * 128 + lane) % 4;
    let row = row_first + tile_row;
    let i = min(row, u.N - 1);
    let piece_value = load_q_vec4(((b * u.H + h) * u.N + i) * 4 + piece);
    q_rows[tile_row * 5 + piece] = vec4<f32>(piece_value.x, piece_value.y, piece_value.z, piece_value.w);
  }
  var p_m_c_0 = -1.5e38;
  var p_m_c_1 = -1.5e38;
  var ref0_0_0 = -1.5e38;
  var ref0_0_1 = -1.5e38;
  var p_sum_c_0 = 0.0;
  var p_sum_c_1 = 0.0;
  var o_c_0 = 0.0;
  var o_c_1 = 0.0;
  var o_c_2 = 0.0;
  var o_c_3 = 0.0;
  var o_c_4 = 0.0;
  var o_c_5 = 0.0;
  var o_c_6 = 0.0;
  var o_c_7 = 0.0;
  let i_last = min(row_first + 64, u.N) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let j_past = min(i_last + 1, u.M);
  let j_least = max(row_first - u.window + 1, 0);
  let j_past_2 = min(max(min(i_last, u.sinks - 1) + 1, 0), u.M);
  // j runs through 2 ranges of tiles
  let to = select((u.M + 15) / 16, (j_past_2 + 15) / 16, fits);
  let from_2 = select(0, j_least / 16, fits);
  let to_2 = select((u.M + 15) / 16, select(0, (j_past + 15) / 16, (u.window > 0) & (j_least < j_past)),
      fits);
  var j_done = 0;
  for (var j_range = 0; j_range < 2; j_range++) {
    let j_from = max(j_done, select(from_2, 0, j_range == 0));
    let j_to = select(to_2, to, j_range == 0);
    for (var j_tile = j_from; j_tile < j_to; j_tile++) {
      let j_first = j_tile * 16;
      let j_last = min(j_first + 16, u.M) - 1;
      workgroupBarrier();
      for (var part_2 = lane; part_2 < 64; part_2 += 128) {
        let tile_row_2 = part_2 / 4;
        let piece_2 = part_2 % 4;
        let column = j_first + tile_row_2;
        let j = min(column, u.M - 1);
        let piece_value_2 = load_k_vec4(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M
            + j) * 4 + piece_2);
        tile[tile_row_2 * 5 + piece_2] = vec4<f32>(piece_value_2.x, piece_value_2.y, piece_value_2.z,
            piece_value_2.w);
      }
      workgroupBarrier();
      var s_sum_dot_0 = 0.0;
      var s_sum_dot_1 = 0.0;
      var s_sum_dot_2 = 0.0;
      var s_sum_dot_3 = 0.0;
      var s_sum_dot_4 = 0.0;
      var s_sum_dot_5 = 0.0;
      var s_sum_dot_6 = 0.0;
      var s_sum_dot_7 = 0.0;
      let left_first = group_2 * 5;
      let left_first_2 = (group_2 + 32) * 5;
      let right_first = member * 5;
      let right_first_2 = (member + 4) * 5;
      let right_first_3 = (member + 8) * 5;
      let right_first_4 = (member + 12) * 5;
      for (var piece_3 = 0; piece_3 < 4; piece_3++) {
        let left = q_rows[left_first + piece_3];
        let left_2 = q_rows[left_first_2 + piece_3];
        let right = tile[right_first + piece_3];
        s_sum_dot_0 = fma(left.x, right.x, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.x, right.x, s_sum_dot_4);
        s_sum_dot_0 = fma(left.y, right.y, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.y, right.y, s_sum_dot_4);
        s_sum_dot_0 = fma(left.z, right.z, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.z, right.z, s_sum_dot_4);
        s_sum_dot_0 = fma(left.w, right.w, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.w, right.w, s_sum_dot_4);
        let right_2 = tile[right_first_2 + piece_3];
        s_sum_dot_1 = fma(left.x, right_2.x, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.x, right_2.x, s_sum_dot_5);
        s_sum_dot_1 = fma(left.y, right_2.y, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.y, right_2.y, s_sum_dot_5);
        s_sum_dot_1 = fma(left.z, right_2.z, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.z, right_2.z, s_sum_dot_5);
        s_sum_dot_1 = fma(left.w, right_2.w, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.w, right_2.w, s_sum_dot_5);
        let right_3 = tile[right_first_3 + piece_3];
        s_sum_dot_2 = fma(left.x, right_3.x, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.x, right_3.x, s_sum_dot_6);
        s_sum_dot_2 = fma(left.y, right_3.y, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.y, right_3.y, s_sum_dot_6);
        s_sum_dot_2 = fma(left.z, right_3.z, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.z, right_3.z, s_sum_dot_6);
        s_sum_dot_2 = fma(left.w, right_3.w, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.w, right_3.w, s_sum_dot_6);
        let right_4 = tile[right_first_4 + piece_3];
        s_sum_dot_3 = fma(left.x, right_4.x, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.x, right_4.x, s_sum_dot_7);
        s_sum_dot_3 = fma(left.y, right_4.y, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.y, right_4.y, s_sum_dot_7);
        s_sum_dot_3 = fma(left.z, right_4.z, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.z, right_4.z, s_sum_dot_7);
        s_sum_dot_3 = fma(left.w, right_4.w, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.w, right_4.w, s_sum_dot_7);
      }
      workgroupBarrier();
      for (var part_3 = lane; part_3 < 64; part_3 += 128) {
        let tile_row_3 = part_3 / 4;
        let piece_4 = part_3 % 4;
        let column_2 = j_first + tile_row_3;
        let j_2 = min(column_2, u.M - 1);
        let piece_value_3 = load_v_vec4(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M
            + j_2) * 4 + piece_4);
        tile[tile_row_3 * 5 + piece_4] = vec4<f32>(piece_value_3.x, piece_value_3.y, piece_value_3.z,
            piece_value_3.w);
      }
      if fits && j_first + 16 <= u.M && j_last <= row_first
          && (i_last < u.window + max(j_first, u.sinks) || j_last < u.sinks) {
        let column_3 = j_first + member;
        let j_3 = min(column_3, u.M - 1);
        let s_sum = s_sum_dot_0;
        let kept = s_sum;
        p_m_c_0 = max(p_m_c_0, kept);
        let s_sum_2 = s_sum_dot_4;
        let kept_2 = s_sum_2;
        p_m_c_1 = max(p_m_c_1, kept_2);
        let column_4 = j_first + member + 4;
        let j_4 = min(column_4, u.M - 1);
        let s_sum_3 = s_sum_dot_1;
        let kept_3 = s_sum_3;
        p_m_c_0 = max(p_m_c_0, kept_3);
        let s_sum_4 = s_sum_dot_5;
        let kept_4 = s_sum_4;
        p_m_c_1 = max(p_m_c_1, kept_4);
        let column_5 = j_first + member + 8;
        let j_5 = min(column_5, u.M - 1);
        let s_sum_5 = s_sum_dot_2;
        let kept_5 = s_sum_5;
        p_m_c_0 = max(p_m_c_0, kept_5);
        let s_sum_6 = s_sum_dot_6;
        let kept_6 = s_sum_6;
        p_m_c_1 = max(p_m_c_1, kept_6);
        let column_6 = j_first + member + 12;
        let j_6 = min(column_6, u.M - 1);
        let s_sum_7 = s_sum_dot_3;
        let kept_7 = s_sum_7;
        p_m_c_0 = max(p_m_c_0, kept_7);
        let s_sum_8 = s_sum_dot_7;
        let kept_8 = s_sum_8;
        p_m_c_1 = max(p_m_c_1, kept_8);
      } else {
        let column_7 = j_first + member;
        let j_7 = min(column_7, u.M - 1);
        let keep0_0 = (column_7 < u.M) & ((j_7 <= i_0) & ((i_0 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_9 = s_sum_dot_0;
        let kept_9 = select(-1.5e38, s_sum_9, keep0_0);
        p_m_c_0 = max(p_m_c_0, kept_9);
        let keep0_0_2 = (column_7 < u.M) & ((j_7 <= i_1) & ((i_1 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_10 = s_sum_dot_4;
        let kept_10 = select(-1.5e38, s_sum_10, keep0_0_2);
        p_m_c_1 = max(p_m_c_1, kept_10);
        let column_8 = j_first + member + 4;
        let j_8 = min(column_8, u.M - 1);
        let keep0_0_3 = (column_8 < u.M) & ((j_8 <= i_0) & ((i_0 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_11 = s_sum_dot_1;
        let kept_11 = select(-1.5e38, s_sum_11, keep0_0_3);
        p_m_c_0 = max(p_m_c_0, kept_11);
        let keep0_0_4 = (column_8 < u.M) & ((j_8 <= i_1) & ((i_1 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_12 = s_sum_dot_5;
        let kept_12 = select(-1.5e38, s_sum_12, keep0_0_4);
        p_m_c_1 = max(p_m_c_1, kept_12);
        let column_9 = j_first + member + 8;
        let j_9 = min(column_9, u.M - 1);
        let keep0_0_5 = (column_9 < u.M) & ((j_9 <= i_0) & ((i_0 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_13 = s_sum_dot_2;
        let kept_13 = select(-1.5e38, s_sum_13, keep0_0_5);
        p_m_c_0 = max(p_m_c_0, kept_13);
        let keep0_0_6 = (column_9 < u.M) & ((j_9 <= i_1) & ((i_1 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_14 = s_sum_dot_6;
        let kept_14 = select(-1.5e38, s_sum_14, keep0_0_6);
        p_m_c_1 = max(p_m_c_1, kept_14);
        let column_10 = j_first + member + 12;
        let j_10 = min(column_10, u.M - 1);
        let keep0_0_7 = (column_10 < u.M) & ((j_10 <= i_0) & ((i_0 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_15 = s_sum_dot_3;
        let kept_15 = select(-1.5e38, s_sum_15, keep0_0_7);
        p_m_c_0 = max(p_m_c_0, kept_15);
        let keep0_0_8 = (column_10 < u.M) & ((j_10 <= i_1) & ((i_1 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_16 = s_sum_dot_7;
        let kept_16 = select(-1.5e38, s_sum_16, keep0_0_8);
        p_m_c_1 = max(p_m_c_1, kept_16);
      }
      var p_m_c_0_all = p_m_c_0;
      var p_m_c_1_all = p_m_c_1;
      workgroupBarrier();
      exchange[lane] = p_m_c_0_all;
      exchange[lane + 128] = p_m_c_1_all;
      workgroupBarrier();
      for (var p_m_c_0_all_from = 0; p_m_c_0_all_from < 4; p_m_c_0_all_from++) {
        p_m_c_0_all = max(p_m_c_0_all, exchange[group_2 * 4 + p_m_c_0_all_from]);
      }
      for (var p_m_c_1_all_from = 0; p_m_c_1_all_from < 4; p_m_c_1_all_from++) {
        p_m_c_1_all = max(p_m_c_1_all, exchange[group_2 * 4 + p_m_c_1_all_from + 128]);
      }
      let ref0_0_0_next = min(max(p_m_c_0_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_1_next = min(max(p_m_c_1_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_scale_0 = exp2(min(ref0_0_0 - ref0_0_0_next, 127.0));
      ref0_0_0 = ref0_0_0_next;
      let ref0_0_scale_1 = exp2(min(ref0_0_1 - ref0_0_1_next, 127.0));
      ref0_0_1 = ref0_0_1_next;
      p_sum_c_0 *= ref0_0_scale_0;
      p_sum_c_1 *= ref0_0_scale_1;
      o_c_0 *= ref0_0_scale_0;
      o_c_4 *= ref0_0_scale_1;
      o_c_1 *= ref0_0_scale_0;
      o_c_5 *= ref0_0_scale_1;
      o_c_2 *= ref0_0_scale_0;
      o_c_6 *= ref0_0_scale_1;
      o_c_3 *= ref0_0_scale_0;
      o_c_7 *= ref0_0_scale_1;
      var weights_0 = 0.0;
      var weights_1 = 0.0;
      var weights_2 = 0.0;
      var weights_3 = 0.0;
      var weights_4 = 0.0;
      var weights_5 = 0.0;
      var weights_6 = 0.0;
      var weights_7 = 0.0;
      if fits && j_first + 16 <= u.M && j_last <= row_first
          && (i_last < u.window + max(j_first, u.sinks) || j_last < u.sinks) {
        let column_11 = j_first + member;
        let j_11 = min(column_11, u.M - 1);
        let s_sum_17 = s_sum_dot_0;
        let weight = exp2(min(fma(s_sum_17, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight;
        weights_0 = weight;
        let s_sum_18 = s_sum_dot_4;
        let weight_2 = exp2(min(fma(s_sum_18, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_2;
        weights_4 = weight_2;
        let column_12 = j_first + member + 4;
        let j_12 = min(column_12, u.M - 1);
        let s_sum_19 = s_sum_dot_1;
        let weight_3 = exp2(min(fma(s_sum_19, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_3;
        weights_1 = weight_3;
        let s_sum_20 = s_sum_dot_5;
        let weight_4 = exp2(min(fma(s_sum_20, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_4;
        weights_5 = weight_4;
        let column_13 = j_first + member + 8;
        let j_13 = min(column_13, u.M - 1);
        let s_sum_21 = s_sum_dot_2;
        let weight_5 = exp2(min(fma(s_sum_21, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_5;
        weights_2 = weight_5;
        let s_sum_22 = s_sum_dot_6;
        let weight_6 = exp2(min(fma(s_sum_22, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_6;
        weights_6 = weight_6;
        let column_14 = j_first + member + 12;
        let j_14 = min(column_14, u.M - 1);
        let s_sum_23 = s_sum_dot_3;
        let weight_7 = exp2(min(fma(s_sum_23, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_7;
        weights_3 = weight_7;
        let s_sum_24 = s_sum_dot_7;
        let weight_8 = exp2(min(fma(s_sum_24, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_8;
        weights_7 = weight_8;
      } else {
        let column_15 = j_first + member;
        let j_15 = min(column_15, u.M - 1);
        let keep0_0_9 = (column_15 < u.M) & ((j_15 <= i_0) & ((i_0 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_25 = s_sum_dot_0;
        let weight_9 = select(0.0, exp2(min(fma(s_sum_25, 0.36067376, -ref0_0_0), 127.0)), keep0_0_9);
        p_sum_c_0 += weight_9;
        weights_0 = weight_9;
        let keep0_0_10 = (column_15 < u.M) & ((j_15 <= i_1) & ((i_1 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_26 = s_sum_dot_4;
        let weight_10 = select(0.0, exp2(min(fma(s_sum_26, 0.36067376, -ref0_0_1), 127.0)), keep0_0_10);
        p_sum_c_1 += weight_10;
        weights_4 = weight_10;
        let column_16 = j_first + member + 4;
        let j_16 = min(column_16, u.M - 1);
        let keep0_0_11 = (column_16 < u.M) & ((j_16 <= i_0) & ((i_0 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_27 = s_sum_dot_1;
        let weight_11 = select(0.0, exp2(min(fma(s_sum_27, 0.36067376, -ref0_0_0), 127.0)), keep0_0_11);
        p_sum_c_0 += weight_11;
        weights_1 = weight_11;
        let keep0_0_12 = (column_16 < u.M) & ((j_16 <= i_1) & ((i_1 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_28 = s_sum_dot_5;
        let weight_12 = select(0.0, exp2(min(fma(s_sum_28, 0.36067376, -ref0_0_1), 127.0)), keep0_0_12);
        p_sum_c_1 += weight_12;
        weights_5 = weight_12;
        let column_17 = j_first + member + 8;
        let j_17 = min(column_17, u.M - 1);
        let keep0_0_13 = (column_17 < u.M) & ((j_17 <= i_0) & ((i_0 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_29 = s_sum_dot_2;
        let weight_13 = select(0.0, exp2(min(fma(s_sum_29, 0.36067376, -ref0_0_0), 127.0)), keep0_0_13);
        p_sum_c_0 += weight_13;
        weights_2 = weight_13;
        let keep0_0_14 = (column_17 < u.M) & ((j_17 <= i_1) & ((i_1 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_30 = s_sum_dot_6;
        let weight_14 = select(0.0, exp2(min(fma(s_sum_30, 0.36067376, -ref0_0_1), 127.0)), keep0_0_14);
        p_sum_c_1 += weight_14;
        weights_6 = weight_14;
        let column_18 = j_first + member + 12;
        let j_18 = min(column_18, u.M - 1);
        let keep0_0_15 = (column_18 < u.M) & ((j_18 <= i_0) & ((i_0 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_31 = s_sum_dot_3;
        let weight_15 = select(0.0, exp2(min(fma(s_sum_31, 0.36067376, -ref0_0_0), 127.0)), keep0_0_15);
        p_sum_c_0 += weight_15;
        weights_3 = weight_15;
        let keep0_0_16 = (column_18 < u.M) & ((j_18 <= i_1) & ((i_1 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_32 = s_sum_dot_7;
        let weight_16 = select(0.0, exp2(min(fma(s_sum_32, 0.36067376, -ref0_0_1), 127.0)), keep0_0_16);
        p_sum_c_1 += weight_16;
        weights_7 = weight_16;
      }
      shown_weights[group_2 * 4 + member] = vec4<f32>(weights_0, weights_1, weights_2, weights_3);
      shown_weights[(group_2 + 32) * 4 + member] = vec4<f32>(weights_4, weights_5, weights_6, weights_7);
      workgroupBarrier();
      for (var piece_5 = 0; piece_5 < 4; piece_5++) {
        let weight_17 = shown_weights[group_2 * 4 + piece_5];
        let weight_18 = shown_weights[(group_2 + 32) * 4 + piece_5];
        let right_5 = tile[piece_5 * 5 + member];
        o_c_0 = fma(weight_17.x, right_5.x, o_c_0);
        o_c_4 = fma(weight_18.x, right_5.x, o_c_4);
        o_c_1 = fma(weight_17.x, right_5.y, o_c_1);
        o_c_5 = fma(weight_18.x, right_5.y, o_c_5);
        o_c_2 = fma(weight_17.x, right_5.z, o_c_2);
        o_c_6 = fma(weight_18.x, right_5.z, o_c_6);
        o_c_3 = fma(weight_17.x, right_5.w, o_c_3);
        o_c_7 = fma(weight_18.x, right_5.w, o_c_7);
        let right_6 = tile[(piece_5 + 4) * 5 + member];
        o_c_0 = fma(weight_17.y, right_6.x, o_c_0);
        o_c_4 = fma(weight_18.y, right_6.x, o_c_4);
        o_c_1 = fma(weight_17.y, right_6.y, o_c_1);
        o_c_5 = fma(weight_18.y, right_6.y, o_c_5);
        o_c_2 = fma(weight_17.y, right_6.z, o_c_2);
        o_c_6 = fma(weight_18.y, right_6.z, o_c_6);
        o_c_3 = fma(weight_17.y, right_6.w, o_c_3);
        o_c_7 = fma(weight_18.y, right_6.w, o_c_7);
        let right_7 = tile[(piece_5 + 8) * 5 + member];
        o_c_0 = fma(weight_17.z, right_7.x, o_c_0);
        o_c_4 = fma(weight_18.z, right_7.x, o_c_4);
        o_c_1 = fma(weight_17.z, right_7.y, o_c_1);
        o_c_5 = fma(weight_18.z, right_7.y, o_c_5);
        o_c_2 = fma(weight_17.z, right_7.z, o_c_2);
        o_c_6 = fma(weight_18.z, right_7.z, o_c_6);
        o_c_3 = fma(weight_17.z, right_7.w, o_c_3);
        o_c_7 = fma(weight_18.z, right_7.w, o_c_7);
        let right_8 = tile[(piece_5 + 12) * 5 + member];
        o_c_0 = fma(weight_17.w, right_8.x, o_c_0);
        o_c_4 = fma(weight_18.w, right_8.x, o_c_4);
        o_c_1 = fma(weight_17.w, right_8.y, o_c_1);
        o_c_5 = fma(weight_18.w, right_8.y, o_c_5);
        o_c_2 = fma(weight_17.w, right_8.z, o_c_2);
        o_c_6 = fma(weight_18.w, right_8.z, o_c_6);
        o_c_3 = fma(weight_17.w, right_8.w, o_c_3);
        o_c_7 = fma(weight_18.w, right_8.w, o_c_7);
      }
    }
    j_done = max(j_done, j_to);
  }
  workgroupBarrier();
  exchange[lane] = p_m_c_0;
  exchange[lane + 128] = p_m_c_1;
  workgroupBarrier();
  for (var p_m_c_0_from = 0; p_m_c_0_from < 4; p_m_c_0_from++) {
    p_m_c_0 = max(p_m_c_0, exchange[group_2 * 4 + p_m_c_0_from]);
  }
  for (var p_m_c_1_from = 0; p_m_c_1_from < 4; p_m_c_1_from++) {
    p_m_c_1 = max(p_m_c_1, exchange[group_2 * 4 + p_m_c_1_from + 128]);
  }
  workgroupBarrier();
  exchange[lane] = p_sum_c_0;
  exchange[lane + 128] = p_sum_c_1;
  workgroupBarrier();
  p_sum_c_0 = 0.0;
  for (var p_sum_c_0_from = 0; p_sum_c_0_from < 4; p_sum_c_0_from++) {
    p_sum_c_0 += exchange[group_2 * 4 + p_sum_c_0_from];
  }
  p_sum_c_1 = 0.0;
  for (var p_sum_c_1_from = 0; p_sum_c_1_from < 4; p_sum_c_1_from++) {
    p_sum_c_1 += exchange[group_2 * 4 + p_sum_c_1_from + 128];
  }
  let p_m_0 = select(-INFINITY, p_m_c_0 * 0.25, p_m_c_0 > -1.5e38);
  let p_m_1 = select(-INFINITY, p_m_c_1 * 0.25, p_m_c_1 > -1.5e38);
  let p_sum_0 = p_sum_c_0;
  let p_sum_1 = p_sum_c_1;
  let o_c_factor_0 = 1.0 / p_sum_0;
  let o_c_factor_1 = 1.0 / p_sum_1;
  let lse_any_0 = p_m_c_0 > -1.5e38;
  let lse_any_1 = p_m_c_1 > -1.5e38;
  let lse_0 = select(-INFINITY, p_m_0 + log(p_sum_0), lse_any_0);
  let lse_1 = select(-INFINITY, p_m_1 + log(p_sum_1), lse_any_1);
  if row_0 < u.N {
    let z_value = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4,
        select(0.0, o_c_factor_0 * o_c_0, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value)), 1.0, z_value >= 0.0) / (1.0 + exp(-abs(z_value)))));
  }
  if row_1 < u.N {
    let z_value_2 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4,
        select(0.0, o_c_factor_1 * o_c_4, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_2)), 1.0, z_value_2 >= 0.0) / (1.0 + exp(-abs(z_value_2)))));
  }
  if row_0 < u.N {
    let z_value_3 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_0 * o_c_1, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_3)), 1.0, z_value_3 >= 0.0) / (1.0 + exp(-abs(z_value_3)))));
  }
  if row_1 < u.N {
    let z_value_4 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_1 * o_c_5, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_4)), 1.0, z_value_4 >= 0.0) / (1.0 + exp(-abs(z_value_4)))));
  }
  if row_0 < u.N {
    let z_value_5 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_0 * o_c_2, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_5)), 1.0, z_value_5 >= 0.0) / (1.0 + exp(-abs(z_value_5)))));
  }
  if row_1 < u.N {
    let z_value_6 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_1 * o_c_6, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_6)), 1.0, z_value_6 >= 0.0) / (1.0 + exp(-abs(z_value_6)))));
  }
  if row_0 < u.N {
    let z_value_7 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_0 * o_c_3, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_7)), 1.0, z_value_7 >= 0.0) / (1.0 + exp(-abs(z_value_7)))));
  }
  if row_1 < u.N {
    let z_value_8 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_1 * o_c_7, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_8)), 1.0, z_value_8 >= 0.0) / (1.0 + exp(-abs(z_value_8)))));
  }
  if row_0 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_0] = bits_with_inf(lse_0);
  }
  if row_1 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_1] = bits_with_inf(lse_1);
  }
  if row_0 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_0] = p_m_0;
  }
  if row_1 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_1] = p_m_1;
  }
  if row_0 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_0] = p_sum_0;
  }
  if row_1 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_1] = p_sum_1;
  }
}

@compute @workgroup_size(64)
fn gated_window_2(
  @builtin(local_invocation_index) lane_index: u32,
  @builtin(workgroup_id) group_id: vec3<u32>,
  @builtin(num_workgroups) group_count: vec3<u32>,
) {
  let lane = i32(lane_index);
  // More than 65535 workgroups are folded into a second dimension.
  let group = i32(group_id.x + group_id.y * group_count.x);
  if group >= u.B * u.H * ((u.M + 63) / 64) {
    return;
  }
  let h = rem_or_zero(div_or_zero(group, (u.M + 63) / 64), u.H);
  let b = div_or_zero(div_or_zero(group, (u.M + 63) / 64), u.H);
  let row_first = rem_or_zero(group, (u.M + 63) / 64) * 64;
  let row = row_first + lane;
  let j = min(row, u.M - 1);
  var k_rows = array<f32, 16>();
  for (var d = 0; d < 16; d++) {
    k_rows[d] = load_k(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 16 + d);
  }
  var hit_c = 0.0;
  let j_last = min(row_first + 64, u.M) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let i_past = min(max(u.window + j_last, 0), u.N);
  // i runs through 2 ranges of tiles
  let from_2 = select(0, row_first / 32, fits);
  let to = select((u.N + 31) / 32, select(0, (i_past + 31) / 32, (u.window > 0) & (row_first < i_past)),
      fits);
  let from_2_2 = select(0, row_first / 32, fits);
  let to_2 = select((u.N + 31) / 32, select(0, (u.N + 31) / 32, (row_first < u.sinks) & (row_first < u.N)),
      fits);
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
      let i_first = i_tile * 32;
      let i_last = min(i_first + 32, u.N) - 1;
      workgroupBarrier();
      for (var element = lane; element < 512; element += 64) {
        let tile_row = element / 16;
        let tile_col = element % 16;
        let column = i_first + tile_row;
        let i = min(column, u.N - 1);
        q_tile[tile_row * 16 + tile_col] = load_q(((b * u.H + h) * u.N + i) * 16 + tile_col);
      }
      workgroupBarrier();
      var s_sum_dot = array<f32, 32>();
      for (var dot0_first = 0; dot0_first < 32; dot0_first += 8) {
        var dot0_sum_0 = s_sum_dot[dot0_first];
        var dot0_sum_1 = s_sum_dot[dot0_first + 1];
        var dot0_sum_2 = s_sum_dot[dot0_first + 2];
        var dot0_sum_3 = s_sum_dot[dot0_first + 3];
        var dot0_sum_4 = s_sum_dot[dot0_first + 4];
        var dot0_sum_5 = s_sum_dot[dot0_first + 5];
        var dot0_sum_6 = s_sum_dot[dot0_first + 6];
        var dot0_sum_7 = s_sum_dot[dot0_first + 7];
        for (var dot0_depth = 0; dot0_depth < 16; dot0_depth++) {
          let dot0_left = k_rows[dot0_depth];
          let dot0_right_0 = q_tile[dot0_depth + dot0_first * 16];
          dot0_sum_0 = fma(dot0_left, dot0_right_0, dot0_sum_0);
          let dot0_right_1 = q_tile[dot0_depth + (dot0_first + 1) * 16];
          dot0_sum_1 = fma(dot0_left, dot0_right_1, dot0_sum_1);
          let dot0_right_2 = q_tile[dot0_depth + (dot0_first + 2) * 16];
          dot0_sum_2 = fma(dot0_left, dot0_right_2, dot0_sum_2);
          let dot0_right_3 = q_tile[dot0_depth + (dot0_first + 3) * 16];
          dot0_sum_3 = fma(dot0_left, dot0_right_3, dot0_sum_3);
          let dot0_right_4 = q_tile[dot0_depth + (dot0_first + 4) * 16];
          dot0_sum_4 = fma(dot0_left, dot0_right_4, dot0_sum_4);
          let dot0_right_5 = q_tile[dot0_depth + (dot0_first + 5) * 16];
          dot0_sum_5 = fma(dot0_left, dot0_right_5, dot0_sum_5);
          let dot0_right_6 = q_tile[dot0_depth + (dot0_first + 6) * 16];
          dot0_sum_6 = fma(dot0_left, dot0_right_6, dot0_sum_6);
          let dot0_right_7 = q_tile[dot0_depth + (dot0_first + 7) * 16];
          dot0_sum_7 = fma(dot0_left, dot0_right_7, dot0_sum_7);
        }
        s_sum_dot[dot0_first] = dot0_sum_0;
        s_sum_dot[dot0_first + 1] = dot0_sum_1;
        s_sum_dot[dot0_first + 2] = dot0_sum_2;
        s_sum_dot[dot0_first + 3] = dot0_sum_3;
        s_sum_dot[dot0_first + 4] = dot0_sum_4;
        s_sum_dot[dot0_first + 5] = dot0_sum_5;
        s_sum_dot[dot0_first + 6] = dot0_sum_6;
        s_sum_dot[dot0_first + 7] = dot0_sum_7;
      }
      if fits && i_first + 32 <= u.N && j_last <= i_first
          && (i_last < u.window + max(row_first, u.sinks) || j_last < u.sinks) {
        for (var c = 0; c < 32; c++) {
          let column_2 = i_first + c;
          let i_2 = min(column_2, u.N - 1);
          let s_sum = s_sum_dot[c];
          let s = s_sum * 0.25;
          let weight = exp(min(s - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
              / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
          hit_c += weight;
        }
      } else {
        for (var c_2 = 0; c_2 < 32; c_2++) {
          let column_3 = i_first + c_2;
          let i_3 = min(column_3, u.N - 1);
          let keep0_0 = (column_3 < u.N) & ((j <= i_3) & ((i_3 - j < u.window) | (j < u.sinks)));
          let s_sum_2 = s_sum_dot[c_2];
          let s_2 = s_sum_2 * 0.25;
          let weight_2 = select(0.0, exp(min(s_2 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
              / ws_p_sum_read[(b * u.H + h) * u.N + i_3], keep0_0);
          hit_c += weight_2;
        }
      }
    }
    i_done = max(i_done, i_to);
  }
  let hit_2 = hit_c;
  if row < u.M {
    hit[(b * u.H + h) * u.M + j] = hit_2;
  }
}
