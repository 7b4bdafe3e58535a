/** The VS Code extension: starts the language server that is bundled with it, and adds what only VS Code has. */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { runTask } from './task.ts';
import type { CommandName } from './manifest.ts';
import { showPicture } from './picture.ts';

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const module = context.asAbsolutePath('dist/attnc.cjs');
  const commands: Readonly<Record<CommandName, () => unknown>> = {
    'attnc.compile': () => runTask(module, 'compile', ['--target', 'all', '-o', 'out']),
    'attnc.verify': () => runTask(module, 'verify', ['--target', 'kernel-interp', '--cases', '5']),
    'attnc.showKernel': showKernel,
    'attnc.drawMask': async () => {
      const kernel = await kernelAtCursor();
      if (kernel) await drawMask(kernel.uri, kernel.name);
    },
  };
  for (const [name, action] of Object.entries(commands))
    context.subscriptions.push(vscode.commands.registerCommand(name, action));
  const run = { module, args: ['lsp'], transport: TransportKind.stdio };
  client = new LanguageClient('attnc', 'attnc', run, {
    documentSelector: [{ language: 'attn' }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/*.attn') },
    middleware: {
      executeCommand: (command, args, next) =>
        command === 'attnc.show' && isMask(args[0])
          ? drawMask(args[0].uri, args[0].kernel)
          : next(command, args),
    },
  });
  await client.start();
}

export const deactivate = (): Promise<void> | undefined => client?.stop();

interface MaskRequest {
  readonly uri: string;
  readonly kernel: string;
}
const isMask = (x: unknown): x is MaskRequest =>
  typeof x === 'object' && x !== null && 'view' in x && x.view === 'mask' && 'uri' in x && 'kernel' in x;

/** Asks the server, not the middleware. */
const ask = <T>(command: string, argument: object): Promise<T> =>
  client!.sendRequest<T>('workspace/executeCommand', { command, arguments: [argument] });

async function drawMask(uri: string, kernel: string): Promise<void> {
  const { text } = await ask<{ text: string }>('attnc.show', { uri, kernel, view: 'mask', open: false });
  showPicture(kernel, text);
}

interface KernelPlace {
  readonly name: string;
  readonly range: { readonly start: { readonly line: number } };
}

/** The kernel around the cursor, or the first one. */
async function kernelAtCursor(): Promise<{ readonly uri: string; readonly name: string } | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== 'attn') return undefined;
  const uri = client!.code2ProtocolConverter.asUri(editor.document.uri);
  const kernels = await ask<KernelPlace[]>('attnc.kernels', { uri });
  const line = editor.selection.active.line;
  const found = kernels.findLast((k) => k.range.start.line <= line) ?? kernels[0];
  if (!found) await vscode.window.showInformationMessage('This file has no kernel.');
  return found && { uri, name: found.name };
}

const VIEWS: readonly (vscode.QuickPickItem & { readonly view: string })[] = [
  { label: 'WGSL', description: 'the emitted shader', view: 'wgsl' },
  { label: 'CUDA C++', description: 'the emitted source', view: 'cuda' },
  { label: 'Explanation', description: 'launches, bounds, memory and cost', view: 'explain' },
  { label: 'Semantic IR', description: 'indexed definitions', view: 'ir' },
  { label: 'Tiled IR', description: 'stages, passes and carriers', view: 'tile' },
  { label: 'Kernel IR', description: 'what each lane executes', view: 'kernel' },
];

async function showKernel(): Promise<void> {
  const kernel = await kernelAtCursor();
  const picked = kernel && (await vscode.window.showQuickPick(VIEWS, { title: `Show ${kernel.name}` }));
  if (kernel && picked) await ask('attnc.show', { uri: kernel.uri, kernel: kernel.name, view: picked.view });
}
