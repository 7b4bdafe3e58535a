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

var<workgroup> k_tile: array<f32, 512>;
var<workgroup> v_tile: array<f32, 512>;
var<workgroup> q_tile: array<f32, 512>;

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
  let row = row_first + lane;
  let i = min(row, u.N - 1);
  var q_rows = array<f32, 16>();
  for (var d = 0; d < 16; d++) {
    q_rows[d] = load_q(((b * u.H + h) * u.N + i) * 16 + d);
  }
  var p_m_c = -1.5e38;
  var ref0_0 = -1.5e38;
  var p_sum_c = 0.0;
  var o_c = array<f32, 16>();
  let i_last = min(row_first + 64, u.N) - 1;
  // 32-bit integers cannot overflow in the bounds below
  let fits = f32(u.N) + f32(u.M) + abs(f32(u.window)) + 1.0 < 1073741800.0;
  let j_past = min(i_last + 1, u.M);
  let j_least = max(row_first - u.window + 1, 0);
  let j_past_2 = min(max(min(i_last, u.sinks - 1) + 1, 0), u.M);
  // j runs through 2 ranges of tiles
  let to = select((u.M + 31) / 32, (j_past_2 + 31) / 32, fits);
  let from_2 = select(0, j_least / 32, fits);
  let to_2 = select((u.M + 31) / 32, select(0, (j_past + 31) / 32, (u.window > 0) & (j_least < j_past)),
      fits);
  var j_done = 0;
  for (var j_range = 0; j_range < 2; j_range++) {
    let j_from = max(j_done, select(from_2, 0, j_range == 0));
    let j_to = select(to_2, to, j_range == 0);
    for (var j_tile = j_from; j_tile < j_to; j_tile++) {
      let j_first = j_tile * 32;
      let j_last = min(j_first + 32, u.M) - 1;
      workgroupBarrier();
      for (var element = lane; element < 512; element += 64) {
        let tile_row = element / 16;
        let tile_col = element % 16;
        let column = j_first + tile_row;
        let j = min(column, u.M - 1);
        k_tile[tile_row * 16 + tile_col] = load_k(((b * u.G
            + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j) * 16 + tile_col);
      }
      for (var element_2 = lane; element_2 < 512; element_2 += 64) {
        let tile_row_2 = element_2 / 16;
        let tile_col_2 = element_2 % 16;
        let column_2 = j_first + tile_row_2;
        let j_2 = min(column_2, u.M - 1);
        v_tile[tile_row_2 * 16 + tile_col_2] =
            load_v(((b * u.G + min(div_or_zero(h, div_or_zero(u.H, u.G)), u.G - 1)) * u.M + j_2) * 16
            + tile_col_2);
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
      if fits && j_first + 32 <= u.M && j_last <= row_first
          && (i_last < u.window + max(j_first, u.sinks) || j_last < u.sinks) {
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
          o_c[e] *= ref0_0_scale;
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
          var dot1_sum_0 = o_c[dot1_first];
          var dot1_sum_1 = o_c[dot1_first + 1];
          var dot1_sum_2 = o_c[dot1_first + 2];
          var dot1_sum_3 = o_c[dot1_first + 3];
          var dot1_sum_4 = o_c[dot1_first + 4];
          var dot1_sum_5 = o_c[dot1_first + 5];
          var dot1_sum_6 = o_c[dot1_first + 6];
          var dot1_sum_7 = o_c[dot1_first + 7];
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
          o_c[dot1_first] = dot1_sum_0;
          o_c[dot1_first + 1] = dot1_sum_1;
          o_c[dot1_first + 2] = dot1_sum_2;
          o_c[dot1_first + 3] = dot1_sum_3;
          o_c[dot1_first + 4] = dot1_sum_4;
          o_c[dot1_first + 5] = dot1_sum_5;
          o_c[dot1_first + 6] = dot1_sum_6;
          o_c[dot1_first + 7] = dot1_sum_7;
        }
      } else {
        for (var c_3 = 0; c_3 < 32; c_3++) {
          let column_5 = j_first + c_3;
          let j_5 = min(column_5, u.M - 1);
          let keep0_0 = (column_5 < u.M) & ((j_5 <= i) & ((i - j_5 < u.window) | (j_5 < u.sinks)));
          let s_sum_3 = s_sum_dot[c_3];
          let kept_2 = select(-1.5e38, s_sum_3, keep0_0);
          p_m_c = max(p_m_c, kept_2);
        }
        let ref0_0_next_2 = min(max(p_m_c * 0.36067376, -1.5e38), 1.5e38);
        let ref0_0_scale_2 = exp2(min(ref0_0 - ref0_0_next_2, 127.0));
        ref0_0 = ref0_0_next_2;
        p_sum_c *= ref0_0_scale_2;
        for (var e_2 = 0; e_2 < 16; e_2++) {
          o_c[e_2] *= ref0_0_scale_2;
        }
        var weights_2 = array<f32, 32>();
        for (var c_4 = 0; c_4 < 32; c_4++) {
          let column_6 = j_first + c_4;
          let j_6 = min(column_6, u.M - 1);
          let keep0_0_2 = (column_6 < u.M) & ((j_6 <= i) & ((i - j_6 < u.window) | (j_6 < u.sinks)));
          let s_sum_4 = s_sum_dot[c_4];
          let weight_2 = select(0.0, exp2(min(fma(s_sum_4, 0.36067376, -ref0_0), 127.0)), keep0_0_2);
          p_sum_c += weight_2;
          weights_2[c_4] = weight_2;
        }
        for (var dot2_first = 0; dot2_first < 16; dot2_first += 8) {
          var dot2_sum_0 = o_c[dot2_first];
          var dot2_sum_1 = o_c[dot2_first + 1];
          var dot2_sum_2 = o_c[dot2_first + 2];
          var dot2_sum_3 = o_c[dot2_first + 3];
          var dot2_sum_4 = o_c[dot2_first + 4];
          var dot2_sum_5 = o_c[dot2_first + 5];
          var dot2_sum_6 = o_c[dot2_first + 6];
          var dot2_sum_7 = o_c[dot2_first + 7];
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
          o_c[dot2_first] = dot2_sum_0;
          o_c[dot2_first + 1] = dot2_sum_1;
          o_c[dot2_first + 2] = dot2_sum_2;
          o_c[dot2_first + 3] = dot2_sum_3;
          o_c[dot2_first + 4] = dot2_sum_4;
          o_c[dot2_first + 5] = dot2_sum_5;
          o_c[dot2_first + 6] = dot2_sum_6;
          o_c[dot2_first + 7] = dot2_sum_7;
        }
      }
    }
    j_done = max(j_done, j_to);
  }
  let p_m = select(-INFINITY, p_m_c * 0.25, p_m_c > -1.5e38);
  let p_sum = p_sum_c;
  let o_c_factor = 1.0 / p_sum;
  let lse_any = p_m_c > -1.5e38;
  let lse_2 = select(-INFINITY, p_m + log(p_sum), lse_any);
  for (var e_3 = 0; e_3 < 16; e_3++) {
    if row < u.N {
      let z_value = load_z(((b * u.H + h) * u.N + i) * 16 + e_3);
      store_y(((b * u.H + h) * u.N + i) * 16 + e_3,
          select(0.0, o_c_factor * o_c[e_3], p_m_c > -1.5e38)
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
