/** Places in the JSON text of a plan file. */
import { findNodeAtLocation, type Node } from 'jsonc-parser';
import type { Span } from '../diagnostics/diagnostic.ts';

export type JsonPath = readonly (string | number)[];

const spanOf = (source: string, n: Pick<Node, 'offset' | 'length'>): Span => ({
  source,
  start: n.offset,
  end: n.offset + n.length,
});

/** Of the value at a path, or of the nearest one around it that exists. */
export function valueSpan(source: string, root: Node, path: JsonPath): Span {
  for (let n = path.length; n >= 0; n--) {
    const node = findNodeAtLocation(root, path.slice(0, n));
    if (node) return spanOf(source, n === path.length ? node : opening(node));
  }
  return spanOf(source, root);
}

/** The key of an object's property. */
export function keySpan(source: string, root: Node, path: JsonPath, key: string): Span {
  const object = findNodeAtLocation(root, [...path]);
  const property = object?.children?.find((p) => p.children?.[0]?.value === key);
  return property?.children?.[0] ? spanOf(source, property.children[0]) : valueSpan(source, root, path);
}

/** Something is missing inside: its first character stands for it. */
const opening = (node: Node): Pick<Node, 'offset' | 'length'> => ({ offset: node.offset, length: 1 });

/** The places of all values below a node, by their paths joined with dots. */
export function placesBelow(source: string, node: Node | undefined): ReadonlyMap<string, Span> {
  const out = new Map<string, Span>();
  const walk = (n: Node, path: string): void => {
    out.set(path, spanOf(source, n));
    const inside = (step: string | number): string => (path === '' ? `${step}` : `${path}.${step}`);
    for (const [i, child] of (n.children ?? []).entries()) {
      if (n.type === 'array') walk(child, inside(i));
      const [key, value] = child.children ?? [];
      if (n.type === 'object' && key && value) walk(value, inside(String(key.value)));
    }
  };
  if (node) walk(node, '');
  return out;
}
