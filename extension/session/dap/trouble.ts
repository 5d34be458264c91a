/** What a stop on trouble tells the client. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Session, Stop } from '../session.ts';
import { TROUBLES } from '../stopRules.ts';

/** The trouble in words; empty when the stop has another reason. */
export function troubleName({ rules }: Stop): string {
  const rule = rules?.find(({ kind }) => kind === 'trouble');
  return rule?.kind === 'trouble' ? TROUBLES[rule.name].label : '';
}

/** Kind and sentence of the trouble, and the step at which it came up with its call path. */
export function exceptionInfo(stop: Stop, session: Session): DebugProtocol.ExceptionInfoResponse['body'] {
  const rule = stop.rules?.find(({ kind }) => kind === 'trouble');
  const message = stop.text ?? '';
  const { number, agent, actor, path, source } = session.explain();
  const place = [...path].reverse().map((name, i) => `    at ${name}${i === 0 && source !== '' ? ` (${source})` : ''}`);
  return {
    exceptionId: troubleName(stop),
    description: actor === 'scenario' ? message : `${message}, in: ${statementOf(session)}`,
    breakMode: 'always',
    details: {
      message,
      ...(rule?.kind === 'trouble' ? { typeName: rule.name } : {}),
      ...(actor === 'scenario' ? {} : { stackTrace: [`step ${number}, ${agent}`, ...place].join('\n') }),
    },
  };
}

/** The statement to which the last step belongs; the next one may be due already. */
function statementOf(session: Session): string {
  const line = session.lineOf(session.position);
  return session.program.statements.find(({ range }) => range.line + 1 === line)?.text.trim() ?? '';
}
