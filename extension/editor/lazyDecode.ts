/** The decode chunk, loaded at the first hover: formats, finder, printers. */
export { annotate } from '../decode/annotate.ts';
export { candidateAt } from '../decode/candidate.ts';
export { definitionsOf } from '../decode/definitions.ts';
export { explainWords } from '../decode/explanation.ts';
export { encodeFields } from '../decode/fieldValues.ts';
export { FUNCTION, findCandidates } from '../decode/find.ts';
export { escaped, toMarkdown, toText } from '../decode/print.ts';
export { scenarioFor, usualMachine } from '../decode/send.ts';
export { explainValues } from '../decode/values.ts';
export { formats } from '../formats/all.ts';
export { hex } from '../formats/bits.ts';
