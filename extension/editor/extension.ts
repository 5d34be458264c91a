import type { ExtensionContext } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import { registerCopyCommands } from './copyCommand.ts';
import { registerDebugger } from './debugger.ts';
import { registerDecodeCommand } from './decodeCommand.ts';
import { registerEncodeCommand } from './encodeCommand.ts';
import { registerHovers } from './hover.ts';
import { registerInspector } from './inspectorPanels.ts';
import { registerKernelSource } from './kernelSource.ts';
import { Runs } from './runs.ts';
import { registerScenarioCommands } from './scenarioCommands.ts';
import { registerScenarioLanguage } from './scenarioLanguage.ts';
import { registerTestExplorer } from './testExplorer.ts';
import { registerValueViews } from './valueViews.ts';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function register(context: ExtensionContext, startWorker: StartWorker): void {
  const runs = new Runs();
  context.subscriptions.push(runs);
  registerScenarioLanguage(context);
  registerScenarioCommands(context, runs, startWorker);
  registerHovers(context);
  registerDecodeCommand(context);
  registerEncodeCommand(context);
  registerCopyCommands(context);
  registerValueViews(context);
  registerDebugger(context, runs);
  registerInspector(context, runs);
  registerTestExplorer(context);
  registerKernelSource(context, runs);
}
