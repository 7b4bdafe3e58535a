/** The picture of a mask. It is shown as an image, in which nothing can run. */
import { element } from '../dom.ts';
import type { Picture } from '../protocol.ts';

let shown: string | undefined;

export function picturePanel({ svg, described }: Picture): Node[] {
  if (shown !== undefined) URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  return [
    element(
      'figure',
      {},
      element('img', { src: shown, alt: `Tiles of the mask. ${described}` }),
      element('figcaption', {}, described),
    ),
  ];
}
