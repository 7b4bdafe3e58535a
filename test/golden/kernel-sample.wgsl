// attention: WGSL made by attnc.

struct Uniforms {
  BH: i32,
  N: i32,
}
@group(0) @binding(0) var<uniform> u: Uniforms;

@group(0) @binding(1) var<storage, read> q: array<u32>; // f16
@group(0) @binding(2) var<storage, read> k: array<u32>; // f16
@group(0) @binding(3) var<storage, read> v: array<u32>; // f16
@group(0) @binding(4) var<storage, read_write> o: array<atomic<u32>>; // f16
@group(0) @binding(5) var<storage, read_write> lse: array<u32>; // f32

// Stands for infinity in registers: WGSL lets a compiler assume that there is none.
const INFINITY = 3.0e38;

var<workgroup> k_tile: array<f32, 512>;
var<workgroup> v_tile: array<f32, 512>;

fn load_q(i: i32) -> f32 {
  return unpack2x16float(q[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn load_k(i: i32) -> f32 {
  return unpack2x16float(k[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn load_v(i: i32) -> f32 {
  return unpack2x16float(v[u32(i) >> 1u] >> (16u * (u32(i) & 1u))).x;
}

fn store_o(i: i32, x: f32) {
  let word = u32(i) >> 1u;
  let shift = 16u * (u32(i) & 1u);
  atomicAnd(&o[word], ~(0xffffu << shift));
  atomicOr(&o[word], f16_bits(x) << shift);
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

// Streaming attention, one row per lane.
@compute @workgroup_size(32)
fn attention(
  @builtin(local_invocation_index) lane_index: u32,
  @builtin(workgroup_id) group_id: vec3<u32>,
  @builtin(num_workgroups) group_count: vec3<u32>,
) {
  let lane = i32(lane_index);
  // More than 65535 workgroups are folded into a second dimension.
  let group = i32(group_id.x + group_id.y * group_count.x);
  if group >= u.BH * ((u.N + 31) / 32) {
    return;
  }
  let head = div_or_zero(group, (u.N + 31) / 32);
  let i = rem_or_zero(group, (u.N + 31) / 32) * 32 + lane;
  var q_row = array<f32, 16>();
  var acc = array<f32, 16>();
  var m = -INFINITY;
  var l = 0.0;
  if i < u.N {
    for (var d = 0; d < 16; d++) {
      q_row[d] = load_q((head * u.N + i) * 16 + d);
    }
  }
  // Keys and values pass through shared memory, one tile at a time.
  for (var start = 0; start < u.N; start += 32) {
    for (var t = lane; t < 32; t += 32) {
      for (var d = 0; d < 16; d++) {
        k_tile[t * 16 + d] = select(0.0, load_k((head * u.N + start + t) * 16 + d), start + t < u.N);
        v_tile[t * 16 + d] = select(0.0, load_v((head * u.N + start + t) * 16 + d), start + t < u.N);
      }
    }
    workgroupBarrier();
    for (var c = 0; c < 32; c++) {
      let j = start + c;
      if j < u.N && j <= i {
        var s = 0.0;
        for (var d = 0; d < 16; d++) {
          s += q_row[d] * k_tile[c * 16 + d];
        }
        s *= 0.25;
        let m_new = max(m, s);
        let w = exp(min(s - m_new, 88.0));
        let rescale = select(0.0, exp(min(m - m_new, 88.0)), l > 0.0);
        l = l * rescale + w;
        for (var e = 0; e < 16; e++) {
          acc[e] = acc[e] * rescale + w * v_tile[c * 16 + e];
        }
        m = m_new;
      }
    }
    workgroupBarrier();
  }
  if i < u.N {
    let scale = select(0.0, 1.0 / l, l > 0.0);
    for (var e = 0; e < 16; e++) {
      store_o((head * u.N + i) * 16 + e, acc[e] * scale);
    }
    lse[head * u.N + i] = bits_with_inf(select(-INFINITY, m + log(l), l > 0.0));
  }
}
