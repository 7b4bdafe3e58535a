/** The language server as a process: `attnc lsp` speaks the protocol over standard input and output. */
import { readdirSync, readFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import {
  createConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { serve } from './lsp/serve.ts';
import type { Host } from './workspace.ts';

/** Folders that hold no sources of the project's own, and how far a search for files goes. */
const PASSED_OVER = new Set(['node_modules', 'dist', 'out', 'build']);
const MOST_FILES = 2000;
const DEEPEST = 8;

/** Keys of files are paths, with a slash before the drive on Windows. */
const pathOf = (key: string): string => key.replace(/^\/(?=[A-Za-z]:)/, '');

/** A folder that cannot be read is empty. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function filesBelow(folder: string, found: string[], depth: number): void {
  if (depth > DEEPEST || found.length >= MOST_FILES) return;
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.') && !PASSED_OVER.has(entry.name)) filesBelow(path, found, depth + 1);
    } else if (entry.name.endsWith('.attn'))
      found.push(path.replaceAll('\\', '/').replace(/^(?=[A-Za-z]:)/, '/'));
  }
}

/** Files on disk; what cannot be read is not there. */
export function diskHost(): Host {
  return {
    read: (key) => {
      try {
        return key.startsWith('/') ? readFileSync(pathOf(key), 'utf8') : undefined;
      } catch {
        return undefined;
      }
    },
    list: (folders) => {
      const found: string[] = [];
      for (const folder of folders) filesBelow(pathOf(folder), found, 0);
      return found;
    },
  };
}

/** Serves until the editor is gone. Standard output belongs to the protocol. */
export async function serveOverStdio(): Promise<void> {
  const reader = new StreamMessageReader(process.stdin);
  const connection = createConnection(ProposedFeatures.all, reader, new StreamMessageWriter(process.stdout));
  const ended = new Promise<void>((resolve) => {
    connection.onExit(() => resolve());
    process.stdin.once('end', () => resolve());
  });
  serve(connection, diskHost());
  await ended;
}
