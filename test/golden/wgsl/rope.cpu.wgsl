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

@compute @workgroup_size(8)
fn rope(
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
    let q_value = q[((b * u.H + h) * u.N + i) * 4 + min(d ^ 1, 3)];
    q_rows[d] = q[((b * u.H + h) * u.N + i) * 4 + d]
        * cos_f32(f32(i) * power(u.base, -2.0 * f32(d / 2) / 4.0))
        + select(q_value, -q_value, d % 2 == 0) * sin_f32(f32(i) * power(u.base, -2.0 * f32(d / 2) / 4.0));
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
      let k_value = k[((b * u.H + h) * u.M + j) * 4 + min(k_2 ^ 1, 3)];
      let right = k[((b * u.H + h) * u.M + j) * 4 + k_2]
          * cos_f32(f32(j) * power(u.base, -2.0 * f32(k_2 / 2) / 4.0))
          + select(k_value, -k_value, k_2 % 2 == 0)
          * sin_f32(f32(j) * power(u.base, -2.0 * f32(k_2 / 2) / 4.0));
      s_sum_dot_0 = fma(left, right, s_sum_dot_0);
      let k_value_2 = k[((b * u.H + h) * u.M + j_2) * 4 + min(k_2 ^ 1, 3)];
      let right_2 = k[((b * u.H + h) * u.M + j_2) * 4 + k_2]
          * cos_f32(f32(j_2) * power(u.base, -2.0 * f32(k_2 / 2) / 4.0))
          + select(k_value_2, -k_value_2, k_2 % 2 == 0)
          * sin_f32(f32(j_2) * power(u.base, -2.0 * f32(k_2 / 2) / 4.0));
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
        let right_3 = v[((b * u.H + h) * u.M + j) * 4 + e_2];
        sum = fma(weights_0, right_3, sum);
        let right_4 = v[((b * u.H + h) * u.M + j_2) * 4 + e_2];
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
        let right_5 = v[((b * u.H + h) * u.M + j) * 4 + e_4];
        sum_2 = fma(weights_2_0, right_5, sum_2);
        let right_6 = v[((b * u.H + h) * u.M + j_2) * 4 + e_4];
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
      y[((b * u.H + h) * u.N + i) * 4 + e_5] = select(0.0, y_c_factor * y_c[e_5], p_m_c > -1.5e38);
    }
  }
}
