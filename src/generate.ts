/** `npm run generate`: writes every file that follows from others. A test compares them with what is checked in. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateGrammarFiles } from '../grammar/generate.ts';
import { galleryExamples, lastRuns } from './cli/generate/gallery.ts';
import { errorPages } from './cli/generate/errors.ts';
import { vizImages } from './cli/generate/images.ts';
import { FAMILIES } from './gallery/families.ts';
import { galleryPage } from './gallery/page.ts';
import { makeFolder, writeFilesAtomically } from './runtime/files.ts';
import { packageRoot } from './runtime/package-root.ts';
import { generateBundle } from './stdlib/generate.ts';

export interface GeneratedFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Texts of the .attn files in a folder, by name without ending. */
function specsIn(folder: string): Record<string, string> {
  const path = join(packageRoot(), folder);
  const names = readdirSync(path).filter((name) => name.endsWith('.attn'));
  return Object.fromEntries(names.map((name) => [name.slice(0, -5), readFileSync(join(path, name), 'utf8')]));
}

/** All generated files, made from the sources as they are now. */
export function generatedFiles(): GeneratedFile[] {
  const examples = galleryExamples();
  return [
    ...generateGrammarFiles(),
    { path: 'src/stdlib/bundle.ts', text: generateBundle(specsIn('src/stdlib')) },
    { path: 'examples/README.md', text: galleryPage(examples, FAMILIES, lastRuns()) },
    ...vizImages(examples),
    ...errorPages(),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = generatedFiles();
  for (const { path } of files) makeFolder(join(packageRoot(), path));
  writeFilesAtomically(files.map(({ path, text }) => ({ path: join(packageRoot(), path), content: text })));
  for (const { path } of files) console.log(path);
}
