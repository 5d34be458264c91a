import { debug, l10n, type Uri, window, workspace } from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { Explorable } from '../session/explorable.ts';
import type { StartWorker } from '../worker/client.ts';
import type { Decision } from '../worker/messages.ts';
import { DEFAULT_BYTES, explorable, exploreHere } from './lazy.ts';
import { askAside } from './longWork.ts';
import { nameOf, readScenario } from './scenarioText.ts';
import { programOf, scenarioAsked } from './scenarioUri.ts';

/** What the command gives back: the decision, and where it was made. */
export interface Explored extends Decision {
  readonly by: 'worker' | 'host';
}

/**
 * "Explore": every order of the race of a scenario; a shortest one that breaks something can be stepped through.
 * @param argument URI of the scenario; without one, what the editor shows
 * @param variant name of a variant; without one, the user chooses
 */
export async function explore(
  argument: unknown,
  variant: unknown,
  startWorker: StartWorker,
): Promise<Explored | undefined> {
  const uri = scenarioAsked(argument);
  if (uri === undefined) {
    await window.showErrorMessage(
      l10n.t('Open a scenario (.irq) with a race first: every order of its steps is tried.'),
    );
    return undefined;
  }
  try {
    return await exploreScenario(uri, typeof variant === 'string' ? variant : undefined, startWorker);
  } catch (error) {
    await window.showErrorMessage(l10n.t('Cannot be explored: {0}', (error as Error).message));
    return undefined;
  }
}

async function exploreScenario(
  uri: Uri,
  variant: string | undefined,
  startWorker: StartWorker,
): Promise<Explored | undefined> {
  const text = await readScenario(uri);
  const found = explorable(text);
  if (typeof found === 'string') {
    throw new Error(found);
  }
  const chosen = await choice(found, variant);
  if (chosen === undefined) {
    return undefined;
  }
  const file = nameOf(uri);
  const name = chosen.variant === undefined ? file : `${file} (${chosen.variant})`;
  const decision = await decide(name, text, chosen, startWorker);
  if (decision !== undefined) {
    await tell(decision, name, uri, chosen.variant);
  }
  return decision;
}

async function choice(found: readonly Explorable[], variant: string | undefined): Promise<Explorable | undefined> {
  if (variant !== undefined) {
    const named = found.find(each => each.variant === variant);
    if (named === undefined) {
      throw new Error(l10n.t('the scenario has no variant {0}', variant));
    }
    return named;
  }
  return found.length === 1
    ? found[0]
    : window.showQuickPick(
        found.map(each => ({ ...each, label: each.variant ?? '' })),
        { placeHolder: l10n.t('Explore this scenario as it is …') },
      );
}

/** Undefined when the user has cancelled it. */
async function decide(
  name: string,
  text: ScenarioText,
  { program, variant }: Explorable,
  startWorker: StartWorker,
): Promise<Explored | undefined> {
  const request = { type: 'explore', text, variant, bytes: DEFAULT_BYTES } as const;
  const found = await askAside(l10n.t('Exploring {0}', name), startWorker, request, (said, token) =>
    exploreHere(program, DEFAULT_BYTES, said, token),
  );
  return found && { ...found.answer, by: found.by };
}

async function tell(decision: Decision, name: string, uri: Uri, variant: string | undefined): Promise<void> {
  const { verdict, states, left, neverAsked, order, broken } = decision;
  if (verdict === 'holds') {
    void window.showInformationMessage(l10n.t('{0} holds in every order: {1} states.', name, states));
  } else if (verdict === 'unknown') {
    void window.showWarningMessage(
      neverAsked
        ? l10n.t('{0}: no order comes to an end, so what must hold finally was never asked.', name)
        : l10n.t('{0}: not complete: {1} states, {2} orders left.', name, states, left),
    );
  } else {
    await debug.startDebugging(workspace.getWorkspaceFolder(uri), {
      type: 'irqscope',
      request: 'launch',
      name: l10n.t('Losing order of {0}', name),
      program: programOf(uri),
      internalConsoleOptions: 'neverOpen',
      order,
      ...(variant !== undefined && { variant }),
    });
    void window.showWarningMessage(
      `${name} is broken after ${order.length} steps: ${broken}. Step through the order that breaks it.`,
    );
  }
}
