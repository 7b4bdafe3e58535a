/** The function of generated host code that compiles, allocates and launches. */
import type { SourceFile } from 'ts-morph';
import type { Uniform } from '../../src/kernel/kernel.ts';
import { GUARANTEED_BYTES, PACKED_PRODUCTS } from './limits.ts';
import { quoted, type HostParts } from './host-parts.ts';

const F16_CHECK = `\
if (!device.features.has('shader-f16')) throw new Error('the device was made without the feature shader-f16');
`;

const LANGUAGE_CHECK = `\
if (globalThis.navigator?.gpu?.wgslLanguageFeatures.has('${PACKED_PRODUCTS}') === false) {
  throw new Error('the kernels are for a language with ${PACKED_PRODUCTS}');
}
`;

const subgroupCheck = (lanes: number): string => `\
if (!device.features.has('subgroups')) throw new Error('the device was made without the feature subgroups');
${lanes === 1 ? '' : sizeCheck(lanes)}`;

/** Types of WebGPU do not know the feature. */
const MATRIX_CHECK = `\
if (!(device.features as ReadonlySet<string>).has('chromium-experimental-subgroup-matrix')) {
  throw new Error('the device was made without the feature chromium-experimental-subgroup-matrix');
}
`;

const sizeCheck = (lanes: number): string => `\
if (!((device.adapterInfo.subgroupMinSize ?? 0) >= ${lanes})) {
  throw new Error('the kernels are for devices whose subgroups have at least ${lanes} lanes');
}
`;

const memoryCheck = (bytes: number): string => `\
if (device.limits.maxComputeWorkgroupStorageSize < ${bytes}) {
  throw new Error('the device was made for less than ${bytes} bytes of workgroup memory');
}
`;

export function addCreate(
  file: SourceFile,
  { name, sizes, params, manifest, program, needsF16, needsPackedProducts }: HostParts,
): void {
  const { subgroup } = manifest;
  const bytes = Math.max(0, ...manifest.launches.map((l) => l.sharedBytes));
  const uniforms = manifest.launches.find((l) => l.uniformBinding !== undefined)?.uniforms ?? [];
  const setters = uniforms.map((u) => {
    const from = sizes.some((x) => x.name === u.name) ? 'sizes' : 'params';
    const value = `${from}[${quoted(u.name)}]`;
    if (u.type === 'f32') return `view.setFloat32(${u.offset}, ${value}, true);`;
    if (u.type === 'u32') return `view.setUint32(${u.offset}, ${value}, true);`;
    return `view.setInt32(${u.offset}, ${u.type === 'bool' ? `${value} ? 1 : 0` : value}, true);`;
  });
  const ints = params.filter((u) => u.type === 'i32' || u.type === 'u32');
  file.addFunction({
    name: `create${name}`,
    isExported: true,
    isAsync: true,
    docs: [
      `Compiles ${program.name} for a device and makes its buffers. Throws RangeError for sizes that cannot be.`,
    ],
    parameters: [
      { name: 'device', type: 'GPUDevice' },
      { name: 'options', type: `{ readonly sizes: ${name}Sizes }` },
    ],
    returnType: `Promise<${name}>`,
    statements: `${needsF16 ? F16_CHECK : ''}${needsPackedProducts ? LANGUAGE_CHECK : ''}${subgroup ? subgroupCheck(subgroup) : ''}${manifest.matrixUnits ? MATRIX_CHECK : ''}${bytes > GUARANTEED_BYTES ? memoryCheck(bytes) : ''}${createBody(name, params, ints, setters, uniforms.length)}`,
  });
}

