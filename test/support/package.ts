/** The package as somebody gets it: packed, unpacked in an empty project, its dependencies beside it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Packed {
  readonly tarball: string;
  /** Paths in the package. */
  readonly files: readonly string[];
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
}

/** Builds what has changed and packs it into `folder`. */
export function pack(folder: string): Packed {
  execFileSync(process.execPath, ['src/build.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' });
  const answer = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  interface Report {
    readonly filename: string;
    readonly size: number;
    readonly unpackedSize: number;
    readonly files: readonly { readonly path: string }[];
  }
  const parsed = JSON.parse(answer) as Report[] | Record<string, Report>;
  // npm 11 answers with an object by name where earlier ones have a list.
  const [report] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  const { filename, size, unpackedSize, files } = report!;
  return { tarball: join(folder, filename), size, unpackedSize, files: files.map((f) => f.path) };
}

/** A dependency of the checkout, put where an installation would have it. */
export function linkPackage(project: string, name: string): void {
  const place = join(project, 'node_modules', name);
  if (existsSync(place)) return;
  const real = realpathSync(join(root, 'node_modules', name));
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(real, place);
  linkCommands(project, real);
}

function linkCommands(project: string, folder: string): void {
  const { bin = {}, name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly bin?: string | Readonly<Record<string, string>>;
  };
  const commands = join(project, 'node_modules', '.bin');
  mkdirSync(commands, { recursive: true });
  for (const [command, path] of Object.entries(typeof bin === 'string' ? { [name]: bin } : bin))
    if (!existsSync(join(commands, command))) symlinkSync(join(folder, path), join(commands, command));
}

/**
 * What `npm install TARBALL` leaves in an empty project. What the package depends on is linked from the checkout, so that no
 * network is needed; a dependency that it does not name is not there.
 */
export function install(tarball: string, project: string): string {
  const place = join(project, 'node_modules', 'attnc');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  execFileSync('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(manifest.dependencies)) linkPackage(project, name);
  linkCommands(project, place);
  return place;
}
