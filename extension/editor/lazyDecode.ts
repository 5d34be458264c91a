/** What the host loads at the first hover: formats, finder, printers. */
export { candidateAt } from '../decode/candidate.ts';
export { definitionsOf } from '../decode/definitions.ts';
export { findCandidates } from '../decode/find.ts';
export { escaped, toMarkdown, toText } from '../decode/print.ts';
export { scenarioFor, usualMachine } from '../decode/send.ts';
export { explainValues } from '../decode/values.ts';
