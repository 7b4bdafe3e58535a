// rope: WGSL made by attnc.

struct Uniforms {
  B: i32,
  H: i32,
  N: i32,
  M: i32,
  base: f32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;

@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> v_vec4: array<vec4<f32>>;

// Stands for infinity in registers: WGSL lets a compiler assume that there is none.
const INFINITY = 3.0e38;

var<workgroup> q_rows: array<vec4<f32>, 320>;
var<workgroup> tile: array<vec4<f32>, 80>;
var<workgroup> shown_weights: array<vec4<f32>, 256>;
var<workgroup> exchange: array<f32, 256>;

fn div_or_zero(a: i32, b: i32) -> i32 {
  return select(a / b, 0, b == 0);
}

fn rem_or_zero(a: i32, b: i32) -> i32 {
  return select(a % b, 0, b == 0);
}

// sin(x + turns * π/2). The nearest multiple of π/2 leaves x in four steps whose products are exact.
fn turned_sine(x: f32, turns: i32) -> f32 {
  let n = round(x * 0.63661975);
  let r = (((x - n * 1.5703125) - n * 0.0004825592) - n * 1.2665987e-6) - n * 9.920936e-10;
  let z = r * r;
  let s = r + r * z * (-0.16666667 + z * (0.008333329 + z * (-0.00019839258 + z * 2.7175681e-6)));
  let c = 1.0 - 0.5 * z + z * z * (0.041666646 + z * (-0.0013887306 + z * 0.000024431241));
  let quarter = i32(n) + turns;
  let value = select(s, c, (quarter & 1) == 1);
  return select(value, -value, (quarter & 2) == 2);
}

fn sin_f32(x: f32) -> f32 {
  return turned_sine(x, 0);
}

fn cos_f32(x: f32) -> f32 {
  return turned_sine(x, 1);
}

// x ** y. A negative x needs a whole y; other cases have no real value and give 0.
fn power(x: f32, y: f32) -> f32 {
  let size = exp2(clamp(y * log2(max(abs(x), 1.2e-38)), -160.0, 127.0));
  let odd = y * 0.5 != floor(y * 0.5);
  let negative = select(0.0, select(size, -size, odd), y == floor(y));
  let zero = select(3.0e38, 0.0, y > 0.0);
  let value = select(select(negative, size, x > 0.0), zero, x == 0.0);
  return select(value, 1.0, y == 0.0);
}

@compute @workgroup_size(64)
fn rope(
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
    let q_value = q[((b * u.H + h) * u.N + i) * 16 + min((piece * 4) ^ 1, 15)];
    let q_value_2 = q[((b * u.H + h) * u.N + i) * 16 + min((piece * 4 + 1) ^ 1, 15)];
    let q_value_3 = q[((b * u.H + h) * u.N + i) * 16 + min((piece * 4 + 2) ^ 1, 15)];
    let q_value_4 = q[((b * u.H + h) * u.N + i) * 16 + min((piece * 4 + 3) ^ 1, 15)];
    q_rows[tile_row * 5 + piece] = vec4<f32>(q[((b * u.H + h) * u.N + i) * 16 + piece * 4]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32(piece * 4 / 2) / 16.0))
        + select(q_value, -q_value, piece * 4 % 2 == 0)
        * sin_f32(f32(i) * power(u.base, -2.0 * f32(piece * 4 / 2) / 16.0)),
        q[((b * u.H + h) * u.N + i) * 16 + piece * 4 + 1]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 1) / 2) / 16.0))
        + select(q_value_2, -q_value_2, (piece * 4 + 1) % 2 == 0)
        * sin_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 1) / 2) / 16.0)),
        q[((b * u.H + h) * u.N + i) * 16 + piece * 4 + 2]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 2) / 2) / 16.0))
        + select(q_value_3, -q_value_3, (piece * 4 + 2) % 2 == 0)
        * sin_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 2) / 2) / 16.0)),
        q[((b * u.H + h) * u.N + i) * 16 + piece * 4 + 3]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 3) / 2) / 16.0))
        + select(q_value_4, -q_value_4, (piece * 4 + 3) % 2 == 0)
        * sin_f32(f32(i) * power(u.base, -2.0 * f32((piece * 4 + 3) / 2) / 16.0)));
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
  var y_c_0 = 0.0;
  var y_c_1 = 0.0;
  var y_c_2 = 0.0;
  var y_c_3 = 0.0;
  var y_c_4 = 0.0;
  var y_c_5 = 0.0;
  var y_c_6 = 0.0;
  var y_c_7 = 0.0;
  var y_c_8 = 0.0;
  var y_c_9 = 0.0;
  var y_c_10 = 0.0;
  var y_c_11 = 0.0;
  var y_c_12 = 0.0;
  var y_c_13 = 0.0;
  var y_c_14 = 0.0;
  var y_c_15 = 0.0;
  let i_last = min(row_first + 64, u.N) - 1;
  let j_past = min(i_last + 1, u.M);
  let j_tile_end = (j_past + 15) / 16;
  for (var j_tile = 0; j_tile < j_tile_end; j_tile++) {
    let j_first = j_tile * 16;
    let j_last = min(j_first + 16, u.M) - 1;
    workgroupBarrier();
    for (var part_2 = 0; part_2 < 1; part_2++) {
      let tile_row_2 = (part_2 * 64 + lane) / 4;
      let piece_2 = (part_2 * 64 + lane) % 4;
      let column = j_first + tile_row_2;
      let j = min(column, u.M - 1);
      let k_value = k[((b * u.H + h) * u.M + j) * 16 + min((piece_2 * 4) ^ 1, 15)];
      let k_value_2 = k[((b * u.H + h) * u.M + j) * 16 + min((piece_2 * 4 + 1) ^ 1, 15)];
      let k_value_3 = k[((b * u.H + h) * u.M + j) * 16 + min((piece_2 * 4 + 2) ^ 1, 15)];
      let k_value_4 = k[((b * u.H + h) * u.M + j) * 16 + min((piece_2 * 4 + 3) ^ 1, 15)];
      tile[tile_row_2 * 5 + piece_2] = vec4<f32>(k[((b * u.H + h) * u.M + j) * 16 + piece_2 * 4]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32(piece_2 * 4 / 2) / 16.0))
          + select(k_value, -k_value, piece_2 * 4 % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32(piece_2 * 4 / 2) / 16.0)),
          k[((b * u.H + h) * u.M + j) * 16 + piece_2 * 4 + 1]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 1) / 2) / 16.0))
          + select(k_value_2, -k_value_2, (piece_2 * 4 + 1) % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 1) / 2) / 16.0)),
          k[((b * u.H + h) * u.M + j) * 16 + piece_2 * 4 + 2]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 2) / 2) / 16.0))
          + select(k_value_3, -k_value_3, (piece_2 * 4 + 2) % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 2) / 2) / 16.0)),
          k[((b * u.H + h) * u.M + j) * 16 + piece_2 * 4 + 3]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 3) / 2) / 16.0))
          + select(k_value_4, -k_value_4, (piece_2 * 4 + 3) % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32((piece_2 * 4 + 3) / 2) / 16.0)));
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
      let piece_value = v_vec4[((b * u.H + h) * u.M + j_2) * 4 + piece_4];
      tile[tile_row_3 * 5 + piece_4] = vec4<f32>(piece_value.x, piece_value.y, piece_value.z, piece_value.w);
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
      let keep0_0 = (column_7 < u.M) & (j_7 <= i_0);
      let s_sum_17 = s_sum_dot_0;
      let kept_17 = select(-1.5e38, s_sum_17, keep0_0);
      p_m_c_0 = max(p_m_c_0, kept_17);
      let keep0_0_2 = (column_7 < u.M) & (j_7 <= i_1);
      let s_sum_18 = s_sum_dot_4;
      let kept_18 = select(-1.5e38, s_sum_18, keep0_0_2);
      p_m_c_1 = max(p_m_c_1, kept_18);
      let keep0_0_3 = (column_7 < u.M) & (j_7 <= i_2);
      let s_sum_19 = s_sum_dot_8;
      let kept_19 = select(-1.5e38, s_sum_19, keep0_0_3);
      p_m_c_2 = max(p_m_c_2, kept_19);
      let keep0_0_4 = (column_7 < u.M) & (j_7 <= i_3);
      let s_sum_20 = s_sum_dot_12;
      let kept_20 = select(-1.5e38, s_sum_20, keep0_0_4);
      p_m_c_3 = max(p_m_c_3, kept_20);
      let column_8 = j_first + member + 4;
      let j_8 = min(column_8, u.M - 1);
      let keep0_0_5 = (column_8 < u.M) & (j_8 <= i_0);
      let s_sum_21 = s_sum_dot_1;
      let kept_21 = select(-1.5e38, s_sum_21, keep0_0_5);
      p_m_c_0 = max(p_m_c_0, kept_21);
      let keep0_0_6 = (column_8 < u.M) & (j_8 <= i_1);
      let s_sum_22 = s_sum_dot_5;
      let kept_22 = select(-1.5e38, s_sum_22, keep0_0_6);
      p_m_c_1 = max(p_m_c_1, kept_22);
      let keep0_0_7 = (column_8 < u.M) & (j_8 <= i_2);
      let s_sum_23 = s_sum_dot_9;
      let kept_23 = select(-1.5e38, s_sum_23, keep0_0_7);
      p_m_c_2 = max(p_m_c_2, kept_23);
      let keep0_0_8 = (column_8 < u.M) & (j_8 <= i_3);
      let s_sum_24 = s_sum_dot_13;
      let kept_24 = select(-1.5e38, s_sum_24, keep0_0_8);
      p_m_c_3 = max(p_m_c_3, kept_24);
      let column_9 = j_first + member + 8;
      let j_9 = min(column_9, u.M - 1);
      let keep0_0_9 = (column_9 < u.M) & (j_9 <= i_0);
      let s_sum_25 = s_sum_dot_2;
      let kept_25 = select(-1.5e38, s_sum_25, keep0_0_9);
      p_m_c_0 = max(p_m_c_0, kept_25);
      let keep0_0_10 = (column_9 < u.M) & (j_9 <= i_1);
      let s_sum_26 = s_sum_dot_6;
      let kept_26 = select(-1.5e38, s_sum_26, keep0_0_10);
      p_m_c_1 = max(p_m_c_1, kept_26);
      let keep0_0_11 = (column_9 < u.M) & (j_9 <= i_2);
      let s_sum_27 = s_sum_dot_10;
      let kept_27 = select(-1.5e38, s_sum_27, keep0_0_11);
      p_m_c_2 = max(p_m_c_2, kept_27);
      let keep0_0_12 = (column_9 < u.M) & (j_9 <= i_3);
      let s_sum_28 = s_sum_dot_14;
      let kept_28 = select(-1.5e38, s_sum_28, keep0_0_12);
      p_m_c_3 = max(p_m_c_3, kept_28);
      let column_10 = j_first + member + 12;
      let j_10 = min(column_10, u.M - 1);
      let keep0_0_13 = (column_10 < u.M) & (j_10 <= i_0);
      let s_sum_29 = s_sum_dot_3;
      let kept_29 = select(-1.5e38, s_sum_29, keep0_0_13);
      p_m_c_0 = max(p_m_c_0, kept_29);
      let keep0_0_14 = (column_10 < u.M) & (j_10 <= i_1);
      let s_sum_30 = s_sum_dot_7;
      let kept_30 = select(-1.5e38, s_sum_30, keep0_0_14);
      p_m_c_1 = max(p_m_c_1, kept_30);
      let keep0_0_15 = (column_10 < u.M) & (j_10 <= i_2);
      let s_sum_31 = s_sum_dot_11;
      let kept_31 = select(-1.5e38, s_sum_31, keep0_0_15);
      p_m_c_2 = max(p_m_c_2, kept_31);
      let keep0_0_16 = (column_10 < u.M) & (j_10 <= i_3);
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
    y_c_0 *= ref0_0_scale_0;
    y_c_4 *= ref0_0_scale_1;
    y_c_8 *= ref0_0_scale_2;
    y_c_12 *= ref0_0_scale_3;
    y_c_1 *= ref0_0_scale_0;
    y_c_5 *= ref0_0_scale_1;
    y_c_9 *= ref0_0_scale_2;
    y_c_13 *= ref0_0_scale_3;
    y_c_2 *= ref0_0_scale_0;
    y_c_6 *= ref0_0_scale_1;
    y_c_10 *= ref0_0_scale_2;
    y_c_14 *= ref0_0_scale_3;
    y_c_3 *= ref0_0_scale_0;
    y_c_7 *= ref0_0_scale_1;
    y_c_11 *= ref0_0_scale_2;
    y_c_15 *= ref0_0_scale_3;
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
    if j_first + 16 <= u.M && j_last <= row_first {
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
      let keep0_0_17 = (column_15 < u.M) & (j_15 <= i_0);
      let s_sum_49 = s_sum_dot_0;
      let weight_17 = select(0.0, exp2(min(fma(s_sum_49, 0.36067376, -ref0_0_0), 127.0)), keep0_0_17);
      p_sum_c_0 += weight_17;
      weights_0 = weight_17;
      let keep0_0_18 = (column_15 < u.M) & (j_15 <= i_1);
      let s_sum_50 = s_sum_dot_4;
      let weight_18 = select(0.0, exp2(min(fma(s_sum_50, 0.36067376, -ref0_0_1), 127.0)), keep0_0_18);
      p_sum_c_1 += weight_18;
      weights_4 = weight_18;
      let keep0_0_19 = (column_15 < u.M) & (j_15 <= i_2);
      let s_sum_51 = s_sum_dot_8;
      let weight_19 = select(0.0, exp2(min(fma(s_sum_51, 0.36067376, -ref0_0_2), 127.0)), keep0_0_19);
      p_sum_c_2 += weight_19;
      weights_8 = weight_19;
      let keep0_0_20 = (column_15 < u.M) & (j_15 <= i_3);
      let s_sum_52 = s_sum_dot_12;
      let weight_20 = select(0.0, exp2(min(fma(s_sum_52, 0.36067376, -ref0_0_3), 127.0)), keep0_0_20);
      p_sum_c_3 += weight_20;
      weights_12 = weight_20;
      let column_16 = j_first + member + 4;
      let j_16 = min(column_16, u.M - 1);
      let keep0_0_21 = (column_16 < u.M) & (j_16 <= i_0);
      let s_sum_53 = s_sum_dot_1;
      let weight_21 = select(0.0, exp2(min(fma(s_sum_53, 0.36067376, -ref0_0_0), 127.0)), keep0_0_21);
      p_sum_c_0 += weight_21;
      weights_1 = weight_21;
      let keep0_0_22 = (column_16 < u.M) & (j_16 <= i_1);
      let s_sum_54 = s_sum_dot_5;
      let weight_22 = select(0.0, exp2(min(fma(s_sum_54, 0.36067376, -ref0_0_1), 127.0)), keep0_0_22);
      p_sum_c_1 += weight_22;
      weights_5 = weight_22;
      let keep0_0_23 = (column_16 < u.M) & (j_16 <= i_2);
      let s_sum_55 = s_sum_dot_9;
      let weight_23 = select(0.0, exp2(min(fma(s_sum_55, 0.36067376, -ref0_0_2), 127.0)), keep0_0_23);
      p_sum_c_2 += weight_23;
      weights_9 = weight_23;
      let keep0_0_24 = (column_16 < u.M) & (j_16 <= i_3);
      let s_sum_56 = s_sum_dot_13;
      let weight_24 = select(0.0, exp2(min(fma(s_sum_56, 0.36067376, -ref0_0_3), 127.0)), keep0_0_24);
      p_sum_c_3 += weight_24;
      weights_13 = weight_24;
      let column_17 = j_first + member + 8;
      let j_17 = min(column_17, u.M - 1);
      let keep0_0_25 = (column_17 < u.M) & (j_17 <= i_0);
      let s_sum_57 = s_sum_dot_2;
      let weight_25 = select(0.0, exp2(min(fma(s_sum_57, 0.36067376, -ref0_0_0), 127.0)), keep0_0_25);
      p_sum_c_0 += weight_25;
      weights_2 = weight_25;
      let keep0_0_26 = (column_17 < u.M) & (j_17 <= i_1);
      let s_sum_58 = s_sum_dot_6;
      let weight_26 = select(0.0, exp2(min(fma(s_sum_58, 0.36067376, -ref0_0_1), 127.0)), keep0_0_26);
      p_sum_c_1 += weight_26;
      weights_6 = weight_26;
      let keep0_0_27 = (column_17 < u.M) & (j_17 <= i_2);
      let s_sum_59 = s_sum_dot_10;
      let weight_27 = select(0.0, exp2(min(fma(s_sum_59, 0.36067376, -ref0_0_2), 127.0)), keep0_0_27);
      p_sum_c_2 += weight_27;
      weights_10 = weight_27;
      let keep0_0_28 = (column_17 < u.M) & (j_17 <= i_3);
      let s_sum_60 = s_sum_dot_14;
      let weight_28 = select(0.0, exp2(min(fma(s_sum_60, 0.36067376, -ref0_0_3), 127.0)), keep0_0_28);
      p_sum_c_3 += weight_28;
      weights_14 = weight_28;
      let column_18 = j_first + member + 12;
      let j_18 = min(column_18, u.M - 1);
      let keep0_0_29 = (column_18 < u.M) & (j_18 <= i_0);
      let s_sum_61 = s_sum_dot_3;
      let weight_29 = select(0.0, exp2(min(fma(s_sum_61, 0.36067376, -ref0_0_0), 127.0)), keep0_0_29);
      p_sum_c_0 += weight_29;
      weights_3 = weight_29;
      let keep0_0_30 = (column_18 < u.M) & (j_18 <= i_1);
      let s_sum_62 = s_sum_dot_7;
      let weight_30 = select(0.0, exp2(min(fma(s_sum_62, 0.36067376, -ref0_0_1), 127.0)), keep0_0_30);
      p_sum_c_1 += weight_30;
      weights_7 = weight_30;
      let keep0_0_31 = (column_18 < u.M) & (j_18 <= i_2);
      let s_sum_63 = s_sum_dot_11;
      let weight_31 = select(0.0, exp2(min(fma(s_sum_63, 0.36067376, -ref0_0_2), 127.0)), keep0_0_31);
      p_sum_c_2 += weight_31;
      weights_11 = weight_31;
      let keep0_0_32 = (column_18 < u.M) & (j_18 <= i_3);
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
      y_c_0 = fma(weight_33.x, right_5.x, y_c_0);
      y_c_4 = fma(weight_34.x, right_5.x, y_c_4);
      y_c_8 = fma(weight_35.x, right_5.x, y_c_8);
      y_c_12 = fma(weight_36.x, right_5.x, y_c_12);
      y_c_1 = fma(weight_33.x, right_5.y, y_c_1);
      y_c_5 = fma(weight_34.x, right_5.y, y_c_5);
      y_c_9 = fma(weight_35.x, right_5.y, y_c_9);
      y_c_13 = fma(weight_36.x, right_5.y, y_c_13);
      y_c_2 = fma(weight_33.x, right_5.z, y_c_2);
      y_c_6 = fma(weight_34.x, right_5.z, y_c_6);
      y_c_10 = fma(weight_35.x, right_5.z, y_c_10);
      y_c_14 = fma(weight_36.x, right_5.z, y_c_14);
      y_c_3 = fma(weight_33.x, right_5.w, y_c_3);
      y_c_7 = fma(weight_34.x, right_5.w, y_c_7);
      y_c_11 = fma(weight_35.x, right_5.w, y_c_11);
      y_c_15 = fma(weight_36.x, right_5.w, y_c_15);
      let right_6 = tile[(piece_5 + 4) * 5 + member];
      y_c_0 = fma(weight_33.y, right_6.x, y_c_0);
      y_c_4 = fma(weight_34.y, right_6.x, y_c_4);
      y_c_8 = fma(weight_35.y, right_6.x, y_c_8);
      y_c_12 = fma(weight_36.y, right_6.x, y_c_12);
      y_c_1 = fma(weight_33.y, right_6.y, y_c_1);
      y_c_5 = fma(weight_34.y, right_6.y, y_c_5);
      y_c_9 = fma(weight_35.y, right_6.y, y_c_9);
      y_c_13 = fma(weight_36.y, right_6.y, y_c_13);
      y_c_2 = fma(weight_33.y, right_6.z, y_c_2);
      y_c_6 = fma(weight_34.y, right_6.z, y_c_6);
      y_c_10 = fma(weight_35.y, right_6.z, y_c_10);
      y_c_14 = fma(weight_36.y, right_6.z, y_c_14);
      y_c_3 = fma(weight_33.y, right_6.w, y_c_3);
      y_c_7 = fma(weight_34.y, right_6.w, y_c_7);
      y_c_11 = fma(weight_35.y, right_6.w, y_c_11);
      y_c_15 = fma(weight_36.y, right_6.w, y_c_15);
      let right_7 = tile[(piece_5 + 8) * 5 + member];
      y_c_0 = fma(weight_33.z, right_7.x, y_c_0);
      y_c_4 = fma(weight_34.z, right_7.x, y_c_4);
      y_c_8 = fma(weight_35.z, right_7.x, y_c_8);
      y_c_12 = fma(weight_36.z, right_7.x, y_c_12);
      y_c_1 = fma(weight_33.z, right_7.y, y_c_1);
      y_c_5 = fma(weight_34.z, right_7.y, y_c_5);
      y_c_9 = fma(weight_35.z, right_7.y, y_c_9);
      y_c_13 = fma(weight_36.z, right_7.y, y_c_13);
      y_c_2 = fma(weight_33.z, right_7.z, y_c_2);
      y_c_6 = fma(weight_34.z, right_7.z, y_c_6);
      y_c_10 = fma(weight_35.z, right_7.z, y_c_10);
      y_c_14 = fma(weight_36.z, right_7.z, y_c_14);
      y_c_3 = fma(weight_33.z, right_7.w, y_c_3);
      y_c_7 = fma(weight_34.z, right_7.w, y_c_7);
      y_c_11 = fma(weight_35.z, right_7.w, y_c_11);
      y_c_15 = fma(weight_36.z, right_7.w, y_c_15);
      let right_8 = tile[(piece_5 + 12) * 5 + member];
      y_c_0 = fma(weight_33.w, right_8.x, y_c_0);
      y_c_4 = fma(weight_34.w, right_8.x, y_c_4);
      y_c_8 = fma(weight_35.w, right_8.x, y_c_8);
      y_c_12 = fma(weight_36.w, right_8.x, y_c_12);
      y_c_1 = fma(weight_33.w, right_8.y, y_c_1);
      y_c_5 = fma(weight_34.w, right_8.y, y_c_5);
      y_c_9 = fma(weight_35.w, right_8.y, y_c_9);
      y_c_13 = fma(weight_36.w, right_8.y, y_c_13);
      y_c_2 = fma(weight_33.w, right_8.z, y_c_2);
      y_c_6 = fma(weight_34.w, right_8.z, y_c_6);
      y_c_10 = fma(weight_35.w, right_8.z, y_c_10);
      y_c_14 = fma(weight_36.w, right_8.z, y_c_14);
      y_c_3 = fma(weight_33.w, right_8.w, y_c_3);
      y_c_7 = fma(weight_34.w, right_8.w, y_c_7);
      y_c_11 = fma(weight_35.w, right_8.w, y_c_11);
      y_c_15 = fma(weight_36.w, right_8.w, y_c_15);
    }
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
  let y_c_factor_0 = 1.0 / p_sum_0;
  let y_c_factor_1 = 1.0 / p_sum_1;
  let y_c_factor_2 = 1.0 / p_sum_2;
  let y_c_factor_3 = 1.0 / p_sum_3;
  if row_0 < u.N {
    y[((b * u.H + h) * u.N + i_0) * 16 + member * 4] = select(0.0, y_c_factor_0 * y_c_0, p_m_c_0 > -1.5e38);
  }
  if row_1 < u.N {
    y[((b * u.H + h) * u.N + i_1) * 16 + member * 4] = select(0.0, y_c_factor_1 * y_c_4, p_m_c_1 > -1.5e38);
  }
  if row_2 < u.N {
    y[((b * u.H + h) * u.N + i_2) * 16 + member * 4] = select(0.0, y_c_factor_2 * y_c_8, p_m_c_2 > -1.5e38);
  }
  if row_3 < u.N {
    y[((b * u.H + h) * u.N + i_3) * 16 + member * 4] = select(0.0, y_c_factor_3 * y_c_12, p_m_c_3 > -1.5e38);
  }
  if row_0 < u.N {
    y[((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 1] =
        select(0.0, y_c_factor_0 * y_c_1, p_m_c_0 > -1.5e38);
  }
  if row_1 < u.N {
    y[((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 1] =
        select(0.0, y_c_factor_1 * y_c_5, p_m_c_1 > -1.5e38);
  }
  if row_2 < u.N {
    y[((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 1] =
        select(0.0, y_c_factor_2 * y_c_9, p_m_c_2 > -1.5e38);
  }
  if row_3 < u.N {
    y[((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 1] =
        select(0.0, y_c_factor_3 * y_c_13, p_m_c_3 > -1.5e38);
  }
  if row_0 < u.N {
    y[((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 2] =
        select(0.0, y_c_factor_0 * y_c_2, p_m_c_0 > -1.5e38);
  }
  if row_1 < u.N {
    y[((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 2] =
        select(0.0, y_c_factor_1 * y_c_6, p_m_c_1 > -1.5e38);
  }
  if row_2 < u.N {
    y[((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 2] =
        select(0.0, y_c_factor_2 * y_c_10, p_m_c_2 > -1.5e38);
  }
  if row_3 < u.N {
    y[((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 2] =
        select(0.0, y_c_factor_3 * y_c_14, p_m_c_3 > -1.5e38);
  }
  if row_0 < u.N {
    y[((b * u.H + h) * u.N + i_0) * 16 + member * 4 + 3] =
        select(0.0, y_c_factor_0 * y_c_3, p_m_c_0 > -1.5e38);
  }
  if row_1 < u.N {
    y[((b * u.H + h) * u.N + i_1) * 16 + member * 4 + 3] =
        select(0.0, y_c_factor_1 * y_c_7, p_m_c_1 > -1.5e38);
  }
  if row_2 < u.N {
    y[((b * u.H + h) * u.N + i_2) * 16 + member * 4 + 3] =
        select(0.0, y_c_factor_2 * y_c_11, p_m_c_2 > -1.5e38);
  }
  if row_3 < u.N {
    y[((b * u.H + h) * u.N + i_3) * 16 + member * 4 + 3] =
        select(0.0, y_c_factor_3 * y_c_15, p_m_c_3 > -1.5e38);
  }
}
