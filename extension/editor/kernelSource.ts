import { commands, type ExtensionContext, FileSystemError, l10n, Range, Uri, window, workspace } from 'vscode';
import type { Runs } from './runs.ts';

const SETTING = 'kernelTree';

/** What VS Code hands to a command in the menu of a stack frame. */
interface FrameContext {
  readonly frameName?: string;
  readonly label?: string;
}

interface Place {
  readonly function: string;
  /** As steps name it: relative to arch/x86/kvm unless it begins with `arch/`, `virt/`, `drivers/` or `kernel/`. */
  readonly file: string;
}

/** "Open Kernel Source": from the step in the inspector, or from a frame of the call stack, into the user's own tree. */
export function registerKernelSource(context: ExtensionContext, runs: Runs): void {
  context.subscriptions.push(
    commands.registerCommand('irqscope.openKernelSource', async (frame?: FrameContext) => {
      const place = placeOf(frame?.frameName ?? frame?.label) ?? runs.meant?.place();
      if (place === undefined) {
        await window.showInformationMessage(
          l10n.t('This step lies in no kernel function: the processor or the guest acts.'),
        );
        return;
      }
      const tree = workspace.getConfiguration('irqscope').get<string>(SETTING, '');
      if (tree === '') {
        await askForTree();
        return;
      }
      await open(tree, place);
    }),
  );
}

/** `vmx_deliver_posted_interrupt  (vmx/vmx.c, Linux 6.16)` */
function placeOf(frame: string | undefined): Place | undefined {
  const match = /^(\w+)\s+\(([\w./-]+\.[ch]),/.exec(frame ?? '');
  return match === null ? undefined : { function: match[1], file: match[2] };
}

async function askForTree(): Promise<void> {
  const answer = await window.showInformationMessage(
    l10n.t(
      'Set irqscope.kernelTree to the folder of your kernel sources; IRQScope then opens the function of a step there.',
    ),
    l10n.t('Open Settings'),
  );
  if (answer !== undefined) {
    await commands.executeCommand('workbench.action.openSettings', `irqscope.${SETTING}`);
  }
}

async function open(tree: string, place: Place): Promise<void> {
  const inTree = /^(arch|virt|drivers|kernel|include)\//.test(place.file) ? place.file : `arch/x86/kvm/${place.file}`;
  const uri = Uri.joinPath(folderOf(tree), inTree);
  try {
    const document = await workspace.openTextDocument(uri);
    const line = definitionLine(document.getText(), place.function);
    await window.showTextDocument(document, { selection: new Range(line, 0, line, 0) });
  } catch (error) {
    await window.showErrorMessage(
      error instanceof FileSystemError
        ? l10n.t('{0} is not in that tree: irqscope.kernelTree is {1}', inTree, tree)
        : l10n.t('{0}: {1}: irqscope.kernelTree is {2}', inTree, (error as Error).message, tree),
    );
  }
}

/** The tree stands where the workspace stands: in the worker host that is not this machine's `file:`. */
function folderOf(tree: string): Uri {
  const workspaceUri = workspace.workspaceFolders?.[0]?.uri;
  return workspaceUri === undefined || workspaceUri.scheme === 'file'
    ? Uri.file(tree)
    : workspaceUri.with({ path: tree });
}

/** 0-based line on which the function is defined: its name begins a line, or follows its type, and no semicolon ends it. */
function definitionLine(text: string, name: string): number {
  const lines = text.split('\n');
  const definition = new RegExp(`^(?:\\w[\\w\\s*]*[\\s*])?${name}\\s*\\(`);
  const found = lines.findIndex(line => definition.test(line) && !line.trimEnd().endsWith(';'));
  return Math.max(found, 0);
}
