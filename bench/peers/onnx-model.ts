/** An ONNX model of one attention node, encoded with protobufjs; field numbers are those of onnx.proto3 (ONNX 1.17). */
import { WIDTH } from '../attention.ts';
import { importPeer, type Shape } from './peer.ts';

interface Type {
  fromObject(x: object): object;
  encode(x: object): { finish(): Uint8Array };
}
interface Protobuf {
  readonly default: {
    parse(schema: string, options: object): { readonly root: { lookupType(name: string): Type } };
  };
}

const SCHEMA = `
syntax = "proto2";
message Attribute { optional string name = 1; optional int64 i = 3; optional int32 type = 20; }
message Node {
  repeated string input = 1; repeated string output = 2; optional string op_type = 4;
  repeated Attribute attribute = 5; optional string domain = 7;
}
message Dimension { optional int64 dim_value = 1; }
message Shape { repeated Dimension dim = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message ValueType { optional TensorType tensor_type = 1; }
message Value { optional string name = 1; optional ValueType type = 2; }
message Tensor {
  repeated int64 dims = 1; optional int32 data_type = 2; repeated int32 int32_data = 5 [packed = true];
  optional string name = 8;
}
message Graph {
  repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5;
  repeated Value input = 11; repeated Value output = 12;
}
message Opset { optional string domain = 1; optional int64 version = 2; }
message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; }
`;

const [INT_ATTRIBUTE, FLOAT, INT32] = [2, 1, 6];
const DOMAIN = 'com.microsoft';

const value = (name: string, dims: readonly number[]): object => ({
  name,
  type: { tensor_type: { elem_type: FLOAT, shape: { dim: dims.map((d) => ({ dim_value: d })) } } },
});

/** MultiHeadAttention, or for a causal mask GroupQueryAttention, which is causal and also gives the keys and values. */
export async function attentionModel({ heads, rows, causal }: Shape): Promise<Uint8Array> {
  const { default: protobuf } = await importPeer<Protobuf>('protobufjs/index.js');
  const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');
  const flat = [1, rows, heads * WIDTH];
  const attribute = ['num_heads', ...(causal ? ['kv_num_heads'] : [])].map((name) => ({
    name,
    i: heads,
    type: INT_ATTRIBUTE,
  }));
  const scalar = (name: string, x: number): object => ({
    name,
    dims: [1],
    data_type: INT32,
    int32_data: [x],
  });
  const node = causal
    ? { op_type: 'GroupQueryAttention', input: ['q', 'k', 'v', '', '', 'last', 'total'] }
    : { op_type: 'MultiHeadAttention', input: ['q', 'k', 'v'] };
  const kept = causal ? ['keys', 'values'] : [];
  const graph = {
    name: 'attention',
    node: [{ ...node, output: ['y', ...kept], domain: DOMAIN, attribute }],
    initializer: causal ? [scalar('last', rows - 1), scalar('total', rows)] : [],
    input: ['q', 'k', 'v'].map((n) => value(n, flat)),
    output: [value('y', flat), ...kept.map((n) => value(n, [1, heads, rows, WIDTH]))],
  };
  const opset_import = [
    { domain: '', version: 17 },
    { domain: DOMAIN, version: 1 },
  ];
  return Model.encode(Model.fromObject({ ir_version: 8, opset_import, graph })).finish();
}