function createBody(
  name: string,
  params: readonly Uniform[],
  ints: readonly Uniform[],
  setters: readonly string[],
  uniformCount: number,
): string {
  const uniformBytes = Math.max(16, Math.ceil((4 * uniformCount) / 16) * 16);
  const hasUniforms = uniformCount > 0;
  return `\
const { sizes } = options;
checkSizes({ ...sizes }, SIZES);
const shapes = shapesOf(sizes);
const specs = { ...INPUTS, ...OUTPUTS, ...WORKSPACE };
const bytes = new Map(Object.entries(specs).map(([name, spec]) => [name, byteLength(device, name, spec, shapes[name]!)]));
const visibility = GPUShaderStage.COMPUTE;
const module = device.createShaderModule({ label: '${name}', code: SOURCE });
const { messages } = await module.getCompilationInfo();
const problem = messages.find((m) => m.type === 'error');
if (problem) throw new Error(\`${name}: the device refuses the shader at line \${problem.lineNum}: \${problem.message}\`);
// Launches of one kernel differ in their tensors alone: it is compiled once.
const kernels = new Map<string, Promise<{ readonly layout: GPUBindGroupLayout; readonly pipeline: GPUComputePipeline }>>();
for (const launch of LAUNCHES) {
  if (kernels.has(launch.entry)) continue;
  const compile = async () => {
    const layout = device.createBindGroupLayout({
      entries: [
        ...(launch.uniforms ? [{ binding: 0, visibility, buffer: { type: 'uniform' as const } }] : []),
        ...launch.bindings.map(({ binding, reads }) => ({
          binding,
          visibility,
          buffer: { type: reads ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    const pipeline = await device.createComputePipelineAsync({
      label: launch.entry,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: launch.entry },
    });
    return { layout, pipeline };
  };
  kernels.set(launch.entry, compile());
}
const launches = await Promise.all(
  LAUNCHES.map(async (launch) => {
    const kernel = await kernels.get(launch.entry)!;
    const workgroups = launch.workgroups(sizes);
    const y = Math.ceil(workgroups / MAX_GRID);
    return { ...launch, ...kernel, x: y === 0 ? 0 : Math.ceil(workgroups / y), y };
  }),
);
const owned: GPUBuffer[] = [];
const make = (label: string, size: number, usage: number): GPUBuffer => {
  const buffer = device.createBuffer({ label, size, usage });
  owned.push(buffer);
  return buffer;
};
const STORED = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const buffers = new Map<string, GPUBuffer>();
for (const name of [...Object.keys(OUTPUTS), ...Object.keys(WORKSPACE)]) {
  buffers.set(name, make(name, paddedLength(bytes.get(name)!), STORED));
}
const uploads = new Map<string, GPUBuffer>();
${hasUniforms ? `const uniforms = make('uniforms', ${uniformBytes}, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);` : ''}
const resolve = (name: string, given: unknown): { readonly buffer: GPUBuffer; readonly data?: Uint8Array } => {
  const spec = INPUTS[name]!;
  const shape = shapes[name]!;
  if (ArrayBuffer.isView(given)) {
    const data = encode(name, spec, given, elementCount(shape), shape);
    const buffer = uploads.get(name) ?? make(name, data.byteLength, STORED);
    uploads.set(name, buffer);
    return { buffer, data };
  }
  if (typeof given !== 'object' || given === null || !('size' in given)) {
    throw new TypeError(\`input \${name} is missing: give a GPUBuffer or a typed array\`);
  }
  const buffer = given as GPUBuffer;
  const needed = paddedLength(bytes.get(name)!);
  if (buffer.size < needed) {
    throw new RangeError(\`\${name} has \${buffer.size} bytes, \${spec.dims} = [\${shape.join(', ')}] needs \${needed}\`);
  }
  if ((buffer.usage & GPUBufferUsage.STORAGE) === 0) throw new TypeError(\`\${name} needs the usage GPUBufferUsage.STORAGE\`);
  return { buffer };
};
const result = Object.fromEntries(Object.keys(OUTPUTS).map((name) => [name, buffers.get(name)!])) as unknown as ${name}Outputs;
return {
  run(inputs${params.length > 0 ? ', params' : ''}) {
    const given = inputs as unknown as Readonly<Record<string, unknown>>;
    const bound = Object.keys(INPUTS).map((name) => ({ name, ...resolve(name, given[name]) }));
${params.map((u) => checkParam(u, ints.includes(u))).join('')}\
    for (const { name, buffer, data } of bound) {
      buffers.set(name, buffer);
      if (data) device.queue.writeBuffer(buffer, 0, data);
    }
${hasUniforms ? `    const view = new DataView(new ArrayBuffer(${uniformBytes}));\n${setters.map((l) => `    ${l}\n`).join('')}    device.queue.writeBuffer(uniforms, 0, view.buffer);\n` : ''}\
    const encoder = device.createCommandEncoder({ label: '${name}' });
    for (const launch of launches) {
      if (launch.x === 0) continue;
      const group = device.createBindGroup({
        layout: launch.layout,
        entries: [
${hasUniforms ? '          ...(launch.uniforms ? [{ binding: 0, resource: { buffer: uniforms } }] : []),\n' : ''}\
          ...launch.bindings.map(({ tensor, binding }) => ({ binding, resource: { buffer: buffers.get(tensor)! } })),
        ],
      });
      const pass = encoder.beginComputePass({ label: launch.name });
      pass.setPipeline(launch.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(launch.x, launch.y);
      pass.end();
    }
    device.queue.submit([encoder.finish()]);
    return result;
  },
  async read(output) {
    const spec = OUTPUTS[output]!;
    const buffer = buffers.get(output)!;
    const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = decode(spec.storage, staging.getMappedRange().slice(0), elementCount(shapes[output]!));
    staging.destroy();
    return values as never;
  },
  destroy() {
    for (const buffer of owned) buffer.destroy();
  },
};`;
}

/** Params are checked like sizes, so that a typo does not become a zero on the device. */
function checkParam(u: Uniform, integer: boolean): string {
  if (u.type === 'bool') return '';
  const value = `params[${quoted(u.name)}]`;
  const test = integer ? `!Number.isInteger(${value})` : `typeof ${value} !== 'number'`;
  const wanted = integer ? 'a whole number' : 'a number';
  return `    if (${test}) throw new RangeError(\`param ${u.name} must be ${wanted}, not \${String(${value})}\`);\n`;
}
