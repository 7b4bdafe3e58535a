/** Small pieces of SVG text. */
import { DARK, LIGHT, type Theme } from './palette.ts';

export type ThemeName = 'auto' | 'light' | 'dark';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Text for XML; characters that XML forbids become the replacement character. */
export const escapeXml = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text
    .replace(/[&<>"]/g, (c) => ESCAPES[c]!)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');

/** At most two decimals, none where they are zero. */
export const num = (x: number): string => String(Math.round(x * 100) / 100);

/** A factor: its error is multiplied by coordinates. */
export const factor = (x: number): string => String(Number(x.toPrecision(9)));

export interface TextStyle {
  /** Classes of the style sheet, separated by spaces. */
  readonly kind?: string;
  readonly anchor?: 'middle' | 'end';
  /** Degrees around the text's own place. */
  readonly turn?: number;
}
export function textAt(x: number, y: number, text: string, { kind, anchor, turn }: TextStyle = {}): string {
  const attributes = [
    `x="${num(x)}" y="${num(y)}"`,
    ...(kind ? [`class="${kind}"`] : []),
    ...(anchor ? [`text-anchor="${anchor}"`] : []),
    ...(turn ? [`transform="rotate(${turn} ${num(x)} ${num(y)})"`] : []),
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(text)}</text>`;
}

export const rectAt = (x: number, y: number, width: number, height: number, kind: string): string =>
  `<rect x="${num(x)}" y="${num(y)}" width="${num(width)}" height="${num(height)}" class="${kind}"/>`;

export const pathAt = (d: string, kind: string): string =>
  d === '' ? '' : `<path class="${kind}" d="${d}"/>`;

const FONT = `system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif`;
const MONO = `ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace`;

function rules(t: Theme): string {
  const fills = (['paper', 'skipped', 'full', 'partial', 'kept', 'idle', 'wrong'] as const).map(
    (name) => `.${name}{fill:${t[name]}}`,
  );
  const strokes = [
    `.cut{stroke:${t.line}}`,
    `.outer{stroke:${t.muted}}`,
    `.frame{stroke:${t.muted}}`,
    `.alarm{stroke:${t.alarm}}`,
    `.hatch{stroke:${t.line}}`,
  ];
  return [...fills, `text{fill:${t.ink}}`, `.muted{fill:${t.muted}}`, ...strokes].join('');
}

/** The style sheet; `auto` follows the reader's colour scheme. */
export function styleSheet(theme: ThemeName): string {
  const shared =
    `text{font-family:${FONT};font-size:13px}.title{font-size:19px;font-weight:700}.head{font-weight:700}.small{font-size:11px}` +
    `.code{font-family:${MONO};font-size:12px}.axis{font-size:14px;font-weight:700}` +
    '.cut,.outer,.frame,.hatch,.alarm{fill:none}.cut{stroke-opacity:.75}.outer{stroke-opacity:.9}.alarm{stroke-width:2}';
  const colors = rules(theme === 'dark' ? DARK : LIGHT);
  const dark = theme === 'auto' ? `@media (prefers-color-scheme:dark){${rules(DARK)}}` : '';
  return `<style>${shared}${colors}${dark}</style>`;
}

/** Breaks text into lines of at most `width` characters; what is beyond `most` lines ends in an ellipsis. */
export function wrapText(text: string, width: number, most: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const cut = lines.slice(0, most).map((l) => (l.length > width ? `${l.slice(0, width - 1)}…` : l));
  if (lines.length > most) cut[most - 1] = `${cut[most - 1]!.slice(0, width - 2).trimEnd()} …`;
  return cut.filter((l) => l !== '');
}

/** `12,345` */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** A share with as many digits as a reader wants. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const share = (100 * part) / whole;
  if (part > 0 && share < 0.1) return '< 0.1 %';
  return `${share >= 10 || Number.isInteger(share) ? Math.round(share) : share.toFixed(1)} %`;
}

/** A count and its share. */
export const share = (part: number, whole: number): string => `${grouped(part)} (${percent(part, whole)})`;
