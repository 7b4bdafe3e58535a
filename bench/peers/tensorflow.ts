/** TensorFlow.js: matMul, softmax, matMul, with an added mask where there is one. */
import { WIDTH } from '../attention.ts';
import { requirePeer, showGpu, type Peer } from './peer.ts';

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface Backend {
  readonly device: GPUDevice;
  endComputePassEncoder(): void;
  submitQueue(): void;
}
interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  backend(): Backend;
  tensor(x: Float32Array, shape: readonly number[]): Tensor;
  tidy(f: () => Tensor): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  mul(a: Tensor, b: number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  softmax(a: Tensor): Tensor;
}

async function open(): Promise<TensorFlow> {
  showGpu();
  const tf = requirePeer<TensorFlow>('@tensorflow/tfjs-core');
  requirePeer('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  return tf;
}
let opened: Promise<TensorFlow> | undefined;

export const tensorflowPeer: Peer = {
  name: 'tensorflow',
  async prepare({ heads, rows, causal }, tensors) {
    opened ??= open();
    const tf = await opened;
    const backend = tf.backend();
    const upload = (x: Float32Array): Tensor => tf.tensor(x, [heads, rows, WIDTH]);
    const [q, k, v] = [upload(tensors.q), upload(tensors.k), upload(tensors.v)];
    const hidden = Float32Array.from({ length: causal ? rows * rows : 0 }, (_, n) =>
      n % rows > Math.floor(n / rows) ? -1e9 : 0,
    );
    const mask = causal ? tf.tensor(hidden, [1, rows, rows]) : undefined;
    let y: Tensor | undefined;
    return {
      async run() {
        y?.dispose();
        const start = performance.now();
        y = tf.tidy(() => {
          const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(WIDTH));
          return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), v);
        });
        backend.endComputePassEncoder();
        backend.submitQueue();
        await backend.device.queue.onSubmittedWorkDone();
        return performance.now() - start;
      },
      output: () => y!.data(),
      destroy: () => [q, k, v, mask, y].forEach((x) => x?.dispose()),
    };
  },
};
