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

var<workgroup> q_rows: array<vec4<f32>, 320>;
var<workgroup> tile: array<vec4<f32>, 80>;
var<workgroup> shown_weights: array<vec4<f32>, 256>;
var<workgroup> exchange: array<f32, 256>;

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

@compute @workgroup_size(128)
fn causal(
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
  var y_c_0 = 0.0;
  var y_c_1 = 0.0;
  var y_c_2 = 0.0;
  var y_c_3 = 0.0;
  var y_c_4 = 0.0;
  var y_c_5 = 0.0;
  var y_c_6 = 0.0;
  var y_c_7 = 0.0;
  let i_last = min(row_first + 64, u.N) - 1;
  let j_past = min(i_last + 1, u.M);
  let j_tile_end = (j_past + 15) / 16;
  for (var j_tile = 0; j_tile < j_tile_end; j_tile++) {
    let j_first = j_tile * 16;
    let j_last = min(j_first + 16, u.M) - 1;
    workgroupBarrier();
    for (var part_2 = lane; part_2 < 64; part_2 += 128) {
      let tile_row_2 = part_2 / 4;
      let piece_2 = part_2 % 4;
      let column = j_first + tile_row_2;
      let j = min(column, u.M - 1);
      let piece_value_2 = load_k_vec4(((b * u.H + h) * u.M + j) * 4 + piece_2);
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
      let piece_value_3 = load_v_vec4(((b * u.H + h) * u.M + j_2) * 4 + piece_4);
      tile[tile_row_3 * 5 + piece_4] = vec4<f32>(piece_value_3.x, piece_value_3.y, piece_value_3.z,
          piece_value_3.w);
    }
    if j_first + 16 <= u.M && j_last <= row_first {
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
      let keep0_0 = (column_7 < u.M) & (j_7 <= i_0);
      let s_sum_9 = s_sum_dot_0;
      let kept_9 = select(-1.5e38, s_sum_9, keep0_0);
      p_m_c_0 = max(p_m_c_0, kept_9);
      let keep0_0_2 = (column_7 < u.M) & (j_7 <= i_1);
      let s_sum_10 = s_sum_dot_4;
      let kept_10 = select(-1.5e38, s_sum_10, keep0_0_2);
      p_m_c_1 = max(p_m_c_1, kept_10);
      let column_8 = j_first + member + 4;
      let j_8 = min(column_8, u.M - 1);
      let keep0_0_3 = (column_8 < u.M) & (j_8 <= i_0);
      let s_sum_11 = s_sum_dot_1;
      let kept_11 = select(-1.5e38, s_sum_11, keep0_0_3);
      p_m_c_0 = max(p_m_c_0, kept_11);
      let keep0_0_4 = (column_8 < u.M) & (j_8 <= i_1);
      let s_sum_12 = s_sum_dot_5;
      let kept_12 = select(-1.5e38, s_sum_12, keep0_0_4);
      p_m_c_1 = max(p_m_c_1, kept_12);
      let column_9 = j_first + member + 8;
      let j_9 = min(column_9, u.M - 1);
      let keep0_0_5 = (column_9 < u.M) & (j_9 <= i_0);
      let s_sum_13 = s_sum_dot_2;
      let kept_13 = select(-1.5e38, s_sum_13, keep0_0_5);
      p_m_c_0 = max(p_m_c_0, kept_13);
      let keep0_0_6 = (column_9 < u.M) & (j_9 <= i_1);
      let s_sum_14 = s_sum_dot_6;
      let kept_14 = select(-1.5e38, s_sum_14, keep0_0_6);
      p_m_c_1 = max(p_m_c_1, kept_14);
      let column_10 = j_first + member + 12;
      let j_10 = min(column_10, u.M - 1);
      let keep0_0_7 = (column_10 < u.M) & (j_10 <= i_0);
      let s_sum_15 = s_sum_dot_3;
      let kept_15 = select(-1.5e38, s_sum_15, keep0_0_7);
      p_m_c_0 = max(p_m_c_0, kept_15);
      let keep0_0_8 = (column_10 < u.M) & (j_10 <= i_1);
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
    y_c_0 *= ref0_0_scale_0;
    y_c_4 *= ref0_0_scale_1;
    y_c_1 *= ref0_0_scale_0;
    y_c_5 *= ref0_0_scale_1;
    y_c_2 *= ref0_0_scale_0;
    y_c_6 *= ref0_0_scale_1;
    y_c_3 *= ref0_0_scale_0;
    y_c_7 *= ref0_0_scale_1;
    var weights_0 = 0.0;
    var weights_1 = 0.0;
    var weights_2 = 0.0;
    var weights_3 = 0.0;
    var weights_4 = 0.0;
    var weights_5 = 0.0;
    var weights_6 = 0.0;
    var weights_7 = 0.0;
    if j_first + 16 <= u.M && j_last <= row_first {
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
      let keep0_0_9 = (column_15 < u.M) & (j_15 <= i_0);
      let s_sum_25 = s_sum_dot_0;
      let weight_9 = select(0.0, exp2(min(fma(s_sum_25, 0.36067376, -ref0_0_0), 127.0)), keep0_0_9);
      p_sum_c_0 += weight_9;
      weights_0 = weight_9;
      let keep0_0_10 = (column_15 < u.M) & (j_15 <= i_1);
      let s_sum_26 = s_sum_dot_4;
      let weight_10 = select(0.0, exp2(min(fma(s_sum_26, 0.36067376, -ref0_0_1), 127.0)), keep0_0_10);
      p_sum_c_1 += weight_10;
      weights_4 = weight_10;
      let column_16 = j_first + member + 4;
      let j_16 = min(column_16, u.M - 1);
      let keep0_0_11 = (column_16 < u.M) & (j_16 <= i_0);
      let s_sum_27 = s_sum_dot_1;
      let weight_11 = select(0.0, exp2(min(fma(s_sum_27, 0.36067376, -ref0_0_0), 127.0)), keep0_0_11);
      p_sum_c_0 += weight_11;
      weights_1 = weight_11;
      let keep0_0_12 = (column_16 < u.M) & (j_16 <= i_1);
      let s_sum_28 = s_sum_dot_5;
      let weight_12 = select(0.0, exp2(min(fma(s_sum_28, 0.36067376, -ref0_0_1), 127.0)), keep0_0_12);
      p_sum_c_1 += weight_12;
      weights_5 = weight_12;
      let column_17 = j_first + member + 8;
      let j_17 = min(column_17, u.M - 1);
      let keep0_0_13 = (column_17 < u.M) & (j_17 <= i_0);
      let s_sum_29 = s_sum_dot_2;
      let weight_13 = select(0.0, exp2(min(fma(s_sum_29, 0.36067376, -ref0_0_0), 127.0)), keep0_0_13);
      p_sum_c_0 += weight_13;
      weights_2 = weight_13;
      let keep0_0_14 = (column_17 < u.M) & (j_17 <= i_1);
      let s_sum_30 = s_sum_dot_6;
      let weight_14 = select(0.0, exp2(min(fma(s_sum_30, 0.36067376, -ref0_0_1), 127.0)), keep0_0_14);
      p_sum_c_1 += weight_14;
      weights_6 = weight_14;
      let column_18 = j_first + member + 12;
      let j_18 = min(column_18, u.M - 1);
      let keep0_0_15 = (column_18 < u.M) & (j_18 <= i_0);
      let s_sum_31 = s_sum_dot_3;
      let weight_15 = select(0.0, exp2(min(fma(s_sum_31, 0.36067376, -ref0_0_0), 127.0)), keep0_0_15);
      p_sum_c_0 += weight_15;
      weights_3 = weight_15;
      let keep0_0_16 = (column_18 < u.M) & (j_18 <= i_1);
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
      y_c_0 = fma(weight_17.x, right_5.x, y_c_0);
      y_c_4 = fma(weight_18.x, right_5.x, y_c_4);
      y_c_1 = fma(weight_17.x, right_5.y, y_c_1);
      y_c_5 = fma(weight_18.x, right_5.y, y_c_5);
      y_c_2 = fma(weight_17.x, right_5.z, y_c_2);
      y_c_6 = fma(weight_18.x, right_5.z, y_c_6);
      y_c_3 = fma(weight_17.x, right_5.w, y_c_3);
      y_c_7 = fma(weight_18.x, right_5.w, y_c_7);
      let right_6 = tile[(piece_5 + 4) * 5 + member];
      y_c_0 = fma(weight_17.y, right_6.x, y_c_0);
      y_c_4 = fma(weight_18.y, right_6.x, y_c_4);
      y_c_1 = fma(weight_17.y, right_6.y, y_c_1);
      y_c_5 = fma(weight_18.y, right_6.y, y_c_5);
      y_c_2 = fma(weight_17.y, right_6.z, y_c_2);
      y_c_6 = fma(weight_18.y, right_6.z, y_c_6);
      y_c_3 = fma(weight_17.y, right_6.w, y_c_3);
      y_c_7 = fma(weight_18.y, right_6.w, y_c_7);
      let right_7 = tile[(piece_5 + 8) * 5 + member];
      y_c_0 = fma(weight_17.z, right_7.x, y_c_0);
      y_c_4 = fma(weight_18.z, right_7.x, y_c_4);
      y_c_1 = fma(weight_17.z, right_7.y, y_c_1);
      y_c_5 = fma(weight_18.z, right_7.y, y_c_5);
      y_c_2 = fma(weight_17.z, right_7.z, y_c_2);
      y_c_6 = fma(weight_18.z, right_7.z, y_c_6);
      y_c_3 = fma(weight_17.z, right_7.w, y_c_3);
      y_c_7 = fma(weight_18.z, right_7.w, y_c_7);
      let right_8 = tile[(piece_5 + 12) * 5 + member];
      y_c_0 = fma(weight_17.w, right_8.x, y_c_0);
      y_c_4 = fma(weight_18.w, right_8.x, y_c_4);
      y_c_1 = fma(weight_17.w, right_8.y, y_c_1);
      y_c_5 = fma(weight_18.w, right_8.y, y_c_5);
      y_c_2 = fma(weight_17.w, right_8.z, y_c_2);
      y_c_6 = fma(weight_18.w, right_8.z, y_c_6);
      y_c_3 = fma(weight_17.w, right_8.w, y_c_3);
      y_c_7 = fma(weight_18.w, right_8.w, y_c_7);
    }
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
  let y_c_factor_0 = 1.0 / p_sum_0;
  let y_c_factor_1 = 1.0 / p_sum_1;
  if row_0 < u.N {
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4,
        select(0.0, y_c_factor_0 * y_c_0, p_m_c_0 > -1.5e38));
  }
  if row_1 < u.N {
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4,
        select(0.0, y_c_factor_1 * y_c_4, p_m_c_1 > -1.5e38));
  }
  if row_0 < u.N {
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1,
        select(0.0, y_c_factor_0 * y_c_1, p_m_c_0 > -1.5e38));
  }
  if row_1 < u.N {
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1,
        select(0.0, y_c_factor_1 * y_c_5, p_m_c_1 > -1.5e38));
  }
  if row_0 < u.N {
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2,
        select(0.0, y_c_factor_0 * y_c_2, p_m_c_0 > -1.5e38));
  }
  if row_1 < u.N {
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2,
        select(0.0, y_c_factor_1 * y_c_6, p_m_c_1 > -1.5e38));
  }
  if row_0 < u.N {
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3,
        select(0.0, y_c_factor_0 * y_c_3, p_m_c_0 > -1.5e38));
  }
  if row_1 < u.N {
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3,
        select(0.0, y_c_factor_1 * y_c_7, p_m_c_1 > -1.5e38));
  }
}
