/** Motions and places, as the protocol and as a session call them. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Motion } from '../protocol.ts';
import type { Session, Stop } from '../session.ts';

export const DESCRIPTIONS: Readonly<Record<Stop['reason'], string>> = {
  step: 'Paused',
  breakpoint: 'Paused on breakpoint',
  failure: 'Paused on trouble',
  end: 'End of the scenario: step back to look again, continue to leave',
  start: 'Start of the scenario',
  paused: 'Paused',
};

export function motionOf(
  command: string,
  { granularity }: { granularity?: DebugProtocol.SteppingGranularity },
): Motion {
  switch (command) {
    case 'next':
      return granularity === 'instruction' ? 'stepInto' : 'stepOver';
    case 'stepIn':
      return 'stepInto';
    case 'stepOut':
      return 'stepOut';
    case 'stepBack':
      return 'stepBack';
    default:
      return 'reverseContinue';
  }
}

/** Statements that begin on the line, or the next one below it: going there means going to the moment before it runs. */
export function gotoTargets(
  { program }: Session,
  { line }: DebugProtocol.GotoTargetsArguments,
): DebugProtocol.GotoTarget[] {
  const id = program.statements.findIndex(({ range }) => range.line + 1 >= line);
  return id < 0 ? [] : [{ id, label: program.statements[id].text.trim(), line: program.statements[id].range.line + 1 }];
}

/** What a run came to, at its end. */
export function summary(session: Session): string {
  const expectations = session.program.statements.filter(({ action }) => action.kind === 'expect').length;
  const failed = session.troubles.length;
  return failed === 0
    ? `end of the scenario: ${session.length} steps, ${expectations} expectations hold`
    : `end of the scenario: ${session.length} steps, ${failed} failed`;
}
