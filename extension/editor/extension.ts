import type { ExtensionContext } from 'vscode';
import { registerCompare } from './compareProfiles.ts';
import { registerCopyCommands } from './copyCommand.ts';
import { CurrentRun } from './currentRun.ts';
import { registerDebugger } from './debugger.ts';
import { registerDecodeCommand } from './decodeCommand.ts';
import { registerDiagramCommands } from './diagramCommands.ts';
import { registerEncodeCommand } from './encodeCommand.ts';
import { registerExplore } from './exploreRace.ts';
import { registerHovers } from './hover.ts';
import { registerInspector } from './inspectorPanel.ts';
import { registerKernelSource } from './kernelSource.ts';
import { registerNewScenario } from './newScenario.ts';
import { registerScenarioLanguage } from './scenarioLanguage.ts';
import { registerTestExplorer } from './testExplorer.ts';
import { registerValueViews } from './valueViews.ts';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function activate(context: ExtensionContext): void {
  const run = new CurrentRun();
  registerScenarioLanguage(context);
  registerHovers(context);
  registerDecodeCommand(context);
  registerEncodeCommand(context);
  registerCopyCommands(context);
  registerValueViews(context);
  registerDebugger(context, run);
  registerInspector(context, run);
  registerTestExplorer(context);
  registerNewScenario(context);
  registerCompare(context);
  registerExplore(context);
  registerKernelSource(context, run);
  registerDiagramCommands(context, run);
}

export function deactivate(): void {}
