/** The types of generated host code: sizes, params, inputs, outputs, and the object that runs. */
import type { SourceFile } from 'ts-morph';
import type { Uniform } from '../../src/kernel/kernel.ts';
import { dimsText, propertyName, type HostParts } from './host-parts.ts';

/** What a tensor can be given as, by its storage; 16-bit floats also as their bits. */
export const TYPED: Readonly<Record<string, string>> = {
  f32: 'Float32Array',
  f16: 'Float32Array | Uint16Array',
  bf16: 'Float32Array | Uint16Array',
  e4m3: 'Uint8Array',
  e5m2: 'Uint8Array',
  i32: 'Int32Array',
  i8: 'Int8Array',
  u32: 'Uint32Array',
  u8: 'Uint8Array',
  bool: 'Uint8Array',
};
/** What is read back. */
export const READ: Readonly<Record<string, string>> = { ...TYPED, f16: 'Float32Array', bf16: 'Float32Array' };

export function addTypes(file: SourceFile, { name, sizes, params, manifest }: HostParts): void {
  const number = (u: Uniform) => ({
    name: propertyName(u.name),
    type: u.type === 'bool' ? 'boolean' : 'number',
    isReadonly: true,
  });
  file.addInterface({ name: `${name}Sizes`, isExported: true, properties: sizes.map(number) });
  if (params.length > 0) {
    file.addInterface({ name: `${name}Params`, isExported: true, properties: params.map(number) });
  }
  file.addInterface({
    name: `${name}Inputs`,
    isExported: true,
    docs: [
      'Tensors as buffers, or as typed arrays that are uploaded; f32 values of 16-bit tensors are rounded.',
    ],
    properties: manifest.inputs.map((t) => ({
      name: propertyName(t.name),
      type: `GPUBuffer | ${TYPED[t.storage]}`,
      isReadonly: true,
      docs: [`${t.storage}${dimsText(t)}`],
    })),
  });
  file.addInterface({
    name: `${name}Outputs`,
    isExported: true,
    docs: ['Buffers that the next run overwrites.'],
    properties: manifest.outputs.map((t) => ({
      name: propertyName(t.name),
      type: 'GPUBuffer',
      isReadonly: true,
      docs: [`${t.storage}${dimsText(t)}`],
    })),
  });
  file.addInterface({
    name: `${name}Values`,
    isExported: true,
    properties: manifest.outputs.map((t) => ({
      name: propertyName(t.name),
      type: READ[t.storage]!,
      isReadonly: true,
    })),
  });
  file.addInterface({
    name,
    isExported: true,
    docs: ['Kernels and buffers for one choice of sizes.'],
    methods: [
      {
        name: 'run',
        docs: ['Enqueues the kernels. Throws before anything is enqueued when a tensor does not fit.'],
        parameters: runParameters(name, params),
        returnType: `${name}Outputs`,
      },
      {
        name: 'read',
        docs: ['Copies an output of the last run; 16-bit floats become f32.'],
        typeParameters: [`K extends keyof ${name}Outputs`],
        parameters: [{ name: 'output', type: 'K' }],
        returnType: `Promise<${name}Values[K]>`,
      },
      { name: 'destroy', docs: ['Frees the buffers that this object made.'], returnType: 'void' },
    ],
  });
}

const runParameters = (name: string, params: readonly Uniform[]) => [
  { name: 'inputs', type: `${name}Inputs` },
  ...(params.length > 0 ? [{ name: 'params', type: `${name}Params` }] : []),
];
