/** `@jax-js/jax`: `nn.dotProductAttention`, compiled with `jit`. */
import { WIDTH } from '../attention.ts';
import { importPeer, showGpu, swapOrder, type Peer } from './peer.ts';

interface JaxArray {
  /** The same array with one more owner: every call consumes its arguments. */
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): void;
  blockUntilReady(x: JaxArray): Promise<unknown>;
  jit(
    f: (q: JaxArray, k: JaxArray, v: JaxArray) => JaxArray,
  ): (q: JaxArray, k: JaxArray, v: JaxArray) => JaxArray;
  readonly numpy: { array(x: Float32Array): JaxArray };
  readonly nn: {
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray, o: { isCausal: boolean }): JaxArray;
  };
}

async function open(): Promise<Jax> {
  // It uses methods of iterators that Node has from version 22 on.
  await importPeer('core-js/actual/iterator/index.js');
  showGpu();
  const jax = await importPeer<Jax>('@jax-js/jax/dist/index.js');
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  return jax;
}
let opened: Promise<Jax> | undefined;

export const jaxPeer: Peer = {
  name: 'jax-js',
  async prepare({ heads, rows, causal }, tensors) {
    opened ??= open();
    const jax = await opened;
    const upload = (x: Float32Array): JaxArray =>
      jax.numpy.array(swapOrder(x, heads, rows)).reshape([1, rows, heads, WIDTH]);
    const [q, k, v] = [upload(tensors.q), upload(tensors.k), upload(tensors.v)];
    const attend = jax.jit((a, b, c) => jax.nn.dotProductAttention(a, b, c, { isCausal: causal }));
    let y: JaxArray | undefined;
    return {
      async run() {
        y?.dispose();
        const start = performance.now();
        y = attend(q.ref, k.ref, v.ref);
        await jax.blockUntilReady(y);
        return performance.now() - start;
      },
      output: async () => swapOrder(await y!.ref.data(), rows, heads),
      destroy: () => [q, k, v, y].forEach((x) => x?.dispose()),
    };
  },
};
