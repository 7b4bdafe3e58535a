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
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Stands for infinity in registers: WGSL lets a compiler assume that there is none.
const INFINITY = 3.0e38;

var<workgroup> k_tile: array<f32, 512>;
var<workgroup> v_tile: array<f32, 512>;

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
  let row = row_first + lane;
  let i = min(row, u.N - 1);
  var q_rows = array<f32, 16>();
  for (var d = 0; d < 16; d++) {
    let q_value = q[((b * u.H + h) * u.N + i) * 16 + min(d ^ 1, 15)];
    q_rows[d] = q[((b * u.H + h) * u.N + i) * 16 + d]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32(d / 2) / 16.0))
        + select(q_value, -q_value, d % 2 == 0) * sin_f32(f32(i) * power(u.base, -2.0 * f32(d / 2) / 16.0));
  }
  var p_m_c = -1.5e38;
  var ref0_0 = -1.5e38;
  var p_sum_c = 0.0;
  var y_c = array<f32, 16>();
  let i_last = min(row_first + 64, u.N) - 1;
  let j_past = min(i_last + 1, u.M);
  let j_tile_end = (j_past + 31) / 32;
  for (var j_tile = 0; j_tile < j_tile_end; j_tile++) {
    let j_first = j_tile * 32;
    let j_last = min(j_first + 32, u.M) - 1;
    workgroupBarrier();
    for (var element = lane; element < 512; element += 64) {
      let tile_row = element / 16;
      let tile_col = element % 16;
      let column = j_first + tile_row;
      let j = min(column, u.M - 1);
      let k_value = k[((b * u.H + h) * u.M + j) * 16 + min(tile_col ^ 1, 15)];
      k_tile[tile_row * 16 + tile_col] = k[((b * u.H + h) * u.M + j) * 16 + tile_col]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32(tile_col / 2) / 16.0))
          + select(k_value, -k_value, tile_col % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32(tile_col / 2) / 16.0));
    }
    for (var element_2 = lane; element_2 < 512; element_2 += 64) {
      let tile_row_2 = element_2 / 16;
      let tile_col_2 = element_2 % 16;
      let column_2 = j_first + tile_row_2;
      let j_2 = min(column_2, u.M - 1);
      v_tile[tile_row_2 * 16 + tile_col_2] = v[((b * u.H + h) * u.M + j_2) * 16 + tile_col_2];
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
        let dot0_left = q_rows[dot0_depth];
        let dot0_right_0 = k_tile[dot0_depth + dot0_first * 16];
        dot0_sum_0 = fma(dot0_left, dot0_right_0, dot0_sum_0);
        let dot0_right_1 = k_tile[dot0_depth + (dot0_first + 1) * 16];
        dot0_sum_1 = fma(dot0_left, dot0_right_1, dot0_sum_1);
        let dot0_right_2 = k_tile[dot0_depth + (dot0_first + 2) * 16];
        dot0_sum_2 = fma(dot0_left, dot0_right_2, dot0_sum_2);
        let dot0_right_3 = k_tile[dot0_depth + (dot0_first + 3) * 16];
        dot0_sum_3 = fma(dot0_left, dot0_right_3, dot0_sum_3);
        let dot0_right_4 = k_tile[dot0_depth + (dot0_first + 4) * 16];
        dot0_sum_4 = fma(dot0_left, dot0_right_4, dot0_sum_4);
        let dot0_right_5 = k_tile[dot0_depth + (dot0_first + 5) * 16];
        dot0_sum_5 = fma(dot0_left, dot0_right_5, dot0_sum_5);
        let dot0_right_6 = k_tile[dot0_depth + (dot0_first + 6) * 16];
        dot0_sum_6 = fma(dot0_left, dot0_right_6, dot0_sum_6);
        let dot0_right_7 = k_tile[dot0_depth + (dot0_first + 7) * 16];
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
    if j_first + 32 <= u.M && j_last <= row_first {
      for (var c = 0; c < 32; c++) {
        let column_3 = j_first + c;
        let j_3 = min(column_3, u.M - 1);
        let s_sum = s_sum_dot[c];
        let kept = s_sum;
        p_m_c = max(p_m_c, kept);
      }
      let ref0_0_next = min(max(p_m_c * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_scale = exp2(min(ref0_0 - ref0_0_next, 127.0));
      ref0_0 = ref0_0_next;
      p_sum_c *= ref0_0_scale;
      for (var e = 0; e < 16; e++) {
        y_c[e] *= ref0_0_scale;
      }
      var weights = array<f32, 32>();
      for (var c_2 = 0; c_2 < 32; c_2++) {
        let column_4 = j_first + c_2;
        let j_4 = min(column_4, u.M - 1);
        let s_sum_2 = s_sum_dot[c_2];
        let weight = exp2(min(fma(s_sum_2, 0.36067376, -ref0_0), 127.0));
        p_sum_c += weight;
        weights[c_2] = weight;
      }
      for (var dot1_first = 0; dot1_first < 16; dot1_first += 8) {
        var dot1_sum_0 = y_c[dot1_first];
        var dot1_sum_1 = y_c[dot1_first + 1];
        var dot1_sum_2 = y_c[dot1_first + 2];
        var dot1_sum_3 = y_c[dot1_first + 3];
        var dot1_sum_4 = y_c[dot1_first + 4];
        var dot1_sum_5 = y_c[dot1_first + 5];
        var dot1_sum_6 = y_c[dot1_first + 6];
        var dot1_sum_7 = y_c[dot1_first + 7];
        for (var dot1_depth = 0; dot1_depth < 32; dot1_depth++) {
          let dot1_left = weights[dot1_depth];
          let dot1_right_0 = v_tile[dot1_depth * 16 + dot1_first];
          dot1_sum_0 = fma(dot1_left, dot1_right_0, dot1_sum_0);
          let dot1_right_1 = v_tile[dot1_depth * 16 + dot1_first + 1];
          dot1_sum_1 = fma(dot1_left, dot1_right_1, dot1_sum_1);
          let dot1_right_2 = v_tile[dot1_depth * 16 + dot1_first + 2];
          dot1_sum_2 = fma(dot1_left, dot1_right_2, dot1_sum_2);
          let dot1_right_3 = v_tile[dot1_depth * 16 + dot1_first + 3];
          dot1_sum_3 = fma(dot1_left, dot1_right_3, dot1_sum_3);
          let dot1_right_4 = v_tile[dot1_depth * 16 + dot1_first + 4];
          dot1_sum_4 = fma(dot1_left, dot1_right_4, dot1_sum_4);
          let dot1_right_5 = v_tile[dot1_depth * 16 + dot1_first + 5];
          dot1_sum_5 = fma(dot1_left, dot1_right_5, dot1_sum_5);
          let dot1_right_6 = v_tile[dot1_depth * 16 + dot1_first + 6];
          dot1_sum_6 = fma(dot1_left, dot1_right_6, dot1_sum_6);
          let dot1_right_7 = v_tile[dot1_depth * 16 + dot1_first + 7];
          dot1_sum_7 = fma(dot1_left, dot1_right_7, dot1_sum_7);
        }
        y_c[dot1_first] = dot1_sum_0;
        y_c[dot1_first + 1] = dot1_sum_1;
        y_c[dot1_first + 2] = dot1_sum_2;
        y_c[dot1_first + 3] = dot1_sum_3;
        y_c[dot1_first + 4] = dot1_sum_4;
        y_c[dot1_first + 5] = dot1_sum_5;
        y_c[dot1_first + 6] = dot1_sum_6;
        y_c[dot1_first + 7] = dot1_sum_7;
      }
    } else {
      for (var c_3 = 0; c_3 < 32; c_3++) {
        let column_5 = j_first + c_3;
        let j_5 = min(column_5, u.M - 1);
        let keep0_0 = (column_5 < u.M) & (j_5 <= i);
        let s_sum_3 = s_sum_dot[c_3];
        let kept_2 = select(-1.5e38, s_sum_3, keep0_0);
        p_m_c = max(p_m_c, kept_2);
      }
      let ref0_0_next_2 = min(max(p_m_c * 0.36067376, -1.5e38), 1.5e38);
      let ref0_0_scale_2 = exp2(min(ref0_0 - ref0_0_next_2, 127.0));
      ref0_0 = ref0_0_next_2;
      p_sum_c *= ref0_0_scale_2;
      for (var e_2 = 0; e_2 < 16; e_2++) {
        y_c[e_2] *= ref0_0_scale_2;
      }
      var weights_2 = array<f32, 32>();
      for (var c_4 = 0; c_4 < 32; c_4++) {
        let column_6 = j_first + c_4;
        let j_6 = min(column_6, u.M - 1);
        let keep0_0_2 = (column_6 < u.M) & (j_6 <= i);
        let s_sum_4 = s_sum_dot[c_4];
        let weight_2 = select(0.0, exp2(min(fma(s_sum_4, 0.36067376, -ref0_0), 127.0)), keep0_0_2);
        p_sum_c += weight_2;
        weights_2[c_4] = weight_2;
      }
      for (var dot2_first = 0; dot2_first < 16; dot2_first += 8) {
        var dot2_sum_0 = y_c[dot2_first];
        var dot2_sum_1 = y_c[dot2_first + 1];
        var dot2_sum_2 = y_c[dot2_first + 2];
        var dot2_sum_3 = y_c[dot2_first + 3];
        var dot2_sum_4 = y_c[dot2_first + 4];
        var dot2_sum_5 = y_c[dot2_first + 5];
        var dot2_sum_6 = y_c[dot2_first + 6];
        var dot2_sum_7 = y_c[dot2_first + 7];
        for (var dot2_depth = 0; dot2_depth < 32; dot2_depth++) {
          let dot2_left = weights_2[dot2_depth];
          let dot2_right_0 = v_tile[dot2_depth * 16 + dot2_first];
          dot2_sum_0 = fma(dot2_left, dot2_right_0, dot2_sum_0);
          let dot2_right_1 = v_tile[dot2_depth * 16 + dot2_first + 1];
          dot2_sum_1 = fma(dot2_left, dot2_right_1, dot2_sum_1);
          let dot2_right_2 = v_tile[dot2_depth * 16 + dot2_first + 2];
          dot2_sum_2 = fma(dot2_left, dot2_right_2, dot2_sum_2);
          let dot2_right_3 = v_tile[dot2_depth * 16 + dot2_first + 3];
          dot2_sum_3 = fma(dot2_left, dot2_right_3, dot2_sum_3);
          let dot2_right_4 = v_tile[dot2_depth * 16 + dot2_first + 4];
          dot2_sum_4 = fma(dot2_left, dot2_right_4, dot2_sum_4);
          let dot2_right_5 = v_tile[dot2_depth * 16 + dot2_first + 5];
          dot2_sum_5 = fma(dot2_left, dot2_right_5, dot2_sum_5);
          let dot2_right_6 = v_tile[dot2_depth * 16 + dot2_first + 6];
          dot2_sum_6 = fma(dot2_left, dot2_right_6, dot2_sum_6);
          let dot2_right_7 = v_tile[dot2_depth * 16 + dot2_first + 7];
          dot2_sum_7 = fma(dot2_left, dot2_right_7, dot2_sum_7);
        }
        y_c[dot2_first] = dot2_sum_0;
        y_c[dot2_first + 1] = dot2_sum_1;
        y_c[dot2_first + 2] = dot2_sum_2;
        y_c[dot2_first + 3] = dot2_sum_3;
        y_c[dot2_first + 4] = dot2_sum_4;
        y_c[dot2_first + 5] = dot2_sum_5;
        y_c[dot2_first + 6] = dot2_sum_6;
        y_c[dot2_first + 7] = dot2_sum_7;
      }
    }
  }
  let p_m = select(-INFINITY, p_m_c * 0.25, p_m_c > -1.5e38);
  let p_sum = p_sum_c;
  let y_c_factor = 1.0 / p_sum;
  for (var e_3 = 0; e_3 < 16; e_3++) {
    if row < u.N {
      y[((b * u.H + h) * u.N + i) * 16 + e_3] = select(0.0, y_c_factor * y_c[e_3], p_m_c > -1.5e38);
    }
  }
}
