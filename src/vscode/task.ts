/** Commands of the bundled command line as tasks, whose output VS Code shows. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';

/**
 * Saves the active file and runs a command on it, in its folder.
 * @param cli the command line in one file
 */
export async function runTask(cli: string, command: string, args: readonly string[]): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== 'attn' || document.uri.scheme !== 'file') {
    await vscode.window.showInformationMessage(
      `attnc ${command} needs a file with the ending .attn that is saved.`,
    );
    return;
  }
  if (!(await document.save())) return;
  const file = document.uri.fsPath;
  // VS Code's own program is the Node.js that is surely there.
  const options = { cwd: dirname(file), env: { ELECTRON_RUN_AS_NODE: '1' } };
  const execution = new vscode.ProcessExecution(process.execPath, [cli, command, file, ...args], options);
  const definition = { type: 'attnc', command };
  const task = new vscode.Task(definition, vscode.TaskScope.Workspace, command, 'attnc', execution);
  await vscode.tasks.executeTask(task);
}
