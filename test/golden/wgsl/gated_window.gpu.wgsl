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
var<workgroup> k_rows: array<vec4<f32>, 640>;
var<workgroup> exchange_2: array<f32, 512>;

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

@compute @workgroup_size(64)
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
  let row_1 = row_first + group_2 + 16;
  let i_1 = min(row_1, u.N - 1);
  let row_2 = row_first + group_2 + 32;
  let i_2 = min(row_2, u.N - 1);
  let row_3 = row_first + group_2 + 48;
  let i_3 = min(row_3, u.N - 1);
  for (var part = 0; part < 4; part++) {
    let tile_row = (part * 64 + lane) / 4;
    let piece = (part * 64 + lane) % 4;
    let row = row_first + tile_row;
    let i = min(row, u.N - 1);
    let piece_value = load_q_vec4(((b * u.H + h) * u.N + i) * 4 + piece);
    q_rows[tile_row * 5 + piece] = vec4<f32>(piece_value.x, piece_value.y, piece_value.z, piece_value.w);
  }
  var p_m_c_0 = -1.5e38;
  var p_m_c_1 = -1.5e38;
  var p_m_c_2 = -1.5e38;
  var p_m_c_3 = -1.5e38;
  var ref0_0_0 = -1.5e38;
  var ref0_0_1 = -1.5e38;
  var ref0_0_2 = -1.5e38;
  var ref0_0_3 = -1.5e38;
  var p_sum_c_0 = 0.0;
  var p_sum_c_1 = 0.0;
  var p_sum_c_2 = 0.0;
  var p_sum_c_3 = 0.0;
  var o_c_0 = 0.0;
  var o_c_1 = 0.0;
  var o_c_2 = 0.0;
  var o_c_3 = 0.0;
  var o_c_4 = 0.0;
  var o_c_5 = 0.0;
  var o_c_6 = 0.0;
  var o_c_7 = 0.0;
  var o_c_8 = 0.0;
  var o_c_9 = 0.0;
  var o_c_10 = 0.0;
  var o_c_11 = 0.0;
  var o_c_12 = 0.0;
  var o_c_13 = 0.0;
  var o_c_14 = 0.0;
  var o_c_15 = 0.0;
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
      for (var part_2 = 0; part_2 < 1; part_2++) {
        let tile_row_2 = (part_2 * 64 + lane) / 4;
        let piece_2 = (part_2 * 64 + lane) % 4;
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
      var s_sum_dot_8 = 0.0;
      var s_sum_dot_9 = 0.0;
      var s_sum_dot_10 = 0.0;
      var s_sum_dot_11 = 0.0;
      var s_sum_dot_12 = 0.0;
      var s_sum_dot_13 = 0.0;
      var s_sum_dot_14 = 0.0;
      var s_sum_dot_15 = 0.0;
      let left_first = group_2 * 5;
      let left_first_2 = (group_2 + 16) * 5;
      let left_first_3 = (group_2 + 32) * 5;
      let left_first_4 = (group_2 + 48) * 5;
      let right_first = member * 5;
      let right_first_2 = (member + 4) * 5;
      let right_first_3 = (member + 8) * 5;
      let right_first_4 = (member + 12) * 5;
      for (var piece_3 = 0; piece_3 < 4; piece_3++) {
        let left = q_rows[left_first + piece_3];
        let left_2 = q_rows[left_first_2 + piece_3];
        let left_3 = q_rows[left_first_3 + piece_3];
        let left_4 = q_rows[left_first_4 + piece_3];
        let right = tile[right_first + piece_3];
        s_sum_dot_0 = fma(left.x, right.x, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.x, right.x, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.x, right.x, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.x, right.x, s_sum_dot_12);
        s_sum_dot_0 = fma(left.y, right.y, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.y, right.y, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.y, right.y, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.y, right.y, s_sum_dot_12);
        s_sum_dot_0 = fma(left.z, right.z, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.z, right.z, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.z, right.z, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.z, right.z, s_sum_dot_12);
        s_sum_dot_0 = fma(left.w, right.w, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.w, right.w, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.w, right.w, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.w, right.w, s_sum_dot_12);
        let right_2 = tile[right_first_2 + piece_3];
        s_sum_dot_1 = fma(left.x, right_2.x, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.x, right_2.x, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.x, right_2.x, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.x, right_2.x, s_sum_dot_13);
        s_sum_dot_1 = fma(left.y, right_2.y, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.y, right_2.y, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.y, right_2.y, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.y, right_2.y, s_sum_dot_13);
        s_sum_dot_1 = fma(left.z, right_2.z, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.z, right_2.z, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.z, right_2.z, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.z, right_2.z, s_sum_dot_13);
        s_sum_dot_1 = fma(left.w, right_2.w, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.w, right_2.w, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.w, right_2.w, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.w, right_2.w, s_sum_dot_13);
        let right_3 = tile[right_first_3 + piece_3];
        s_sum_dot_2 = fma(left.x, right_3.x, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.x, right_3.x, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.x, right_3.x, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.x, right_3.x, s_sum_dot_14);
        s_sum_dot_2 = fma(left.y, right_3.y, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.y, right_3.y, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.y, right_3.y, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.y, right_3.y, s_sum_dot_14);
        s_sum_dot_2 = fma(left.z, right_3.z, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.z, right_3.z, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.z, right_3.z, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.z, right_3.z, s_sum_dot_14);
        s_sum_dot_2 = fma(left.w, right_3.w, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.w, right_3.w, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.w, right_3.w, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.w, right_3.w, s_sum_dot_14);
        let right_4 = tile[right_first_4 + piece_3];
        s_sum_dot_3 = fma(left.x, right_4.x, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.x, right_4.x, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.x, right_4.x, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.x, right_4.x, s_sum_dot_15);
        s_sum_dot_3 = fma(left.y, right_4.y, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.y, right_4.y, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.y, right_4.y, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.y, right_4.y, s_sum_dot_15);
        s_sum_dot_3 = fma(left.z, right_4.z, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.z, right_4.z, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.z, right_4.z, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.z, right_4.z, s_sum_dot_15);
        s_sum_dot_3 = fma(left.w, right_4.w, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.w, right_4.w, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.w, right_4.w, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.w, right_4.w, s_sum_dot_15);
      }
      workgroupBarrier();
      for (var part_3 = 0; part_3 < 1; part_3++) {
        let tile_row_3 = (part_3 * 64 + lane) / 4;
        let piece_4 = (part_3 * 64 + lane) % 4;
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
        let s_sum_3 = s_sum_dot_8;
        let kept_3 = s_sum_3;
        p_m_c_2 = max(p_m_c_2, kept_3);
        let s_sum_4 = s_sum_dot_12;
        let kept_4 = s_sum_4;
        p_m_c_3 = max(p_m_c_3, kept_4);
        let column_4 = j_first + member + 4;
        let j_4 = min(column_4, u.M - 1);
        let s_sum_5 = s_sum_dot_1;
        let kept_5 = s_sum_5;
        p_m_c_0 = max(p_m_c_0, kept_5);
        let s_sum_6 = s_sum_dot_5;
        let kept_6 = s_sum_6;
        p_m_c_1 = max(p_m_c_1, kept_6);
        let s_sum_7 = s_sum_dot_9;
        let kept_7 = s_sum_7;
        p_m_c_2 = max(p_m_c_2, kept_7);
        let s_sum_8 = s_sum_dot_13;
        let kept_8 = s_sum_8;
        p_m_c_3 = max(p_m_c_3, kept_8);
        let column_5 = j_first + member + 8;
        let j_5 = min(column_5, u.M - 1);
        let s_sum_9 = s_sum_dot_2;
        let kept_9 = s_sum_9;
        p_m_c_0 = max(p_m_c_0, kept_9);
        let s_sum_10 = s_sum_dot_6;
        let kept_10 = s_sum_10;
        p_m_c_1 = max(p_m_c_1, kept_10);
        let s_sum_11 = s_sum_dot_10;
        let kept_11 = s_sum_11;
        p_m_c_2 = max(p_m_c_2, kept_11);
        let s_sum_12 = s_sum_dot_14;
        let kept_12 = s_sum_12;
        p_m_c_3 = max(p_m_c_3, kept_12);
        let column_6 = j_first + member + 12;
        let j_6 = min(column_6, u.M - 1);
        let s_sum_13 = s_sum_dot_3;
        let kept_13 = s_sum_13;
        p_m_c_0 = max(p_m_c_0, kept_13);
        let s_sum_14 = s_sum_dot_7;
        let kept_14 = s_sum_14;
        p_m_c_1 = max(p_m_c_1, kept_14);
        let s_sum_15 = s_sum_dot_11;
        let kept_15 = s_sum_15;
        p_m_c_2 = max(p_m_c_2, kept_15);
        let s_sum_16 = s_sum_dot_15;
        let kept_16 = s_sum_16;
        p_m_c_3 = max(p_m_c_3, kept_16);
      } else {
        let column_7 = j_first + member;
        let j_7 = min(column_7, u.M - 1);
        let keep0_0 = (column_7 < u.M) & ((j_7 <= i_0) & ((i_0 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_17 = s_sum_dot_0;
        let kept_17 = select(-1.5e38, s_sum_17, keep0_0);
        p_m_c_0 = max(p_m_c_0, kept_17);
        let keep0_0_2 = (column_7 < u.M) & ((j_7 <= i_1) & ((i_1 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_18 = s_sum_dot_4;
        let kept_18 = select(-1.5e38, s_sum_18, keep0_0_2);
        p_m_c_1 = max(p_m_c_1, kept_18);
        let keep0_0_3 = (column_7 < u.M) & ((j_7 <= i_2) & ((i_2 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_19 = s_sum_dot_8;
        let kept_19 = select(-1.5e38, s_sum_19, keep0_0_3);
        p_m_c_2 = max(p_m_c_2, kept_19);
        let keep0_0_4 = (column_7 < u.M) & ((j_7 <= i_3) & ((i_3 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_20 = s_sum_dot_12;
        let kept_20 = select(-1.5e38, s_sum_20, keep0_0_4);
        p_m_c_3 = max(p_m_c_3, kept_20);
        let column_8 = j_first + member + 4;
        let j_8 = min(column_8, u.M - 1);
        let keep0_0_5 = (column_8 < u.M) & ((j_8 <= i_0) & ((i_0 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_21 = s_sum_dot_1;
        let kept_21 = select(-1.5e38, s_sum_21, keep0_0_5);
        p_m_c_0 = max(p_m_c_0, kept_21);
        let keep0_0_6 = (column_8 < u.M) & ((j_8 <= i_1) & ((i_1 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_22 = s_sum_dot_5;
        let kept_22 = select(-1.5e38, s_sum_22, keep0_0_6);
        p_m_c_1 = max(p_m_c_1, kept_22);
        let keep0_0_7 = (column_8 < u.M) & ((j_8 <= i_2) & ((i_2 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_23 = s_sum_dot_9;
        let kept_23 = select(-1.5e38, s_sum_23, keep0_0_7);
        p_m_c_2 = max(p_m_c_2, kept_23);
        let keep0_0_8 = (column_8 < u.M) & ((j_8 <= i_3) & ((i_3 - j_8 < u.window) | (j_8 < u.sinks)));
        let s_sum_24 = s_sum_dot_13;
        let kept_24 = select(-1.5e38, s_sum_24, keep0_0_8);
        p_m_c_3 = max(p_m_c_3, kept_24);
        let column_9 = j_first + member + 8;
        let j_9 = min(column_9, u.M - 1);
        let keep0_0_9 = (column_9 < u.M) & ((j_9 <= i_0) & ((i_0 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_25 = s_sum_dot_2;
        let kept_25 = select(-1.5e38, s_sum_25, keep0_0_9);
        p_m_c_0 = max(p_m_c_0, kept_25);
        let keep0_0_10 = (column_9 < u.M) & ((j_9 <= i_1) & ((i_1 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_26 = s_sum_dot_6;
        let kept_26 = select(-1.5e38, s_sum_26, keep0_0_10);
        p_m_c_1 = max(p_m_c_1, kept_26);
        let keep0_0_11 = (column_9 < u.M) & ((j_9 <= i_2) & ((i_2 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_27 = s_sum_dot_10;
        let kept_27 = select(-1.5e38, s_sum_27, keep0_0_11);
        p_m_c_2 = max(p_m_c_2, kept_27);
        let keep0_0_12 = (column_9 < u.M) & ((j_9 <= i_3) & ((i_3 - j_9 < u.window) | (j_9 < u.sinks)));
        let s_sum_28 = s_sum_dot_14;
        let kept_28 = select(-1.5e38, s_sum_28, keep0_0_12);
        p_m_c_3 = max(p_m_c_3, kept_28);
        let column_10 = j_first + member + 12;
        let j_10 = min(column_10, u.M - 1);
        let keep0_0_13 = (column_10 < u.M) & ((j_10 <= i_0) & ((i_0 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_29 = s_sum_dot_3;
        let kept_29 = select(-1.5e38, s_sum_29, keep0_0_13);
        p_m_c_0 = max(p_m_c_0, kept_29);
        let keep0_0_14 = (column_10 < u.M) & ((j_10 <= i_1) & ((i_1 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_30 = s_sum_dot_7;
        let kept_30 = select(-1.5e38, s_sum_30, keep0_0_14);
        p_m_c_1 = max(p_m_c_1, kept_30);
        let keep0_0_15 = (column_10 < u.M) & ((j_10 <= i_2) & ((i_2 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_31 = s_sum_dot_11;
        let kept_31 = select(-1.5e38, s_sum_31, keep0_0_15);
        p_m_c_2 = max(p_m_c_2, kept_31);
        let keep0_0_16 = (column_10 < u.M) & ((j_10 <= i_3) & ((i_3 - j_10 < u.window) | (j_10 < u.sinks)));
        let s_sum_32 = s_sum_dot_15;
        let kept_32 = select(-1.5e38, s_sum_32, keep0_0_16);
        p_m_c_3 = max(p_m_c_3, kept_32);
      }
      var p_m_c_0_all = p_m_c_0;
      var p_m_c_1_all = p_m_c_1;
      var p_m_c_2_all = p_m_c_2;
      var p_m_c_3_all = p_m_c_3;
      workgroupBarrier();
      exchange[lane] = p_m_c_0_all;
      exchange[lane + 64] = p_m_c_1_all;
      exchange[lane + 128] = p_m_c_2_all;
      exchange[lane + 192] = p_m_c_3_all;
      workgroupBarrier();
      for (var p_m_c_0_all_from = 0; p_m_c_0_all_from < 4; p_m_c_0_all_from++) {
        p_m_c_0_all = max(p_m_c_0_all, exchange[group_2 * 4 + p_m_c_0_all_from]);
      }
      for (var p_m_c_1_all_from = 0; p_m_c_1_all_from < 4; p_m_c_1_all_from++) {
        p_m_c_1_all = max(p_m_c_1_all, exchange[group_2 * 4 + p_m_c_1_all_from + 64]);
      }
      for (var p_m_c_2_all_from = 0; p_m_c_2_all_from < 4; p_m_c_2_all_from++) {
        p_m_c_2_all = max(p_m_c_2_all, exchange[group_2 * 4 + p_m_c_2_all_from + 128]);
      }
      for (var p_m_c_3_all_from = 0; p_m_c_3_all_from < 4; p_m_c_3_all_from++) {
        p_m_c_3_all = max(p_m_c_3_all, exchange[group_2 * 4 + p_m_c_3_all_from + 192]);
      }
      let ref0_0_0_next = min(max(p_m_c_0_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_1_next = min(max(p_m_c_1_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_2_next = min(max(p_m_c_2_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_3_next = min(max(p_m_c_3_all * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_scale_0 = exp2(min(ref0_0_0 - ref0_0_0_next, 127.0));
      ref0_0_0 = ref0_0_0_next;
      let ref0_0_scale_1 = exp2(min(ref0_0_1 - ref0_0_1_next, 127.0));
      ref0_0_1 = ref0_0_1_next;
      let ref0_0_scale_2 = exp2(min(ref0_0_2 - ref0_0_2_next, 127.0));
      ref0_0_2 = ref0_0_2_next;
      let ref0_0_scale_3 = exp2(min(ref0_0_3 - ref0_0_3_next, 127.0));
      ref0_0_3 = ref0_0_3_next;
      p_sum_c_0 *= ref0_0_scale_0;
      p_sum_c_1 *= ref0_0_scale_1;
      p_sum_c_2 *= ref0_0_scale_2;
      p_sum_c_3 *= ref0_0_scale_3;
      o_c_0 *= ref0_0_scale_0;
      o_c_4 *= ref0_0_scale_1;
      o_c_8 *= ref0_0_scale_2;
      o_c_12 *= ref0_0_scale_3;
      o_c_1 *= ref0_0_scale_0;
      o_c_5 *= ref0_0_scale_1;
      o_c_9 *= ref0_0_scale_2;
      o_c_13 *= ref0_0_scale_3;
      o_c_2 *= ref0_0_scale_0;
      o_c_6 *= ref0_0_scale_1;
      o_c_10 *= ref0_0_scale_2;
      o_c_14 *= ref0_0_scale_3;
      o_c_3 *= ref0_0_scale_0;
      o_c_7 *= ref0_0_scale_1;
      o_c_11 *= ref0_0_scale_2;
      o_c_15 *= ref0_0_scale_3;
      var weights_0 = 0.0;
      var weights_1 = 0.0;
      var weights_2 = 0.0;
      var weights_3 = 0.0;
      var weights_4 = 0.0;
      var weights_5 = 0.0;
      var weights_6 = 0.0;
      var weights_7 = 0.0;
      var weights_8 = 0.0;
      var weights_9 = 0.0;
      var weights_10 = 0.0;
      var weights_11 = 0.0;
      var weights_12 = 0.0;
      var weights_13 = 0.0;
      var weights_14 = 0.0;
      var weights_15 = 0.0;
      if fits && j_first + 16 <= u.M && j_last <= row_first
          && (i_last < u.window + max(j_first, u.sinks) || j_last < u.sinks) {
        let column_11 = j_first + member;
        let j_11 = min(column_11, u.M - 1);
        let s_sum_33 = s_sum_dot_0;
        let weight = exp2(min(fma(s_sum_33, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight;
        weights_0 = weight;
        let s_sum_34 = s_sum_dot_4;
        let weight_2 = exp2(min(fma(s_sum_34, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_2;
        weights_4 = weight_2;
        let s_sum_35 = s_sum_dot_8;
        let weight_3 = exp2(min(fma(s_sum_35, 0.36067376, -ref0_0_2), 127.0));
        p_sum_c_2 += weight_3;
        weights_8 = weight_3;
        let s_sum_36 = s_sum_dot_12;
        let weight_4 = exp2(min(fma(s_sum_36, 0.36067376, -ref0_0_3), 127.0));
        p_sum_c_3 += weight_4;
        weights_12 = weight_4;
        let column_12 = j_first + member + 4;
        let j_12 = min(column_12, u.M - 1);
        let s_sum_37 = s_sum_dot_1;
        let weight_5 = exp2(min(fma(s_sum_37, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_5;
        weights_1 = weight_5;
        let s_sum_38 = s_sum_dot_5;
        let weight_6 = exp2(min(fma(s_sum_38, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_6;
        weights_5 = weight_6;
        let s_sum_39 = s_sum_dot_9;
        let weight_7 = exp2(min(fma(s_sum_39, 0.36067376, -ref0_0_2), 127.0));
        p_sum_c_2 += weight_7;
        weights_9 = weight_7;
        let s_sum_40 = s_sum_dot_13;
        let weight_8 = exp2(min(fma(s_sum_40, 0.36067376, -ref0_0_3), 127.0));
        p_sum_c_3 += weight_8;
        weights_13 = weight_8;
        let column_13 = j_first + member + 8;
        let j_13 = min(column_13, u.M - 1);
        let s_sum_41 = s_sum_dot_2;
        let weight_9 = exp2(min(fma(s_sum_41, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_9;
        weights_2 = weight_9;
        let s_sum_42 = s_sum_dot_6;
        let weight_10 = exp2(min(fma(s_sum_42, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_10;
        weights_6 = weight_10;
        let s_sum_43 = s_sum_dot_10;
        let weight_11 = exp2(min(fma(s_sum_43, 0.36067376, -ref0_0_2), 127.0));
        p_sum_c_2 += weight_11;
        weights_10 = weight_11;
        let s_sum_44 = s_sum_dot_14;
        let weight_12 = exp2(min(fma(s_sum_44, 0.36067376, -ref0_0_3), 127.0));
        p_sum_c_3 += weight_12;
        weights_14 = weight_12;
        let column_14 = j_first + member + 12;
        let j_14 = min(column_14, u.M - 1);
        let s_sum_45 = s_sum_dot_3;
        let weight_13 = exp2(min(fma(s_sum_45, 0.36067376, -ref0_0_0), 127.0));
        p_sum_c_0 += weight_13;
        weights_3 = weight_13;
        let s_sum_46 = s_sum_dot_7;
        let weight_14 = exp2(min(fma(s_sum_46, 0.36067376, -ref0_0_1), 127.0));
        p_sum_c_1 += weight_14;
        weights_7 = weight_14;
        let s_sum_47 = s_sum_dot_11;
        let weight_15 = exp2(min(fma(s_sum_47, 0.36067376, -ref0_0_2), 127.0));
        p_sum_c_2 += weight_15;
        weights_11 = weight_15;
        let s_sum_48 = s_sum_dot_15;
        let weight_16 = exp2(min(fma(s_sum_48, 0.36067376, -ref0_0_3), 127.0));
        p_sum_c_3 += weight_16;
        weights_15 = weight_16;
      } else {
        let column_15 = j_first + member;
        let j_15 = min(column_15, u.M - 1);
        let keep0_0_17 = (column_15 < u.M) & ((j_15 <= i_0) & ((i_0 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_49 = s_sum_dot_0;
        let weight_17 = select(0.0, exp2(min(fma(s_sum_49, 0.36067376, -ref0_0_0), 127.0)), keep0_0_17);
        p_sum_c_0 += weight_17;
        weights_0 = weight_17;
        let keep0_0_18 = (column_15 < u.M) & ((j_15 <= i_1) & ((i_1 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_50 = s_sum_dot_4;
        let weight_18 = select(0.0, exp2(min(fma(s_sum_50, 0.36067376, -ref0_0_1), 127.0)), keep0_0_18);
        p_sum_c_1 += weight_18;
        weights_4 = weight_18;
        let keep0_0_19 = (column_15 < u.M) & ((j_15 <= i_2) & ((i_2 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_51 = s_sum_dot_8;
        let weight_19 = select(0.0, exp2(min(fma(s_sum_51, 0.36067376, -ref0_0_2), 127.0)), keep0_0_19);
        p_sum_c_2 += weight_19;
        weights_8 = weight_19;
        let keep0_0_20 = (column_15 < u.M) & ((j_15 <= i_3) & ((i_3 - j_15 < u.window) | (j_15 < u.sinks)));
        let s_sum_52 = s_sum_dot_12;
        let weight_20 = select(0.0, exp2(min(fma(s_sum_52, 0.36067376, -ref0_0_3), 127.0)), keep0_0_20);
        p_sum_c_3 += weight_20;
        weights_12 = weight_20;
        let column_16 = j_first + member + 4;
        let j_16 = min(column_16, u.M - 1);
        let keep0_0_21 = (column_16 < u.M) & ((j_16 <= i_0) & ((i_0 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_53 = s_sum_dot_1;
        let weight_21 = select(0.0, exp2(min(fma(s_sum_53, 0.36067376, -ref0_0_0), 127.0)), keep0_0_21);
        p_sum_c_0 += weight_21;
        weights_1 = weight_21;
        let keep0_0_22 = (column_16 < u.M) & ((j_16 <= i_1) & ((i_1 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_54 = s_sum_dot_5;
        let weight_22 = select(0.0, exp2(min(fma(s_sum_54, 0.36067376, -ref0_0_1), 127.0)), keep0_0_22);
        p_sum_c_1 += weight_22;
        weights_5 = weight_22;
        let keep0_0_23 = (column_16 < u.M) & ((j_16 <= i_2) & ((i_2 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_55 = s_sum_dot_9;
        let weight_23 = select(0.0, exp2(min(fma(s_sum_55, 0.36067376, -ref0_0_2), 127.0)), keep0_0_23);
        p_sum_c_2 += weight_23;
        weights_9 = weight_23;
        let keep0_0_24 = (column_16 < u.M) & ((j_16 <= i_3) & ((i_3 - j_16 < u.window) | (j_16 < u.sinks)));
        let s_sum_56 = s_sum_dot_13;
        let weight_24 = select(0.0, exp2(min(fma(s_sum_56, 0.36067376, -ref0_0_3), 127.0)), keep0_0_24);
        p_sum_c_3 += weight_24;
        weights_13 = weight_24;
        let column_17 = j_first + member + 8;
        let j_17 = min(column_17, u.M - 1);
        let keep0_0_25 = (column_17 < u.M) & ((j_17 <= i_0) & ((i_0 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_57 = s_sum_dot_2;
        let weight_25 = select(0.0, exp2(min(fma(s_sum_57, 0.36067376, -ref0_0_0), 127.0)), keep0_0_25);
        p_sum_c_0 += weight_25;
        weights_2 = weight_25;
        let keep0_0_26 = (column_17 < u.M) & ((j_17 <= i_1) & ((i_1 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_58 = s_sum_dot_6;
        let weight_26 = select(0.0, exp2(min(fma(s_sum_58, 0.36067376, -ref0_0_1), 127.0)), keep0_0_26);
        p_sum_c_1 += weight_26;
        weights_6 = weight_26;
        let keep0_0_27 = (column_17 < u.M) & ((j_17 <= i_2) & ((i_2 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_59 = s_sum_dot_10;
        let weight_27 = select(0.0, exp2(min(fma(s_sum_59, 0.36067376, -ref0_0_2), 127.0)), keep0_0_27);
        p_sum_c_2 += weight_27;
        weights_10 = weight_27;
        let keep0_0_28 = (column_17 < u.M) & ((j_17 <= i_3) & ((i_3 - j_17 < u.window) | (j_17 < u.sinks)));
        let s_sum_60 = s_sum_dot_14;
        let weight_28 = select(0.0, exp2(min(fma(s_sum_60, 0.36067376, -ref0_0_3), 127.0)), keep0_0_28);
        p_sum_c_3 += weight_28;
        weights_14 = weight_28;
        let column_18 = j_first + member + 12;
        let j_18 = min(column_18, u.M - 1);
        let keep0_0_29 = (column_18 < u.M) & ((j_18 <= i_0) & ((i_0 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_61 = s_sum_dot_3;
        let weight_29 = select(0.0, exp2(min(fma(s_sum_61, 0.36067376, -ref0_0_0), 127.0)), keep0_0_29);
        p_sum_c_0 += weight_29;
        weights_3 = weight_29;
        let keep0_0_30 = (column_18 < u.M) & ((j_18 <= i_1) & ((i_1 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_62 = s_sum_dot_7;
        let weight_30 = select(0.0, exp2(min(fma(s_sum_62, 0.36067376, -ref0_0_1), 127.0)), keep0_0_30);
        p_sum_c_1 += weight_30;
        weights_7 = weight_30;
        let keep0_0_31 = (column_18 < u.M) & ((j_18 <= i_2) & ((i_2 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_63 = s_sum_dot_11;
        let weight_31 = select(0.0, exp2(min(fma(s_sum_63, 0.36067376, -ref0_0_2), 127.0)), keep0_0_31);
        p_sum_c_2 += weight_31;
        weights_11 = weight_31;
        let keep0_0_32 = (column_18 < u.M) & ((j_18 <= i_3) & ((i_3 - j_18 < u.window) | (j_18 < u.sinks)));
        let s_sum_64 = s_sum_dot_15;
        let weight_32 = select(0.0, exp2(min(fma(s_sum_64, 0.36067376, -ref0_0_3), 127.0)), keep0_0_32);
        p_sum_c_3 += weight_32;
        weights_15 = weight_32;
      }
      shown_weights[group_2 * 4 + member] = vec4<f32>(weights_0, weights_1, weights_2, weights_3);
      shown_weights[(group_2 + 16) * 4 + member] = vec4<f32>(weights_4, weights_5, weights_6, weights_7);
      shown_weights[(group_2 + 32) * 4 + member] = vec4<f32>(weights_8, weights_9, weights_10, weights_11);
      shown_weights[(group_2 + 48) * 4 + member] = vec4<f32>(weights_12, weights_13, weights_14, weights_15);
      workgroupBarrier();
      for (var piece_5 = 0; piece_5 < 4; piece_5++) {
        let weight_33 = shown_weights[group_2 * 4 + piece_5];
        let weight_34 = shown_weights[(group_2 + 16) * 4 + piece_5];
        let weight_35 = shown_weights[(group_2 + 32) * 4 + piece_5];
        let weight_36 = shown_weights[(group_2 + 48) * 4 + piece_5];
        let right_5 = tile[piece_5 * 5 + member];
        o_c_0 = fma(weight_33.x, right_5.x, o_c_0);
        o_c_4 = fma(weight_34.x, right_5.x, o_c_4);
        o_c_8 = fma(weight_35.x, right_5.x, o_c_8);
        o_c_12 = fma(weight_36.x, right_5.x, o_c_12);
        o_c_1 = fma(weight_33.x, right_5.y, o_c_1);
        o_c_5 = fma(weight_34.x, right_5.y, o_c_5);
        o_c_9 = fma(weight_35.x, right_5.y, o_c_9);
        o_c_13 = fma(weight_36.x, right_5.y, o_c_13);
        o_c_2 = fma(weight_33.x, right_5.z, o_c_2);
        o_c_6 = fma(weight_34.x, right_5.z, o_c_6);
        o_c_10 = fma(weight_35.x, right_5.z, o_c_10);
        o_c_14 = fma(weight_36.x, right_5.z, o_c_14);
        o_c_3 = fma(weight_33.x, right_5.w, o_c_3);
        o_c_7 = fma(weight_34.x, right_5.w, o_c_7);
        o_c_11 = fma(weight_35.x, right_5.w, o_c_11);
        o_c_15 = fma(weight_36.x, right_5.w, o_c_15);
        let right_6 = tile[(piece_5 + 4) * 5 + member];
        o_c_0 = fma(weight_33.y, right_6.x, o_c_0);
        o_c_4 = fma(weight_34.y, right_6.x, o_c_4);
        o_c_8 = fma(weight_35.y, right_6.x, o_c_8);
        o_c_12 = fma(weight_36.y, right_6.x, o_c_12);
        o_c_1 = fma(weight_33.y, right_6.y, o_c_1);
        o_c_5 = fma(weight_34.y, right_6.y, o_c_5);
        o_c_9 = fma(weight_35.y, right_6.y, o_c_9);
        o_c_13 = fma(weight_36.y, right_6.y, o_c_13);
        o_c_2 = fma(weight_33.y, right_6.z, o_c_2);
        o_c_6 = fma(weight_34.y, right_6.z, o_c_6);
        o_c_10 = fma(weight_35.y, right_6.z, o_c_10);
        o_c_14 = fma(weight_36.y, right_6.z, o_c_14);
        o_c_3 = fma(weight_33.y, right_6.w, o_c_3);
        o_c_7 = fma(weight_34.y, right_6.w, o_c_7);
        o_c_11 = fma(weight_35.y, right_6.w, o_c_11);
        o_c_15 = fma(weight_36.y, right_6.w, o_c_15);
        let right_7 = tile[(piece_5 + 8) * 5 + member];
        o_c_0 = fma(weight_33.z, right_7.x, o_c_0);
        o_c_4 = fma(weight_34.z, right_7.x, o_c_4);
        o_c_8 = fma(weight_35.z, right_7.x, o_c_8);
        o_c_12 = fma(weight_36.z, right_7.x, o_c_12);
        o_c_1 = fma(weight_33.z, right_7.y, o_c_1);
        o_c_5 = fma(weight_34.z, right_7.y, o_c_5);
        o_c_9 = fma(weight_35.z, right_7.y, o_c_9);
        o_c_13 = fma(weight_36.z, right_7.y, o_c_13);
        o_c_2 = fma(weight_33.z, right_7.z, o_c_2);
        o_c_6 = fma(weight_34.z, right_7.z, o_c_6);
        o_c_10 = fma(weight_35.z, right_7.z, o_c_10);
        o_c_14 = fma(weight_36.z, right_7.z, o_c_14);
        o_c_3 = fma(weight_33.z, right_7.w, o_c_3);
        o_c_7 = fma(weight_34.z, right_7.w, o_c_7);
        o_c_11 = fma(weight_35.z, right_7.w, o_c_11);
        o_c_15 = fma(weight_36.z, right_7.w, o_c_15);
        let right_8 = tile[(piece_5 + 12) * 5 + member];
        o_c_0 = fma(weight_33.w, right_8.x, o_c_0);
        o_c_4 = fma(weight_34.w, right_8.x, o_c_4);
        o_c_8 = fma(weight_35.w, right_8.x, o_c_8);
        o_c_12 = fma(weight_36.w, right_8.x, o_c_12);
        o_c_1 = fma(weight_33.w, right_8.y, o_c_1);
        o_c_5 = fma(weight_34.w, right_8.y, o_c_5);
        o_c_9 = fma(weight_35.w, right_8.y, o_c_9);
        o_c_13 = fma(weight_36.w, right_8.y, o_c_13);
        o_c_2 = fma(weight_33.w, right_8.z, o_c_2);
        o_c_6 = fma(weight_34.w, right_8.z, o_c_6);
        o_c_10 = fma(weight_35.w, right_8.z, o_c_10);
        o_c_14 = fma(weight_36.w, right_8.z, o_c_14);
        o_c_3 = fma(weight_33.w, right_8.w, o_c_3);
        o_c_7 = fma(weight_34.w, right_8.w, o_c_7);
        o_c_11 = fma(weight_35.w, right_8.w, o_c_11);
        o_c_15 = fma(weight_36.w, right_8.w, o_c_15);
      }
    }
    j_done = max(j_done, j_to);
  }
  workgroupBarrier();
  exchange[lane] = p_m_c_0;
  exchange[lane + 64] = p_m_c_1;
  exchange[lane + 128] = p_m_c_2;
  exchange[lane + 192] = p_m_c_3;
  workgroupBarrier();
  for (var p_m_c_0_from = 0; p_m_c_0_from < 4; p_m_c_0_from++) {
    p_m_c_0 = max(p_m_c_0, exchange[group_2 * 4 + p_m_c_0_from]);
  }
  for (var p_m_c_1_from = 0; p_m_c_1_from < 4; p_m_c_1_from++) {
    p_m_c_1 = max(p_m_c_1, exchange[group_2 * 4 + p_m_c_1_from + 64]);
  }
  for (var p_m_c_2_from = 0; p_m_c_2_from < 4; p_m_c_2_from++) {
    p_m_c_2 = max(p_m_c_2, exchange[group_2 * 4 + p_m_c_2_from + 128]);
  }
  for (var p_m_c_3_from = 0; p_m_c_3_from < 4; p_m_c_3_from++) {
    p_m_c_3 = max(p_m_c_3, exchange[group_2 * 4 + p_m_c_3_from + 192]);
  }
  workgroupBarrier();
  exchange[lane] = p_sum_c_0;
  exchange[lane + 64] = p_sum_c_1;
  exchange[lane + 128] = p_sum_c_2;
  exchange[lane + 192] = p_sum_c_3;
  workgroupBarrier();
  p_sum_c_0 = 0.0;
  for (var p_sum_c_0_from = 0; p_sum_c_0_from < 4; p_sum_c_0_from++) {
    p_sum_c_0 += exchange[group_2 * 4 + p_sum_c_0_from];
  }
  p_sum_c_1 = 0.0;
  for (var p_sum_c_1_from = 0; p_sum_c_1_from < 4; p_sum_c_1_from++) {
    p_sum_c_1 += exchange[group_2 * 4 + p_sum_c_1_from + 64];
  }
  p_sum_c_2 = 0.0;
  for (var p_sum_c_2_from = 0; p_sum_c_2_from < 4; p_sum_c_2_from++) {
    p_sum_c_2 += exchange[group_2 * 4 + p_sum_c_2_from + 128];
  }
  p_sum_c_3 = 0.0;
  for (var p_sum_c_3_from = 0; p_sum_c_3_from < 4; p_sum_c_3_from++) {
    p_sum_c_3 += exchange[group_2 * 4 + p_sum_c_3_from + 192];
  }
  let p_m_0 = select(-INFINITY, p_m_c_0 * 0.25, p_m_c_0 > -1.5e38);
  let p_m_1 = select(-INFINITY, p_m_c_1 * 0.25, p_m_c_1 > -1.5e38);
  let p_m_2 = select(-INFINITY, p_m_c_2 * 0.25, p_m_c_2 > -1.5e38);
  let p_m_3 = select(-INFINITY, p_m_c_3 * 0.25, p_m_c_3 > -1.5e38);
  let p_sum_0 = p_sum_c_0;
  let p_sum_1 = p_sum_c_1;
  let p_sum_2 = p_sum_c_2;
  let p_sum_3 = p_sum_c_3;
  let o_c_factor_0 = 1.0 / p_sum_0;
  let o_c_factor_1 = 1.0 / p_sum_1;
  let o_c_factor_2 = 1.0 / p_sum_2;
  let o_c_factor_3 = 1.0 / p_sum_3;
  let lse_any_0 = p_m_c_0 > -1.5e38;
  let lse_any_1 = p_m_c_1 > -1.5e38;
  let lse_any_2 = p_m_c_2 > -1.5e38;
  let lse_any_3 = p_m_c_3 > -1.5e38;
  let lse_0 = select(-INFINITY, p_m_0 + log(p_sum_0), lse_any_0);
  let lse_1 = select(-INFINITY, p_m_1 + log(p_sum_1), lse_any_1);
  let lse_2 = select(-INFINITY, p_m_2 + log(p_sum_2), lse_any_2);
  let lse_3 = select(-INFINITY, p_m_3 + log(p_sum_3), lse_any_3);
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
  if row_2 < u.N {
    let z_value_3 = load_z(((b * u.H + h) * u.N + i_2) * 16 + member * 4);
    store_y(((b * u.H + h) * u.N + i_2) * 16 + member * 4,
        select(0.0, o_c_factor_2 * o_c_8, p_m_c_2 > -1.5e38)
        * (select(exp(-abs(z_value_3)), 1.0, z_value_3 >= 0.0) / (1.0 + exp(-abs(z_value_3)))));
  }
  if row_3 < u.N {
    let z_value_4 = load_z(((b * u.H + h) * u.N + i_3) * 16 + member * 4);
    store_y(((b * u.H + h) * u.N + i_3) * 16 + member * 4,
        select(0.0, o_c_factor_3 * o_c_12, p_m_c_3 > -1.5e38)
        * (select(exp(-abs(z_value_4)), 1.0, z_value_4 >= 0.0) / (1.0 + exp(-abs(z_value_4)))));
  }
  if row_0 < u.N {
    let z_value_5 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_0 * o_c_1, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_5)), 1.0, z_value_5 >= 0.0) / (1.0 + exp(-abs(z_value_5)))));
  }
  if row_1 < u.N {
    let z_value_6 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_1 * o_c_5, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_6)), 1.0, z_value_6 >= 0.0) / (1.0 + exp(-abs(z_value_6)))));
  }
  if row_2 < u.N {
    let z_value_7 = load_z(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_2 * o_c_9, p_m_c_2 > -1.5e38)
        * (select(exp(-abs(z_value_7)), 1.0, z_value_7 >= 0.0) / (1.0 + exp(-abs(z_value_7)))));
  }
  if row_3 < u.N {
    let z_value_8 = load_z(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 1);
    store_y(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 1,
        select(0.0, o_c_factor_3 * o_c_13, p_m_c_3 > -1.5e38)
        * (select(exp(-abs(z_value_8)), 1.0, z_value_8 >= 0.0) / (1.0 + exp(-abs(z_value_8)))));
  }
  if row_0 < u.N {
    let z_value_9 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_0 * o_c_2, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_9)), 1.0, z_value_9 >= 0.0) / (1.0 + exp(-abs(z_value_9)))));
  }
  if row_1 < u.N {
    let z_value_10 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_1 * o_c_6, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_10)), 1.0, z_value_10 >= 0.0) / (1.0 + exp(-abs(z_value_10)))));
  }
  if row_2 < u.N {
    let z_value_11 = load_z(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_2 * o_c_10, p_m_c_2 > -1.5e38)
        * (select(exp(-abs(z_value_11)), 1.0, z_value_11 >= 0.0) / (1.0 + exp(-abs(z_value_11)))));
  }
  if row_3 < u.N {
    let z_value_12 = load_z(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 2);
    store_y(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 2,
        select(0.0, o_c_factor_3 * o_c_14, p_m_c_3 > -1.5e38)
        * (select(exp(-abs(z_value_12)), 1.0, z_value_12 >= 0.0) / (1.0 + exp(-abs(z_value_12)))));
  }
  if row_0 < u.N {
    let z_value_13 = load_z(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_0 * o_c_3, p_m_c_0 > -1.5e38)
        * (select(exp(-abs(z_value_13)), 1.0, z_value_13 >= 0.0) / (1.0 + exp(-abs(z_value_13)))));
  }
  if row_1 < u.N {
    let z_value_14 = load_z(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_1 * o_c_7, p_m_c_1 > -1.5e38)
        * (select(exp(-abs(z_value_14)), 1.0, z_value_14 >= 0.0) / (1.0 + exp(-abs(z_value_14)))));
  }
  if row_2 < u.N {
    let z_value_15 = load_z(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_2 * o_c_11, p_m_c_2 > -1.5e38)
        * (select(exp(-abs(z_value_15)), 1.0, z_value_15 >= 0.0) / (1.0 + exp(-abs(z_value_15)))));
  }
  if row_3 < u.N {
    let z_value_16 = load_z(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 3);
    store_y(((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 3,
        select(0.0, o_c_factor_3 * o_c_15, p_m_c_3 > -1.5e38)
        * (select(exp(-abs(z_value_16)), 1.0, z_value_16 >= 0.0) / (1.0 + exp(-abs(z_value_16)))));
  }
  if row_0 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_0] = bits_with_inf(lse_0);
  }
  if row_1 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_1] = bits_with_inf(lse_1);
  }
  if row_2 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_2] = bits_with_inf(lse_2);
  }
  if row_3 < u.N && member == 0 {
    lse[(b * u.H + h) * u.N + i_3] = bits_with_inf(lse_3);
  }
  if row_0 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_0] = p_m_0;
  }
  if row_1 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_1] = p_m_1;
  }
  if row_2 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_2] = p_m_2;
  }
  if row_3 < u.N && member == 0 {
    ws_p_m[(b * u.H + h) * u.N + i_3] = p_m_3;
  }
  if row_0 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_0] = p_sum_0;
  }
  if row_1 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_1] = p_sum_1;
  }
  if row_2 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_2] = p_sum_2;
  }
  if row_3 < u.N && member == 0 {
    ws_p_sum[(b * u.H + h) * u.N + i_3] = p_sum_3;
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
  if group >= u.B * u.H * ((u.M + 127) / 128) {
    return;
  }
  let h = rem_or_zero(div_or_zero(group, (u.M + 127) / 128), u.H);
  let b = div_or_zero(div_or_zero(group, (u.M + 127) / 128), u.H);
  let row_first = rem_or_zero(group, (u.M + 127) / 128) * 128;
  let group_2 = lane / 4;
  let member = lane % 4;
  let row_0 = row_first + group_2;
  let j_0 = min(row_0, u.M - 1);
  let row_1 = row_first + group_2 + 16;
  let j_1 = min(row_1, u.M - 1);
  let row_2 = row_first + group_2 + 32;
  let j_2 = min(row_2, u.M - 1);
  let row_3 = row_first + group_2 + 48;
  let j_3 = min(row_3, u.M - 1);
  let row_4 = row_first + group_2 + 64;
  let j_4 = min(row_4, u.M - 1);
  let row_5 = row_first + group_2 + 80;
  let j_5 = min(row_5, u.M - 1);
  let row_6 = row_first + group_2 + 96;
  let j_6 = min(row_6, u.M - 1);
  let row_7 = row_first + group_2 + 112;
  let j_7 = min(row_7, u.M - 1);
  for (var part = 0; part < 8; part++) {
    let tile_row = (part * 64 + lane) / 4;
    let piece = (part * 64 + lane) % 4;
    let row = row_first + tile_row;
    let j = min(row, u.M - 1);
    let piece_value = load_k_vec4(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j)
        * 4 + piece);
    k_rows[tile_row * 5 + piece] = vec4<f32>(piece_value.x, piece_value.y, piece_value.z, piece_value.w);
  }
  var hit_c_0 = 0.0;
  var hit_c_1 = 0.0;
  var hit_c_2 = 0.0;
  var hit_c_3 = 0.0;
  var hit_c_4 = 0.0;
  var hit_c_5 = 0.0;
  var hit_c_6 = 0.0;
  var hit_c_7 = 0.0;
  let j_last = min(row_first + 128, u.M) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let i_past = min(max(u.window + j_last, 0), u.N);
  // i runs through 2 ranges of tiles
  let from_2 = select(0, row_first / 16, fits);
  let to = select((u.N + 15) / 16, select(0, (i_past + 15) / 16, (u.window > 0) & (row_first < i_past)),
      fits);
  let from_2_2 = select(0, row_first / 16, fits);
  let to_2 = select((u.N + 15) / 16, select(0, (u.N + 15) / 16, (row_first < u.sinks) & (row_first < u.N)),
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
      let i_first = i_tile * 16;
      let i_last = min(i_first + 16, u.N) - 1;
      workgroupBarrier();
      for (var part_2 = 0; part_2 < 1; part_2++) {
        let tile_row_2 = (part_2 * 64 + lane) / 4;
        let piece_2 = (part_2 * 64 + lane) % 4;
        let column = i_first + tile_row_2;
        let i = min(column, u.N - 1);
        let piece_value_2 = load_q_vec4(((b * u.H + h) * u.N + i) * 4 + piece_2);
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
      var s_sum_dot_8 = 0.0;
      var s_sum_dot_9 = 0.0;
      var s_sum_dot_10 = 0.0;
      var s_sum_dot_11 = 0.0;
      var s_sum_dot_12 = 0.0;
      var s_sum_dot_13 = 0.0;
      var s_sum_dot_14 = 0.0;
      var s_sum_dot_15 = 0.0;
      var s_sum_dot_16 = 0.0;
      var s_sum_dot_17 = 0.0;
      var s_sum_dot_18 = 0.0;
      var s_sum_dot_19 = 0.0;
      var s_sum_dot_20 = 0.0;
      var s_sum_dot_21 = 0.0;
      var s_sum_dot_22 = 0.0;
      var s_sum_dot_23 = 0.0;
      var s_sum_dot_24 = 0.0;
      var s_sum_dot_25 = 0.0;
      var s_sum_dot_26 = 0.0;
      var s_sum_dot_27 = 0.0;
      var s_sum_dot_28 = 0.0;
      var s_sum_dot_29 = 0.0;
      var s_sum_dot_30 = 0.0;
      var s_sum_dot_31 = 0.0;
      let left_first = group_2 * 5;
      let left_first_2 = (group_2 + 16) * 5;
      let left_first_3 = (group_2 + 32) * 5;
      let left_first_4 = (group_2 + 48) * 5;
      let left_first_5 = (group_2 + 64) * 5;
      let left_first_6 = (group_2 + 80) * 5;
      let left_first_7 = (group_2 + 96) * 5;
      let left_first_8 = (group_2 + 112) * 5;
      let right_first = member * 5;
      let right_first_2 = (member + 4) * 5;
      let right_first_3 = (member + 8) * 5;
      let right_first_4 = (member + 12) * 5;
      for (var piece_3 = 0; piece_3 < 4; piece_3++) {
        let left = k_rows[left_first + piece_3];
        let left_2 = k_rows[left_first_2 + piece_3];
        let left_3 = k_rows[left_first_3 + piece_3];
        let left_4 = k_rows[left_first_4 + piece_3];
        let left_5 = k_rows[left_first_5 + piece_3];
        let left_6 = k_rows[left_first_6 + piece_3];
        let left_7 = k_rows[left_first_7 + piece_3];
        let left_8 = k_rows[left_first_8 + piece_3];
        let right = tile[right_first + piece_3];
        s_sum_dot_0 = fma(left.x, right.x, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.x, right.x, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.x, right.x, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.x, right.x, s_sum_dot_12);
        s_sum_dot_16 = fma(left_5.x, right.x, s_sum_dot_16);
        s_sum_dot_20 = fma(left_6.x, right.x, s_sum_dot_20);
        s_sum_dot_24 = fma(left_7.x, right.x, s_sum_dot_24);
        s_sum_dot_28 = fma(left_8.x, right.x, s_sum_dot_28);
        s_sum_dot_0 = fma(left.y, right.y, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.y, right.y, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.y, right.y, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.y, right.y, s_sum_dot_12);
        s_sum_dot_16 = fma(left_5.y, right.y, s_sum_dot_16);
        s_sum_dot_20 = fma(left_6.y, right.y, s_sum_dot_20);
        s_sum_dot_24 = fma(left_7.y, right.y, s_sum_dot_24);
        s_sum_dot_28 = fma(left_8.y, right.y, s_sum_dot_28);
        s_sum_dot_0 = fma(left.z, right.z, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.z, right.z, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.z, right.z, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.z, right.z, s_sum_dot_12);
        s_sum_dot_16 = fma(left_5.z, right.z, s_sum_dot_16);
        s_sum_dot_20 = fma(left_6.z, right.z, s_sum_dot_20);
        s_sum_dot_24 = fma(left_7.z, right.z, s_sum_dot_24);
        s_sum_dot_28 = fma(left_8.z, right.z, s_sum_dot_28);
        s_sum_dot_0 = fma(left.w, right.w, s_sum_dot_0);
        s_sum_dot_4 = fma(left_2.w, right.w, s_sum_dot_4);
        s_sum_dot_8 = fma(left_3.w, right.w, s_sum_dot_8);
        s_sum_dot_12 = fma(left_4.w, right.w, s_sum_dot_12);
        s_sum_dot_16 = fma(left_5.w, right.w, s_sum_dot_16);
        s_sum_dot_20 = fma(left_6.w, right.w, s_sum_dot_20);
        s_sum_dot_24 = fma(left_7.w, right.w, s_sum_dot_24);
        s_sum_dot_28 = fma(left_8.w, right.w, s_sum_dot_28);
        let right_2 = tile[right_first_2 + piece_3];
        s_sum_dot_1 = fma(left.x, right_2.x, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.x, right_2.x, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.x, right_2.x, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.x, right_2.x, s_sum_dot_13);
        s_sum_dot_17 = fma(left_5.x, right_2.x, s_sum_dot_17);
        s_sum_dot_21 = fma(left_6.x, right_2.x, s_sum_dot_21);
        s_sum_dot_25 = fma(left_7.x, right_2.x, s_sum_dot_25);
        s_sum_dot_29 = fma(left_8.x, right_2.x, s_sum_dot_29);
        s_sum_dot_1 = fma(left.y, right_2.y, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.y, right_2.y, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.y, right_2.y, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.y, right_2.y, s_sum_dot_13);
        s_sum_dot_17 = fma(left_5.y, right_2.y, s_sum_dot_17);
        s_sum_dot_21 = fma(left_6.y, right_2.y, s_sum_dot_21);
        s_sum_dot_25 = fma(left_7.y, right_2.y, s_sum_dot_25);
        s_sum_dot_29 = fma(left_8.y, right_2.y, s_sum_dot_29);
        s_sum_dot_1 = fma(left.z, right_2.z, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.z, right_2.z, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.z, right_2.z, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.z, right_2.z, s_sum_dot_13);
        s_sum_dot_17 = fma(left_5.z, right_2.z, s_sum_dot_17);
        s_sum_dot_21 = fma(left_6.z, right_2.z, s_sum_dot_21);
        s_sum_dot_25 = fma(left_7.z, right_2.z, s_sum_dot_25);
        s_sum_dot_29 = fma(left_8.z, right_2.z, s_sum_dot_29);
        s_sum_dot_1 = fma(left.w, right_2.w, s_sum_dot_1);
        s_sum_dot_5 = fma(left_2.w, right_2.w, s_sum_dot_5);
        s_sum_dot_9 = fma(left_3.w, right_2.w, s_sum_dot_9);
        s_sum_dot_13 = fma(left_4.w, right_2.w, s_sum_dot_13);
        s_sum_dot_17 = fma(left_5.w, right_2.w, s_sum_dot_17);
        s_sum_dot_21 = fma(left_6.w, right_2.w, s_sum_dot_21);
        s_sum_dot_25 = fma(left_7.w, right_2.w, s_sum_dot_25);
        s_sum_dot_29 = fma(left_8.w, right_2.w, s_sum_dot_29);
        let right_3 = tile[right_first_3 + piece_3];
        s_sum_dot_2 = fma(left.x, right_3.x, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.x, right_3.x, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.x, right_3.x, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.x, right_3.x, s_sum_dot_14);
        s_sum_dot_18 = fma(left_5.x, right_3.x, s_sum_dot_18);
        s_sum_dot_22 = fma(left_6.x, right_3.x, s_sum_dot_22);
        s_sum_dot_26 = fma(left_7.x, right_3.x, s_sum_dot_26);
        s_sum_dot_30 = fma(left_8.x, right_3.x, s_sum_dot_30);
        s_sum_dot_2 = fma(left.y, right_3.y, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.y, right_3.y, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.y, right_3.y, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.y, right_3.y, s_sum_dot_14);
        s_sum_dot_18 = fma(left_5.y, right_3.y, s_sum_dot_18);
        s_sum_dot_22 = fma(left_6.y, right_3.y, s_sum_dot_22);
        s_sum_dot_26 = fma(left_7.y, right_3.y, s_sum_dot_26);
        s_sum_dot_30 = fma(left_8.y, right_3.y, s_sum_dot_30);
        s_sum_dot_2 = fma(left.z, right_3.z, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.z, right_3.z, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.z, right_3.z, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.z, right_3.z, s_sum_dot_14);
        s_sum_dot_18 = fma(left_5.z, right_3.z, s_sum_dot_18);
        s_sum_dot_22 = fma(left_6.z, right_3.z, s_sum_dot_22);
        s_sum_dot_26 = fma(left_7.z, right_3.z, s_sum_dot_26);
        s_sum_dot_30 = fma(left_8.z, right_3.z, s_sum_dot_30);
        s_sum_dot_2 = fma(left.w, right_3.w, s_sum_dot_2);
        s_sum_dot_6 = fma(left_2.w, right_3.w, s_sum_dot_6);
        s_sum_dot_10 = fma(left_3.w, right_3.w, s_sum_dot_10);
        s_sum_dot_14 = fma(left_4.w, right_3.w, s_sum_dot_14);
        s_sum_dot_18 = fma(left_5.w, right_3.w, s_sum_dot_18);
        s_sum_dot_22 = fma(left_6.w, right_3.w, s_sum_dot_22);
        s_sum_dot_26 = fma(left_7.w, right_3.w, s_sum_dot_26);
        s_sum_dot_30 = fma(left_8.w, right_3.w, s_sum_dot_30);
        let right_4 = tile[right_first_4 + piece_3];
        s_sum_dot_3 = fma(left.x, right_4.x, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.x, right_4.x, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.x, right_4.x, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.x, right_4.x, s_sum_dot_15);
        s_sum_dot_19 = fma(left_5.x, right_4.x, s_sum_dot_19);
        s_sum_dot_23 = fma(left_6.x, right_4.x, s_sum_dot_23);
        s_sum_dot_27 = fma(left_7.x, right_4.x, s_sum_dot_27);
        s_sum_dot_31 = fma(left_8.x, right_4.x, s_sum_dot_31);
        s_sum_dot_3 = fma(left.y, right_4.y, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.y, right_4.y, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.y, right_4.y, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.y, right_4.y, s_sum_dot_15);
        s_sum_dot_19 = fma(left_5.y, right_4.y, s_sum_dot_19);
        s_sum_dot_23 = fma(left_6.y, right_4.y, s_sum_dot_23);
        s_sum_dot_27 = fma(left_7.y, right_4.y, s_sum_dot_27);
        s_sum_dot_31 = fma(left_8.y, right_4.y, s_sum_dot_31);
        s_sum_dot_3 = fma(left.z, right_4.z, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.z, right_4.z, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.z, right_4.z, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.z, right_4.z, s_sum_dot_15);
        s_sum_dot_19 = fma(left_5.z, right_4.z, s_sum_dot_19);
        s_sum_dot_23 = fma(left_6.z, right_4.z, s_sum_dot_23);
        s_sum_dot_27 = fma(left_7.z, right_4.z, s_sum_dot_27);
        s_sum_dot_31 = fma(left_8.z, right_4.z, s_sum_dot_31);
        s_sum_dot_3 = fma(left.w, right_4.w, s_sum_dot_3);
        s_sum_dot_7 = fma(left_2.w, right_4.w, s_sum_dot_7);
        s_sum_dot_11 = fma(left_3.w, right_4.w, s_sum_dot_11);
        s_sum_dot_15 = fma(left_4.w, right_4.w, s_sum_dot_15);
        s_sum_dot_19 = fma(left_5.w, right_4.w, s_sum_dot_19);
        s_sum_dot_23 = fma(left_6.w, right_4.w, s_sum_dot_23);
        s_sum_dot_27 = fma(left_7.w, right_4.w, s_sum_dot_27);
        s_sum_dot_31 = fma(left_8.w, right_4.w, s_sum_dot_31);
      }
      if fits && i_first + 16 <= u.N && j_last <= i_first
          && (i_last < u.window + max(row_first, u.sinks) || j_last < u.sinks) {
        let column_2 = i_first + member;
        let i_2 = min(column_2, u.N - 1);
        let s_sum = s_sum_dot_0;
        let s = s_sum * 0.25;
        let weight = exp(min(s - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_0 += weight;
        let s_sum_2 = s_sum_dot_4;
        let s_2 = s_sum_2 * 0.25;
        let weight_2 = exp(min(s_2 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_1 += weight_2;
        let s_sum_3 = s_sum_dot_8;
        let s_3 = s_sum_3 * 0.25;
        let weight_3 = exp(min(s_3 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_2 += weight_3;
        let s_sum_4 = s_sum_dot_12;
        let s_4 = s_sum_4 * 0.25;
        let weight_4 = exp(min(s_4 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_3 += weight_4;
        let s_sum_5 = s_sum_dot_16;
        let s_5 = s_sum_5 * 0.25;
        let weight_5 = exp(min(s_5 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_4 += weight_5;
        let s_sum_6 = s_sum_dot_20;
        let s_6 = s_sum_6 * 0.25;
        let weight_6 = exp(min(s_6 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_5 += weight_6;
        let s_sum_7 = s_sum_dot_24;
        let s_7 = s_sum_7 * 0.25;
        let weight_7 = exp(min(s_7 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_6 += weight_7;
        let s_sum_8 = s_sum_dot_28;
        let s_8 = s_sum_8 * 0.25;
        let weight_8 = exp(min(s_8 - ws_p_m_read[(b * u.H + h) * u.N + i_2], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_2];
        hit_c_7 += weight_8;
        let column_3 = i_first + member + 4;
        let i_3 = min(column_3, u.N - 1);
        let s_sum_9 = s_sum_dot_1;
        let s_9 = s_sum_9 * 0.25;
        let weight_9 = exp(min(s_9 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_0 += weight_9;
        let s_sum_10 = s_sum_dot_5;
        let s_10 = s_sum_10 * 0.25;
        let weight_10 = exp(min(s_10 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_1 += weight_10;
        let s_sum_11 = s_sum_dot_9;
        let s_11 = s_sum_11 * 0.25;
        let weight_11 = exp(min(s_11 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_2 += weight_11;
        let s_sum_12 = s_sum_dot_13;
        let s_12 = s_sum_12 * 0.25;
        let weight_12 = exp(min(s_12 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_3 += weight_12;
        let s_sum_13 = s_sum_dot_17;
        let s_13 = s_sum_13 * 0.25;
        let weight_13 = exp(min(s_13 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_4 += weight_13;
        let s_sum_14 = s_sum_dot_21;
        let s_14 = s_sum_14 * 0.25;
        let weight_14 = exp(min(s_14 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_5 += weight_14;
        let s_sum_15 = s_sum_dot_25;
        let s_15 = s_sum_15 * 0.25;
        let weight_15 = exp(min(s_15 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_6 += weight_15;
        let s_sum_16 = s_sum_dot_29;
        let s_16 = s_sum_16 * 0.25;
        let weight_16 = exp(min(s_16 - ws_p_m_read[(b * u.H + h) * u.N + i_3], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_3];
        hit_c_7 += weight_16;
        let column_4 = i_first + member + 8;
        let i_4 = min(column_4, u.N - 1);
        let s_sum_17 = s_sum_dot_2;
        let s_17 = s_sum_17 * 0.25;
        let weight_17 = exp(min(s_17 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_0 += weight_17;
        let s_sum_18 = s_sum_dot_6;
        let s_18 = s_sum_18 * 0.25;
        let weight_18 = exp(min(s_18 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_1 += weight_18;
        let s_sum_19 = s_sum_dot_10;
        let s_19 = s_sum_19 * 0.25;
        let weight_19 = exp(min(s_19 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_2 += weight_19;
        let s_sum_20 = s_sum_dot_14;
        let s_20 = s_sum_20 * 0.25;
        let weight_20 = exp(min(s_20 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_3 += weight_20;
        let s_sum_21 = s_sum_dot_18;
        let s_21 = s_sum_21 * 0.25;
        let weight_21 = exp(min(s_21 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_4 += weight_21;
        let s_sum_22 = s_sum_dot_22;
        let s_22 = s_sum_22 * 0.25;
        let weight_22 = exp(min(s_22 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_5 += weight_22;
        let s_sum_23 = s_sum_dot_26;
        let s_23 = s_sum_23 * 0.25;
        let weight_23 = exp(min(s_23 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_6 += weight_23;
        let s_sum_24 = s_sum_dot_30;
        let s_24 = s_sum_24 * 0.25;
        let weight_24 = exp(min(s_24 - ws_p_m_read[(b * u.H + h) * u.N + i_4], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_4];
        hit_c_7 += weight_24;
        let column_5 = i_first + member + 12;
        let i_5 = min(column_5, u.N - 1);
        let s_sum_25 = s_sum_dot_3;
        let s_25 = s_sum_25 * 0.25;
        let weight_25 = exp(min(s_25 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_0 += weight_25;
        let s_sum_26 = s_sum_dot_7;
        let s_26 = s_sum_26 * 0.25;
        let weight_26 = exp(min(s_26 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_1 += weight_26;
        let s_sum_27 = s_sum_dot_11;
        let s_27 = s_sum_27 * 0.25;
        let weight_27 = exp(min(s_27 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_2 += weight_27;
        let s_sum_28 = s_sum_dot_15;
        let s_28 = s_sum_28 * 0.25;
        let weight_28 = exp(min(s_28 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_3 += weight_28;
        let s_sum_29 = s_sum_dot_19;
        let s_29 = s_sum_29 * 0.25;
        let weight_29 = exp(min(s_29 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_4 += weight_29;
        let s_sum_30 = s_sum_dot_23;
        let s_30 = s_sum_30 * 0.25;
        let weight_30 = exp(min(s_30 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_5 += weight_30;
        let s_sum_31 = s_sum_dot_27;
        let s_31 = s_sum_31 * 0.25;
        let weight_31 = exp(min(s_31 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_6 += weight_31;
        let s_sum_32 = s_sum_dot_31;
        let s_32 = s_sum_32 * 0.25;
        let weight_32 = exp(min(s_32 - ws_p_m_read[(b * u.H + h) * u.N + i_5], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_5];
        hit_c_7 += weight_32;
      } else {
        let column_6 = i_first + member;
        let i_6 = min(column_6, u.N - 1);
        let keep0_0 = (column_6 < u.N) & ((j_0 <= i_6) & ((i_6 - j_0 < u.window) | (j_0 < u.sinks)));
        let s_sum_33 = s_sum_dot_0;
        let s_33 = s_sum_33 * 0.25;
        let weight_33 = select(0.0, exp(min(s_33 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0);
        hit_c_0 += weight_33;
        let keep0_0_2 = (column_6 < u.N) & ((j_1 <= i_6) & ((i_6 - j_1 < u.window) | (j_1 < u.sinks)));
        let s_sum_34 = s_sum_dot_4;
        let s_34 = s_sum_34 * 0.25;
        let weight_34 = select(0.0, exp(min(s_34 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_2);
        hit_c_1 += weight_34;
        let keep0_0_3 = (column_6 < u.N) & ((j_2 <= i_6) & ((i_6 - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_35 = s_sum_dot_8;
        let s_35 = s_sum_35 * 0.25;
        let weight_35 = select(0.0, exp(min(s_35 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_3);
        hit_c_2 += weight_35;
        let keep0_0_4 = (column_6 < u.N) & ((j_3 <= i_6) & ((i_6 - j_3 < u.window) | (j_3 < u.sinks)));
        let s_sum_36 = s_sum_dot_12;
        let s_36 = s_sum_36 * 0.25;
        let weight_36 = select(0.0, exp(min(s_36 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_4);
        hit_c_3 += weight_36;
        let keep0_0_5 = (column_6 < u.N) & ((j_4 <= i_6) & ((i_6 - j_4 < u.window) | (j_4 < u.sinks)));
        let s_sum_37 = s_sum_dot_16;
        let s_37 = s_sum_37 * 0.25;
        let weight_37 = select(0.0, exp(min(s_37 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_5);
        hit_c_4 += weight_37;
        let keep0_0_6 = (column_6 < u.N) & ((j_5 <= i_6) & ((i_6 - j_5 < u.window) | (j_5 < u.sinks)));
        let s_sum_38 = s_sum_dot_20;
        let s_38 = s_sum_38 * 0.25;
        let weight_38 = select(0.0, exp(min(s_38 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_6);
        hit_c_5 += weight_38;
        let keep0_0_7 = (column_6 < u.N) & ((j_6 <= i_6) & ((i_6 - j_6 < u.window) | (j_6 < u.sinks)));
        let s_sum_39 = s_sum_dot_24;
        let s_39 = s_sum_39 * 0.25;
        let weight_39 = select(0.0, exp(min(s_39 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_7);
        hit_c_6 += weight_39;
        let keep0_0_8 = (column_6 < u.N) & ((j_7 <= i_6) & ((i_6 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_40 = s_sum_dot_28;
        let s_40 = s_sum_40 * 0.25;
        let weight_40 = select(0.0, exp(min(s_40 - ws_p_m_read[(b * u.H + h) * u.N + i_6], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_6], keep0_0_8);
        hit_c_7 += weight_40;
        let column_7 = i_first + member + 4;
        let i_7 = min(column_7, u.N - 1);
        let keep0_0_9 = (column_7 < u.N) & ((j_0 <= i_7) & ((i_7 - j_0 < u.window) | (j_0 < u.sinks)));
        let s_sum_41 = s_sum_dot_1;
        let s_41 = s_sum_41 * 0.25;
        let weight_41 = select(0.0, exp(min(s_41 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_9);
        hit_c_0 += weight_41;
        let keep0_0_10 = (column_7 < u.N) & ((j_1 <= i_7) & ((i_7 - j_1 < u.window) | (j_1 < u.sinks)));
        let s_sum_42 = s_sum_dot_5;
        let s_42 = s_sum_42 * 0.25;
        let weight_42 = select(0.0, exp(min(s_42 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_10);
        hit_c_1 += weight_42;
        let keep0_0_11 = (column_7 < u.N) & ((j_2 <= i_7) & ((i_7 - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_43 = s_sum_dot_9;
        let s_43 = s_sum_43 * 0.25;
        let weight_43 = select(0.0, exp(min(s_43 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_11);
        hit_c_2 += weight_43;
        let keep0_0_12 = (column_7 < u.N) & ((j_3 <= i_7) & ((i_7 - j_3 < u.window) | (j_3 < u.sinks)));
        let s_sum_44 = s_sum_dot_13;
        let s_44 = s_sum_44 * 0.25;
        let weight_44 = select(0.0, exp(min(s_44 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_12);
        hit_c_3 += weight_44;
        let keep0_0_13 = (column_7 < u.N) & ((j_4 <= i_7) & ((i_7 - j_4 < u.window) | (j_4 < u.sinks)));
        let s_sum_45 = s_sum_dot_17;
        let s_45 = s_sum_45 * 0.25;
        let weight_45 = select(0.0, exp(min(s_45 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_13);
        hit_c_4 += weight_45;
        let keep0_0_14 = (column_7 < u.N) & ((j_5 <= i_7) & ((i_7 - j_5 < u.window) | (j_5 < u.sinks)));
        let s_sum_46 = s_sum_dot_21;
        let s_46 = s_sum_46 * 0.25;
        let weight_46 = select(0.0, exp(min(s_46 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_14);
        hit_c_5 += weight_46;
        let keep0_0_15 = (column_7 < u.N) & ((j_6 <= i_7) & ((i_7 - j_6 < u.window) | (j_6 < u.sinks)));
        let s_sum_47 = s_sum_dot_25;
        let s_47 = s_sum_47 * 0.25;
        let weight_47 = select(0.0, exp(min(s_47 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_15);
        hit_c_6 += weight_47;
        let keep0_0_16 = (column_7 < u.N) & ((j_7 <= i_7) & ((i_7 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_48 = s_sum_dot_29;
        let s_48 = s_sum_48 * 0.25;
        let weight_48 = select(0.0, exp(min(s_48 - ws_p_m_read[(b * u.H + h) * u.N + i_7], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_7], keep0_0_16);
        hit_c_7 += weight_48;
        let column_8 = i_first + member + 8;
        let i_8 = min(column_8, u.N - 1);
        let keep0_0_17 = (column_8 < u.N) & ((j_0 <= i_8) & ((i_8 - j_0 < u.window) | (j_0 < u.sinks)));
        let s_sum_49 = s_sum_dot_2;
        let s_49 = s_sum_49 * 0.25;
        let weight_49 = select(0.0, exp(min(s_49 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_17);
        hit_c_0 += weight_49;
        let keep0_0_18 = (column_8 < u.N) & ((j_1 <= i_8) & ((i_8 - j_1 < u.window) | (j_1 < u.sinks)));
        let s_sum_50 = s_sum_dot_6;
        let s_50 = s_sum_50 * 0.25;
        let weight_50 = select(0.0, exp(min(s_50 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_18);
        hit_c_1 += weight_50;
        let keep0_0_19 = (column_8 < u.N) & ((j_2 <= i_8) & ((i_8 - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_51 = s_sum_dot_10;
        let s_51 = s_sum_51 * 0.25;
        let weight_51 = select(0.0, exp(min(s_51 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_19);
        hit_c_2 += weight_51;
        let keep0_0_20 = (column_8 < u.N) & ((j_3 <= i_8) & ((i_8 - j_3 < u.window) | (j_3 < u.sinks)));
        let s_sum_52 = s_sum_dot_14;
        let s_52 = s_sum_52 * 0.25;
        let weight_52 = select(0.0, exp(min(s_52 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_20);
        hit_c_3 += weight_52;
        let keep0_0_21 = (column_8 < u.N) & ((j_4 <= i_8) & ((i_8 - j_4 < u.window) | (j_4 < u.sinks)));
        let s_sum_53 = s_sum_dot_18;
        let s_53 = s_sum_53 * 0.25;
        let weight_53 = select(0.0, exp(min(s_53 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_21);
        hit_c_4 += weight_53;
        let keep0_0_22 = (column_8 < u.N) & ((j_5 <= i_8) & ((i_8 - j_5 < u.window) | (j_5 < u.sinks)));
        let s_sum_54 = s_sum_dot_22;
        let s_54 = s_sum_54 * 0.25;
        let weight_54 = select(0.0, exp(min(s_54 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_22);
        hit_c_5 += weight_54;
        let keep0_0_23 = (column_8 < u.N) & ((j_6 <= i_8) & ((i_8 - j_6 < u.window) | (j_6 < u.sinks)));
        let s_sum_55 = s_sum_dot_26;
        let s_55 = s_sum_55 * 0.25;
        let weight_55 = select(0.0, exp(min(s_55 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_23);
        hit_c_6 += weight_55;
        let keep0_0_24 = (column_8 < u.N) & ((j_7 <= i_8) & ((i_8 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_56 = s_sum_dot_30;
        let s_56 = s_sum_56 * 0.25;
        let weight_56 = select(0.0, exp(min(s_56 - ws_p_m_read[(b * u.H + h) * u.N + i_8], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_8], keep0_0_24);
        hit_c_7 += weight_56;
        let column_9 = i_first + member + 12;
        let i_9 = min(column_9, u.N - 1);
        let keep0_0_25 = (column_9 < u.N) & ((j_0 <= i_9) & ((i_9 - j_0 < u.window) | (j_0 < u.sinks)));
        let s_sum_57 = s_sum_dot_3;
        let s_57 = s_sum_57 * 0.25;
        let weight_57 = select(0.0, exp(min(s_57 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_25);
        hit_c_0 += weight_57;
        let keep0_0_26 = (column_9 < u.N) & ((j_1 <= i_9) & ((i_9 - j_1 < u.window) | (j_1 < u.sinks)));
        let s_sum_58 = s_sum_dot_7;
        let s_58 = s_sum_58 * 0.25;
        let weight_58 = select(0.0, exp(min(s_58 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_26);
        hit_c_1 += weight_58;
        let keep0_0_27 = (column_9 < u.N) & ((j_2 <= i_9) & ((i_9 - j_2 < u.window) | (j_2 < u.sinks)));
        let s_sum_59 = s_sum_dot_11;
        let s_59 = s_sum_59 * 0.25;
        let weight_59 = select(0.0, exp(min(s_59 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_27);
        hit_c_2 += weight_59;
        let keep0_0_28 = (column_9 < u.N) & ((j_3 <= i_9) & ((i_9 - j_3 < u.window) | (j_3 < u.sinks)));
        let s_sum_60 = s_sum_dot_15;
        let s_60 = s_sum_60 * 0.25;
        let weight_60 = select(0.0, exp(min(s_60 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_28);
        hit_c_3 += weight_60;
        let keep0_0_29 = (column_9 < u.N) & ((j_4 <= i_9) & ((i_9 - j_4 < u.window) | (j_4 < u.sinks)));
        let s_sum_61 = s_sum_dot_19;
        let s_61 = s_sum_61 * 0.25;
        let weight_61 = select(0.0, exp(min(s_61 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_29);
        hit_c_4 += weight_61;
        let keep0_0_30 = (column_9 < u.N) & ((j_5 <= i_9) & ((i_9 - j_5 < u.window) | (j_5 < u.sinks)));
        let s_sum_62 = s_sum_dot_23;
        let s_62 = s_sum_62 * 0.25;
        let weight_62 = select(0.0, exp(min(s_62 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_30);
        hit_c_5 += weight_62;
        let keep0_0_31 = (column_9 < u.N) & ((j_6 <= i_9) & ((i_9 - j_6 < u.window) | (j_6 < u.sinks)));
        let s_sum_63 = s_sum_dot_27;
        let s_63 = s_sum_63 * 0.25;
        let weight_63 = select(0.0, exp(min(s_63 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_31);
        hit_c_6 += weight_63;
        let keep0_0_32 = (column_9 < u.N) & ((j_7 <= i_9) & ((i_9 - j_7 < u.window) | (j_7 < u.sinks)));
        let s_sum_64 = s_sum_dot_31;
        let s_64 = s_sum_64 * 0.25;
        let weight_64 = select(0.0, exp(min(s_64 - ws_p_m_read[(b * u.H + h) * u.N + i_9], 88.0))
            / ws_p_sum_read[(b * u.H + h) * u.N + i_9], keep0_0_32);
        hit_c_7 += weight_64;
      }
    }
    i_done = max(i_done, i_to);
  }
  workgroupBarrier();
  exchange_2[lane] = hit_c_0;
  exchange_2[lane + 64] = hit_c_1;
  exchange_2[lane + 128] = hit_c_2;
  exchange_2[lane + 192] = hit_c_3;
  exchange_2[lane + 256] = hit_c_4;
  exchange_2[lane + 320] = hit_c_5;
  exchange_2[lane + 384] = hit_c_6;
  exchange_2[lane + 448] = hit_c_7;
  workgroupBarrier();
  hit_c_0 = 0.0;
  for (var hit_c_0_from = 0; hit_c_0_from < 4; hit_c_0_from++) {
    hit_c_0 += exchange_2[group_2 * 4 + hit_c_0_from];
  }
  hit_c_1 = 0.0;
  for (var hit_c_1_from = 0; hit_c_1_from < 4; hit_c_1_from++) {
    hit_c_1 += exchange_2[group_2 * 4 + hit_c_1_from + 64];
  }
  hit_c_2 = 0.0;
  for (var hit_c_2_from = 0; hit_c_2_from < 4; hit_c_2_from++) {
    hit_c_2 += exchange_2[group_2 * 4 + hit_c_2_from + 128];
  }
  hit_c_3 = 0.0;
  for (var hit_c_3_from = 0; hit_c_3_from < 4; hit_c_3_from++) {
    hit_c_3 += exchange_2[group_2 * 4 + hit_c_3_from + 192];
  }
  hit_c_4 = 0.0;
  for (var hit_c_4_from = 0; hit_c_4_from < 4; hit_c_4_from++) {
    hit_c_4 += exchange_2[group_2 * 4 + hit_c_4_from + 256];
  }
  hit_c_5 = 0.0;
  for (var hit_c_5_from = 0; hit_c_5_from < 4; hit_c_5_from++) {
    hit_c_5 += exchange_2[group_2 * 4 + hit_c_5_from + 320];
  }
  hit_c_6 = 0.0;
  for (var hit_c_6_from = 0; hit_c_6_from < 4; hit_c_6_from++) {
    hit_c_6 += exchange_2[group_2 * 4 + hit_c_6_from + 384];
  }
  hit_c_7 = 0.0;
  for (var hit_c_7_from = 0; hit_c_7_from < 4; hit_c_7_from++) {
    hit_c_7 += exchange_2[group_2 * 4 + hit_c_7_from + 448];
  }
  let hit_0 = hit_c_0;
  let hit_1 = hit_c_1;
  let hit_2 = hit_c_2;
  let hit_3 = hit_c_3;
  let hit_4 = hit_c_4;
  let hit_5 = hit_c_5;
  let hit_6 = hit_c_6;
  let hit_7 = hit_c_7;
  if row_0 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_0] = hit_0;
  }
  if row_1 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_1] = hit_1;
  }
  if row_2 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_2] = hit_2;
  }
  if row_3 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_3] = hit_3;
  }
  if row_4 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_4] = hit_4;
  }
  if row_5 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_5] = hit_5;
  }
  if row_6 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_6] = hit_6;
  }
  if row_7 < u.M && member == 0 {
    hit[(b * u.H + h) * u.M + j_7] = hit_7;
  }
}
