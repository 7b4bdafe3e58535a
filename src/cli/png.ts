/** Pictures as PNG: SVG text drawn with a font of our own, so that every machine gives the same pixels. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(require.resolve(path)));

let ready: Promise<void> | undefined;

/**
 * Rasterises a picture. The rasteriser is loaded when it is first needed.
 * @param zoom pixels per unit of the picture
 */
export async function pngOf(svg: string, zoom: number): Promise<Uint8Array> {
  const { initWasm, Resvg } = await import('@resvg/resvg-wasm');
  await (ready ??= initWasm(bytesOf('@resvg/resvg-wasm/index_bg.wasm')));
  const fonts = ['DejaVuSans', 'DejaVuSans-Bold', 'DejaVuSansMono'];
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: zoom },
    font: {
      fontBuffers: fonts.map((name) => bytesOf(`dejavu-fonts-ttf/ttf/${name}.ttf`)),
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
      monospaceFamily: 'DejaVu Sans Mono',
    },
  });
  const image = picture.render();
  const png = image.asPng();
  image.free();
  picture.free();
  return png;
}
