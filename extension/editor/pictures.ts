import { commands, type ExtensionContext, l10n, type Uri, window, workspace } from 'vscode';
import type { Drawing, FromWebview } from '../session/protocol.ts';
import type { CurrentRun } from './currentRun.ts';
import type { InspectorSource } from './inspectorSource.ts';
import type { Runs } from './runs.ts';

type Subject = Extract<FromWebview, { type: 'out' }>['what'];

const SUFFIX: Readonly<Record<Subject, string>> = { state: '', diagram: '-run' };

/**
 * Registers the commands that take the state and the run out as pictures. A target given as argument is not asked for.
 * @param draw draws in the inspector of the run
 */
export function registerPictures(
  context: ExtensionContext,
  runs: Runs,
  draw: (run: CurrentRun, drawing: Drawing) => void,
): void {
  const drawMeant = async (what: Subject) => {
    const run = runs.meant;
    const drawing = await drawingOf(run, what);
    if (run && drawing) draw(run, drawing);
  };
  context.subscriptions.push(
    commands.registerCommand('irqscope.saveStateAsSvg', (target?: Uri) => saveSvg(runs.meant, 'state', target)),
    commands.registerCommand('irqscope.saveDiagramAsSvg', (target?: Uri) => saveSvg(runs.meant, 'diagram', target)),
    commands.registerCommand('irqscope.copyStateAsPng', () => drawMeant('state')),
    commands.registerCommand('irqscope.copyDiagramAsPng', () => drawMeant('diagram')),
  );
}

/** Says why when there is nothing to draw. */
async function drawingOf(source: InspectorSource | undefined, what: Subject): Promise<Drawing | undefined> {
  const drawing = source?.drawing(what);
  if (!drawing) await window.showErrorMessage(l10n.t('Step through a scenario first: press F5 in an .irq file.'));
  return drawing;
}

export async function saveSvg(source: InspectorSource | undefined, what: Subject, target?: Uri): Promise<void> {
  const drawing = await drawingOf(source, what);
  if (!source || !drawing) return;
  const { svgOf } = await import('./lazy.ts');
  const file = target ?? (await ask(source, `${SUFFIX[what]}.svg`, { [l10n.t('SVG picture')]: ['svg'] }));
  if (file) await write(file, new TextEncoder().encode(svgOf(drawing)));
}

/** @param data the picture that a view drew and could not copy, in base 64 */
export async function savePng(source: InspectorSource, data: string): Promise<void> {
  const file = await ask(source, '.png', { [l10n.t('PNG picture')]: ['png'] });
  if (file)
    await write(
      file,
      Uint8Array.from(atob(data), each => each.charCodeAt(0)),
    );
}

/** Proposes a name beside the scenario. */
function ask(source: InspectorSource, ending: string, filters: Record<string, string[]>): Thenable<Uri | undefined> {
  const defaultUri = source.uri.with({ path: source.uri.path.replace(/(\.irq)?$/, ending) });
  return window.showSaveDialog({ filters, defaultUri });
}

async function write(file: Uri, content: Uint8Array): Promise<void> {
  try {
    await workspace.fs.writeFile(file, content);
    window.setStatusBarMessage(l10n.t('Saved {0}', file.path.split('/').pop() ?? ''), 5000);
  } catch (error) {
    await window.showErrorMessage(l10n.t('IRQScope could not save the picture: {0}', (error as Error).message));
  }
}
