/**
 * Colours. Classes of tiles differ in hue (blue against orange, which every common colour vision tells apart) and in
 * lightness; the scale of values rises in lightness only, so that it also reads in grey.
 */

export interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  /** Tiles that are never loaded. */
  readonly skipped: string;
  readonly full: string;
  /** Pairs of a partial tile that are not kept, and those that are. */
  readonly partial: string;
  readonly kept: string;
  /** Visited, and nothing kept. */
  readonly idle: string;
  /** Kept pairs outside the visited tiles, or others inside a full one. */
  readonly wrong: string;
  /** Drawn over `idle` and `wrong`. */
  readonly alarm: string;
}

export const LIGHT: Theme = {
  paper: '#ffffff',
  ink: '#1b1f24',
  muted: '#57606a',
  line: '#c3c9d0',
  skipped: '#eef0f3',
  full: '#0b4f8a',
  partial: '#fbe0b8',
  kept: '#b85c00',
  idle: '#009999',
  wrong: '#aa44ff',
  alarm: '#000000',
};
export const DARK: Theme = {
  paper: '#0d1117',
  ink: '#e6edf3',
  muted: '#9aa4af',
  line: '#3a424c',
  skipped: '#1b2028',
  full: '#2f7fe0',
  partial: '#4d3413',
  kept: '#f2a73f',
  idle: '#55eeff',
  wrong: '#ff3366',
  alarm: '#000000',
};

/** Linear light of an sRGB channel, 0 … 1. */
const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const encoded = (c: number): number => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

/** Linear red, green and blue of `#rrggbb`. */
export function linearRgb(hex: string): [number, number, number] {
  const at = (n: number): number => linear(Number.parseInt(hex.slice(n, n + 2), 16) / 255);
  return [at(1), at(3), at(5)];
}

/** Contrast ratio of WCAG 2, 1 … 21. */
export function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [red, green, blue] = linearRgb(hex);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** OKLab (Ottosson, 2020) to linear sRGB, which may lie outside of 0 … 1. */
function fromOklab(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** Hues that the scale passes, in degrees of OKLCH, from its dark end to its light one. */
const HUES = { from: 305, to: 105 };
const LIGHTNESS = { from: 0.3, to: 0.93 };
const CHROMA = 0.16;

/**
 * A colour of the scale of values: lightness rises evenly from dark violet over blue and green to yellow.
 * @param at 0 … 1
 */
export function scaleColor(at: number): string {
  const mix = ({ from, to }: { from: number; to: number }): number => from + (to - from) * at;
  const angle = (mix(HUES) * Math.PI) / 180;
  // Not every hue reaches this chroma at every lightness: the strongest one inside the gamut is taken.
  for (let chroma = CHROMA; ; chroma -= 0.002) {
    const rgb = fromOklab(mix(LIGHTNESS), chroma * Math.cos(angle), chroma * Math.sin(angle));
    if (chroma > 0 && rgb.some((c) => c < 0 || c > 1)) continue;
    const hex = rgb.map((c) => Math.round(255 * encoded(Math.min(1, Math.max(0, c)))));
    return `#${hex.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
  }
}
