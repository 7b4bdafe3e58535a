/** Which peers a run measures. */
import type { Webgpu } from '../../src/runtime/webgpu-device.ts';
import { jaxPeer } from './jax.ts';
import { onnxruntimePeer } from './onnxruntime.ts';
import { INSTALL, peersInstalled, type Peer } from './peer.ts';
import { tensorflowPeer } from './tensorflow.ts';

/** Without ONNX Runtime, whose shaders software devices compile for minutes per shape. */
export const USUAL_PEERS = 'jax-js,tensorflow';

/**
 * @param names separated by commas: jax-js, tensorflow, onnxruntime, onnxruntime-without-subgroups; empty for none
 * @returns none where they are not installed, after a line that says how to install them
 */
export function choosePeers(gpu: Webgpu, names: string): readonly Peer[] {
  const known: Readonly<Record<string, () => Peer>> = {
    'jax-js': () => jaxPeer,
    tensorflow: () => tensorflowPeer,
    onnxruntime: () => onnxruntimePeer(gpu.device, true),
    'onnxruntime-without-subgroups': () => onnxruntimePeer(gpu.device, false),
  };
  const wanted = names.split(',').filter((n) => n !== '');
  const strange = wanted.find((n) => !Object.hasOwn(known, n));
  if (strange !== undefined)
    throw new Error(`--peers ${strange}: expected some of ${Object.keys(known).join(', ')}`);
  if (wanted.filter((n) => n.startsWith('onnxruntime')).length > 1)
    throw new Error('--peers: a process can measure ONNX Runtime with subgroups or without, not both');
  if (wanted.length > 0 && !peersInstalled()) {
    console.log(`other libraries are left out: ${INSTALL} installs them`);
    return [];
  }
  return wanted.map((n) => known[n]!());
}
