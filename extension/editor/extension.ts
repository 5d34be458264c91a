import type { ExtensionContext } from 'vscode';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function activate(_context: ExtensionContext): void {}

export function deactivate(): void {}
