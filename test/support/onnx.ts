/** One-node ONNX models as bytes: just enough protobuf to ask another implementation what an operator gives. */

type Field = readonly [tag: number, value: string | number | Uint8Array];

const utf8 = new TextEncoder();

function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** A protobuf message: texts and bytes are length-delimited, numbers are varints. */
function message(...fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [tag, value] of fields) {
    if (typeof value === 'number') bytes.push(...varint(tag * 8), ...varint(value));
    else {
      const content = typeof value === 'string' ? utf8.encode(value) : value;
      bytes.push(...varint(tag * 8 + 2), ...varint(content.length), ...content);
    }
  }
  return Uint8Array.from(bytes);
}

function floatField(tag: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return Uint8Array.from([...varint(tag * 8 + 5), ...bytes]);
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

/** Element types of ONNX. */
export const ONNX = { float: 1, int32: 6, int64: 7, bool: 9 } as const;

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  /** Extents, or undefined when the shape is left open. */
  readonly shape?: readonly number[];
}

function valueInfo(v: OnnxValue): Uint8Array {
  const shape = v.shape && message(...v.shape.map((n): Field => [1, message([1, n])]));
  const tensor = message([1, v.type], ...(shape ? [[2, shape] as Field] : []));
  return message([1, v.name], [2, message([1, tensor])]);
}

export interface OnnxNode {
  readonly op: string;
  readonly domain?: string;
  /** Names of inputs; an empty name leaves an optional one out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers are integer attributes, others float; a pair forces a float. */
  readonly attributes: Readonly<Record<string, number | { readonly float: number }>>;
}

/** A model that applies one operator to its inputs. */
export function onnxModel(
  node: OnnxNode,
  inputs: readonly OnnxValue[],
  outputs: readonly OnnxValue[],
): Uint8Array {
  const attributes = Object.entries(node.attributes).map(([name, value]): Field => {
    if (typeof value === 'number') return [5, message([1, name], [3, value], [20, 2])];
    return [5, join(message([1, name]), floatField(2, value.float), message([20, 1]))];
  });
  const nodeProto = message(
    ...node.inputs.map((name): Field => [1, name]),
    ...node.outputs.map((name): Field => [2, name]),
    [4, node.op],
    ...attributes,
    [7, node.domain ?? ''],
  );
  const graph = message(
    [1, nodeProto],
    [2, 'g'],
    ...inputs.map((v): Field => [11, valueInfo(v)]),
    ...outputs.map((v): Field => [12, valueInfo(v)]),
  );
  return message(
    [1, 10],
    [7, graph],
    [8, message([1, ''], [2, 23])],
    [8, message([1, 'com.microsoft'], [2, 1])],
  );
}
