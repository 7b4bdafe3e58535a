/**
 * ONNX Runtime Web's WebGPU provider. Its kernels for adapters with subgroups assume sizes that software devices do not
 * have and give wrong results there (see `max_error`), so it is measured with subgroups hidden as well.
 */
import { pathToFileURL } from 'node:url';
import { WIDTH } from '../attention.ts';
import { attentionModel } from './onnx-model.ts';
import { importPeer, peerFolder, showGpu, swapOrder, type Peer } from './peer.ts';

interface OrtTensor {
  getData(): Promise<Float32Array>;
  dispose(): void;
}
interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
interface Ort {
  readonly env: {
    readonly wasm: { numThreads: number; wasmPaths: string };
    readonly webgpu: { readonly device: Promise<GPUDevice> };
  };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: { fromGpuBuffer(buffer: GPUBuffer, o: object): OrtTensor };
}

/** Dawn under Node takes no views of shared memory, which is what a WebAssembly module with threads has. */
function copySharedViews(probe: GPUDevice): void {
  const queue = Object.getPrototypeOf(probe.queue) as GPUQueue;
  const write = queue.writeBuffer as (this: GPUQueue, ...args: unknown[]) => undefined;
  queue.writeBuffer = function (this: GPUQueue, ...args: unknown[]): undefined {
    const [buffer, at, data, from = 0, size] = args as [GPUBuffer, number, unknown, number?, number?];
    if (!ArrayBuffer.isView(data) || !(data.buffer instanceof SharedArrayBuffer)) {
      write.apply(this, args);
      return;
    }
    const each = data instanceof DataView ? 1 : (data as Uint8Array).BYTES_PER_ELEMENT;
    const length = size === undefined ? data.byteLength - from * each : size * each;
    write.call(this, buffer, at, new Uint8Array(data.buffer, data.byteOffset + from * each, length).slice());
  };
}

/** A process has one device of it, so only one of both kinds can be measured. */
export const onnxruntimePeer = (probe: GPUDevice, subgroups: boolean): Peer => ({
  name: subgroups ? 'onnxruntime' : 'onnxruntime without subgroups',
  async prepare(shape, tensors) {
    copySharedViews(probe);
    showGpu(subgroups ? [] : ['subgroups', 'subgroup-size-control']);
    const ort = await importPeer<Ort>('onnxruntime-web/dist/ort.webgpu.mjs');
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = `${pathToFileURL(peerFolder('onnxruntime-web/dist')).href}/`;
    const outputs = ['y', ...(shape.causal ? ['keys', 'values'] : [])];
    const session = await ort.InferenceSession.create(await attentionModel(shape), {
      executionProviders: ['webgpu'],
      preferredOutputLocation: Object.fromEntries(outputs.map((n) => [n, 'gpu-buffer'])),
    });
    const device = await ort.env.webgpu.device;
    const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const buffers: GPUBuffer[] = [];
    const upload = (x: Float32Array): OrtTensor => {
      const usage = STORAGE | COPY_DST | COPY_SRC;
      const buffer = device.createBuffer({ size: x.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, swapOrder(x, shape.heads, shape.rows) as Float32Array<ArrayBuffer>);
      buffers.push(buffer);
      return ort.Tensor.fromGpuBuffer(buffer, {
        dataType: 'float32',
        dims: [1, shape.rows, shape.heads * WIDTH],
      });
    };
    const feeds = { q: upload(tensors.q), k: upload(tensors.k), v: upload(tensors.v) };
    let last: Record<string, OrtTensor> = {};
    return {
      async run() {
        Object.values(last).forEach((t) => t.dispose());
        const start = performance.now();
        last = await session.run(feeds);
        await device.queue.onSubmittedWorkDone();
        return performance.now() - start;
      },
      output: async () => swapOrder(await last['y']!.getData(), shape.rows, shape.heads),
      destroy: () => {
        buffers.forEach((b) => b.destroy());
        void session.release();
      },
    };
  },
});
