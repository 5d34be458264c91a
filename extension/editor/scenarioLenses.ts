import { CodeLens, type CodeLensProvider, commands, type Disposable, debug, l10n, Uri, workspace } from 'vscode';
import { titlesIn } from './lazy.ts';
import { COMPARE, EXPLORE } from './scenarioCommands.ts';
import { toRange } from './scenarioRange.ts';
import { treeOf } from './scenarioTrees.ts';
import { programOf } from './scenarioUri.ts';

const RUN = 'irqscope.runScenario';
const DEBUG = 'irqscope.debugScenario';

/** Above the machine, or where it is included: run to the end, step, see it live, or run under another profile. Above a section: run or step through it alone. */
export const lensProvider: CodeLensProvider = {
  provideCodeLenses(document) {
    const machine = treeOf(document).nodes.find(({ kind }) => kind === 'machine' || kind === 'include');
    if (!machine) return [];
    const range = toRange(machine.range);
    const race = treeOf(document).nodes.find(node => node.kind === 'race' && node.part === 'race');
    const explore =
      race &&
      new CodeLens(toRange(race.range), {
        title: l10n.t('Explore every order'),
        command: EXPLORE,
        arguments: [document.uri.toString()],
      });
    const uri = document.uri.toString();
    const sections = titlesIn(treeOf(document)).flatMap(section => [
      new CodeLens(toRange(section.range), { title: l10n.t('Run'), command: RUN, arguments: [uri, section.title] }),
      new CodeLens(toRange(section.range), { title: l10n.t('Debug'), command: DEBUG, arguments: [uri, section.title] }),
    ]);
    return [
      ...(explore ? [explore] : []),
      ...sections,
      new CodeLens(range, { title: l10n.t('Run'), command: RUN, arguments: [document.uri.toString()] }),
      new CodeLens(range, { title: l10n.t('Debug'), command: DEBUG, arguments: [document.uri.toString()] }),
      new CodeLens(range, { title: l10n.t('Inspect'), command: 'irqscope.openInspector', arguments: [uri] }),
      new CodeLens(range, { title: l10n.t('Compare with …'), command: COMPARE, arguments: [document.uri.toString()] }),
    ];
  },
};

async function start(argument: unknown, section: unknown, stopOnEntry: boolean): Promise<void> {
  const uri = Uri.parse(String(argument), true);
  const name = stopOnEntry ? l10n.t('Step through scenario') : l10n.t('Run scenario');
  await debug.startDebugging(workspace.getWorkspaceFolder(uri), {
    type: 'irqscope',
    request: 'launch',
    name,
    program: programOf(uri),
    stopOnEntry,
    ...(typeof section === 'string' && { section }),
    internalConsoleOptions: 'neverOpen',
  });
}

/** The commands behind the lenses; nobody else calls them. */
export function registerLensCommands(): Disposable[] {
  return [
    commands.registerCommand(RUN, (argument, section) => start(argument, section, false)),
    commands.registerCommand(DEBUG, (argument, section) => start(argument, section, true)),
  ];
}
