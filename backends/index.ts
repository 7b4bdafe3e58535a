/** The registry of back-ends: one line each. */
import type { Backend } from './backend.ts';
import { cudaBackend } from './cuda/index.ts';
import { wgslBackend } from './wgsl/index.ts';

export const BACKENDS = { wgsl: wgslBackend, cuda: cudaBackend } as const satisfies Record<string, Backend>;
export type BackendName = keyof typeof BACKENDS;

export const backendFor = (name: BackendName): Backend => BACKENDS[name];
