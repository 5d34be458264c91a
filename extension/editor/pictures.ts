import { commands, type ExtensionContext, Uri, window, workspace } from 'vscode';
import type { Drawing, FromWebview } from '../session/protocol.ts';
import { drawInInspector, type InspectorSource } from './inspectorPanel.ts';

export type Subject = Extract<FromWebview, { type: 'out' }>['what'];

const SUFFIX: Readonly<Record<Subject, string>> = { state: '', diagram: '-run' };

/** Registers the commands that take the state and the run out as pictures. A target given as argument is not asked for. */
export function registerPictures(context: ExtensionContext, source: InspectorSource): void {
  const draw = async (what: Subject) => {
    const drawing = await drawingOf(source, what);
    if (drawing) drawInInspector(context, source, drawing);
  };
  context.subscriptions.push(
    commands.registerCommand('irqscope.saveStateAsSvg', (target?: Uri) => saveSvg(source, 'state', target)),
    commands.registerCommand('irqscope.saveDiagramAsSvg', (target?: Uri) => saveSvg(source, 'diagram', target)),
    commands.registerCommand('irqscope.copyStateAsPng', () => draw('state')),
    commands.registerCommand('irqscope.copyDiagramAsPng', () => draw('diagram')),
  );
}

/** Says why when there is nothing to draw. */
export async function drawingOf(source: InspectorSource, what: Subject): Promise<Drawing | undefined> {
  const drawing = source.drawing(what);
  if (!drawing) await window.showErrorMessage('Step through a scenario first: press F5 in an .irq file.');
  return drawing;
}

export async function saveSvg(source: InspectorSource, what: Subject, target?: Uri): Promise<void> {
  const drawing = await drawingOf(source, what);
  if (!drawing) return;
  const { svgOf } = await import('./lazy.ts');
  const file = target ?? (await ask(source, `${SUFFIX[what]}.svg`, { 'SVG picture': ['svg'] }));
  if (file) await write(file, new TextEncoder().encode(svgOf(drawing)));
}

/** @param data the picture that a view drew and could not copy, in base 64 */
export async function savePng(source: InspectorSource, data: string): Promise<void> {
  const file = await ask(source, '.png', { 'PNG picture': ['png'] });
  if (file)
    await write(
      file,
      Uint8Array.from(atob(data), each => each.charCodeAt(0)),
    );
}

/** Proposes a name beside the scenario. */
function ask(source: InspectorSource, ending: string, filters: Record<string, string[]>): Thenable<Uri | undefined> {
  const message = source.current();
  const defaultUri = message.type === 'snapshot' && Uri.parse(message.snapshot.uri.replace(/(\.irq)?$/, ending));
  return window.showSaveDialog({ filters, ...(defaultUri && { defaultUri }) });
}

async function write(file: Uri, content: Uint8Array): Promise<void> {
  try {
    await workspace.fs.writeFile(file, content);
    window.setStatusBarMessage(`Saved ${file.path.split('/').pop()}`, 5000);
  } catch (error) {
    await window.showErrorMessage(`IRQScope could not save the picture: ${(error as Error).message}`);
  }
}
