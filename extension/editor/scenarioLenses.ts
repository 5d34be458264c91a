import { CodeLens, type CodeLensProvider, commands, type Disposable, debug, Uri, workspace } from 'vscode';
import { COMPARE } from './compareProfiles.ts';
import { EXPLORE } from './exploreRace.ts';
import { toRange } from './scenarioRange.ts';
import { treeOf } from './scenarioTrees.ts';

const RUN = 'irqscope.runScenario';
const DEBUG = 'irqscope.debugScenario';

/** Above the machine: run to the end, step, or run under another profile. */
export const lensProvider: CodeLensProvider = {
  provideCodeLenses(document) {
    const machine = treeOf(document).nodes.find(node => node.kind === 'machine');
    if (!machine) return [];
    const range = toRange(machine.range);
    const race = treeOf(document).nodes.find(node => node.kind === 'race' && node.part === 'race');
    const explore =
      race &&
      new CodeLens(toRange(race.range), {
        title: 'Explore every order',
        command: EXPLORE,
        arguments: [document.uri.toString()],
      });
    return [
      ...(explore ? [explore] : []),
      new CodeLens(range, { title: 'Run', command: RUN, arguments: [document.uri.toString()] }),
      new CodeLens(range, { title: 'Debug', command: DEBUG, arguments: [document.uri.toString()] }),
      new CodeLens(range, { title: 'Compare with …', command: COMPARE, arguments: [document.uri.toString()] }),
    ];
  },
};

async function start(argument: unknown, stopOnEntry: boolean): Promise<void> {
  const uri = Uri.parse(String(argument), true);
  const program = uri.scheme === 'file' ? uri.fsPath : uri.toString();
  const name = stopOnEntry ? 'Step through scenario' : 'Run scenario';
  await debug.startDebugging(workspace.getWorkspaceFolder(uri), {
    type: 'irqscope',
    request: 'launch',
    name,
    program,
    stopOnEntry,
    internalConsoleOptions: 'neverOpen',
  });
}

/** The commands behind the lenses; nobody else calls them. */
export function registerLensCommands(): Disposable[] {
  return [
    commands.registerCommand(RUN, argument => start(argument, false)),
    commands.registerCommand(DEBUG, argument => start(argument, true)),
  ];
}
