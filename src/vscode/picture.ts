/** A panel with a picture. It runs no scripts and loads nothing. */
import * as vscode from 'vscode';

/** @param svg one document; it is shown as an image, so that nothing in it can act */
export function showPicture(title: string, svg: string): void {
  const panel = vscode.window.createWebviewPanel('attnc.mask', `Mask of ${title}`, vscode.ViewColumn.Beside, {
    enableScripts: false,
    localResourceRoots: [],
  });
  const data = Buffer.from(svg, 'utf8').toString('base64');
  panel.webview.html = `<!doctype html>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>body { margin: 0; background: #fff } @media (prefers-color-scheme: dark) { body { background: #1b1b1b } } img { max-width: 100% }</style>
<img alt="Tiles of the mask of a kernel" src="data:image/svg+xml;base64,${data}">`;
}
