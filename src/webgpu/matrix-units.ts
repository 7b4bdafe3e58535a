/** Products of matrices that subgroups of an adapter do. */
import type { MatrixUnit } from '../expr/matrix-unit.ts';

/** An experiment of Chromium's, which types of WebGPU do not know. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

interface Config {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const isType = (type: string): type is MatrixUnit['component'] => type === 'f16' || type === 'f32';

/** Those of floats, as the adapter lists them; Dawn for Node.js has the feature, and lists none. */
export function unitsOfAdapter(adapter: Pick<GPUAdapter, 'features' | 'info'>): readonly MatrixUnit[] {
  if (!adapter.features.has(MATRIX_FEATURE)) return [];
  const { subgroupMatrixConfigs = [] } = adapter.info as {
    readonly subgroupMatrixConfigs?: Iterable<Config>;
  };
  return [...subgroupMatrixConfigs].flatMap(({ componentType, resultComponentType, M, N, K }) =>
    isType(componentType) && isType(resultComponentType)
      ? [{ component: componentType, result: resultComponentType, m: M, n: N, k: K }]
      : [],
  );
}
