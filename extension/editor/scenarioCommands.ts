import { commands, type ExtensionContext, type Uri } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import { ComparedRuns } from './comparedRuns.ts';
import type { Runs } from './runs.ts';

export const COMPARE = 'irqscope.compare';
export const EXPLORE = 'irqscope.explore';

/** Commands on whole scenarios. What they do loads with the language, which a scenario in the editor has loaded already. */
export function registerScenarioCommands(context: ExtensionContext, runs: Runs, startWorker: StartWorker): void {
  const { extensionUri } = context;
  const compared = new ComparedRuns();
  const language = () => import('./lazyLanguage.ts');
  context.subscriptions.push(
    compared,
    commands.registerCommand('irqscope.newScenario', async () => (await language()).newScenario(extensionUri)),
    commands.registerCommand(COMPARE, async (argument?: unknown) =>
      (await language()).compare(argument, compared, startWorker),
    ),
    commands.registerCommand(EXPLORE, async (argument?: unknown, variant?: unknown) =>
      (await language()).explore(argument, variant, startWorker),
    ),
    commands.registerCommand('irqscope.importDiagram', async () => (await language()).importDiagramSelected()),
    commands.registerCommand('irqscope.copyDiagram', async () => (await language()).copyDiagram(runs, startWorker)),
    commands.registerCommand('irqscope.exportRun', async (target?: Uri) =>
      (await language()).exportRun(extensionUri, runs, target),
    ),
  );
}
