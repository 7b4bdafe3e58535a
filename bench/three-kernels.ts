/**
 * The straightforward way to run attention on WebGPU, as a peer: one kernel writes all scores, one normalises their rows,
 * one sums values. Nothing is fused, every score goes through memory.
 */

export interface ThreeKernelShape {
  readonly heads: number;
  readonly rows: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly causal: boolean;
}

export function threeKernels(s: ThreeKernelShape): string {
  return `
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
const N = ${s.rows}u;
const D = ${s.keyDim}u;
const E = ${s.valueDim}u;

@compute @workgroup_size(8, 8)
fn score(@builtin(global_invocation_id) at: vec3u) {
  if (at.x >= N || at.y >= N) { return; }
  var sum = 0.0;
  for (var d = 0u; d < D; d++) {
    sum += q[(at.z * N + at.y) * D + d] * k[(at.z * N + at.x) * D + d];
  }
  let scaled = sum * ${(1 / Math.sqrt(s.keyDim)).toFixed(9)};
  scores[(at.z * N + at.y) * N + at.x] = ${s.causal ? 'select(-1.0e30, scaled, at.x <= at.y)' : 'scaled'};
}

@compute @workgroup_size(64)
fn normalize_rows(@builtin(global_invocation_id) at: vec3u) {
  if (at.x >= N) { return; }
  let row = (at.y * N + at.x) * N;
  var highest = -3.0e38;
  for (var j = 0u; j < N; j++) { highest = max(highest, scores[row + j]); }
  var total = 0.0;
  for (var j = 0u; j < N; j++) {
    let weight = exp(scores[row + j] - highest);
    scores[row + j] = weight;
    total += weight;
  }
  for (var j = 0u; j < N; j++) { scores[row + j] /= total; }
}

@compute @workgroup_size(8, 8)
fn aggregate(@builtin(global_invocation_id) at: vec3u) {
  if (at.x >= E || at.y >= N) { return; }
  var sum = 0.0;
  for (var j = 0u; j < N; j++) {
    sum += scores[(at.z * N + at.y) * N + j] * v[(at.z * N + j) * E + at.x];
  }
  y[(at.z * N + at.y) * E + at.x] = sum;
}
`;
}

/** Prepares the three kernels on tensors in memory; `run` waits until the device is idle. */
export function prepareThreeKernels(
  device: GPUDevice,
  s: ThreeKernelShape,
  tensors: { readonly q: Float32Array; readonly k: Float32Array; readonly v: Float32Array },
): { run(): Promise<number>; output(): Promise<Float32Array>; destroy(): void } {
  const upload = (data: Float32Array): GPUBuffer => {
    const buffer = device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, 0, new Float32Array(data));
    return buffer;
  };
  const empty = (floats: number): GPUBuffer =>
    device.createBuffer({ size: floats * 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const y = empty(s.heads * s.rows * s.valueDim);
  const buffers = [
    upload(tensors.q),
    upload(tensors.k),
    upload(tensors.v),
    y,
    empty(s.heads * s.rows * s.rows),
  ];
  const module = device.createShaderModule({ code: threeKernels(s) });
  const up = (n: number, by: number): number => Math.ceil(n / by);
  const steps = [
    { entry: 'score', uses: [0, 1, 4], grid: [up(s.rows, 8), up(s.rows, 8), s.heads] },
    { entry: 'normalize_rows', uses: [4], grid: [up(s.rows, 64), s.heads, 1] },
    { entry: 'aggregate', uses: [2, 3, 4], grid: [up(s.valueDim, 8), up(s.rows, 8), s.heads] },
  ].map(({ entry, uses, grid }) => {
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: entry } });
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: uses.map((binding) => ({ binding, resource: { buffer: buffers[binding]! } })),
    });
    return { pipeline, bindings, grid };
  });
  return {
    async run() {
      const start = performance.now();
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, bindings, grid } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindings);
        pass.dispatchWorkgroups(grid[0]!, grid[1], grid[2]);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    },
    async output() {
      const staging = device.createBuffer({
        size: y.size,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(y, 0, staging, 0, y.size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const out = new Float32Array(staging.getMappedRange().slice(0));
      staging.destroy();
      return out;
    },
    destroy: () => buffers.forEach((b) => b.destroy()),
  };
}
