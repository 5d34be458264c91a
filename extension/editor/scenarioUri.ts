import { Uri, window } from 'vscode';
import { LANGUAGE } from './scenarioLanguage.ts';

export function scenarioInFront(): Uri | undefined {
  const document = window.activeTextEditor?.document;
  return document?.languageId === LANGUAGE ? document.uri : undefined;
}

/** @param argument of a command: a URI as text; without one, the scenario in front is meant */
export function scenarioAsked(argument: unknown): Uri | undefined {
  return typeof argument === 'string' ? Uri.parse(argument, true) : scenarioInFront();
}

/** As `program` of a launch configuration: a path, or a URI where files are no files. */
export function programOf(scenario: Uri): string {
  return scenario.scheme === 'file' ? scenario.fsPath : scenario.toString();
}
