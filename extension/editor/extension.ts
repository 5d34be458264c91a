import type { ExtensionContext } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import { registerCompare } from './compareProfiles.ts';
import { registerCopyCommands } from './copyCommand.ts';
import { registerDebugger } from './debugger.ts';
import { registerDecodeCommand } from './decodeCommand.ts';
import { registerDiagramCommands } from './diagramCommands.ts';
import { registerEncodeCommand } from './encodeCommand.ts';
import { registerExplore } from './exploreRace.ts';
import { registerHovers } from './hover.ts';
import { registerInspector } from './inspectorPanels.ts';
import { registerKernelSource } from './kernelSource.ts';
import { registerNewScenario } from './newScenario.ts';
import { Runs } from './runs.ts';
import { registerScenarioLanguage } from './scenarioLanguage.ts';
import { registerTestExplorer } from './testExplorer.ts';
import { registerValueViews } from './valueViews.ts';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function register(context: ExtensionContext, startWorker: StartWorker): void {
  const runs = new Runs();
  context.subscriptions.push(runs);
  registerScenarioLanguage(context);
  registerHovers(context);
  registerDecodeCommand(context);
  registerEncodeCommand(context);
  registerCopyCommands(context);
  registerValueViews(context);
  registerDebugger(context, runs);
  registerInspector(context, runs);
  registerTestExplorer(context);
  registerNewScenario(context);
  registerCompare(context, startWorker);
  registerExplore(context, startWorker);
  registerKernelSource(context, runs);
  registerDiagramCommands(context, runs, startWorker);
}
