/** What the host loads on first need: debug adapter, engine and scenario language. */
export { importDiagram } from '../scenario/importDiagram.ts';
export { sectionsOf } from '../scenario/sections.ts';
export { Besides, profilesBeside } from '../session/beside.ts';
export { DebugSession } from '../session/dap/debugSession.ts';
export { diagramOf, diagramOfText } from '../session/diagram.ts';
export { explorable } from '../session/explorable.ts';
export { exploring } from '../session/explore.ts';
export { judgeScenario } from '../session/outcome.ts';
export { comparable, comparisonOf } from '../session/profiles.ts';
export { recordingOf } from '../session/recording.ts';
export { pageText, passedPages, type RuleTally, rulePages } from '../session/rules.ts';
export { snapshotOf, timelineOf } from '../session/snapshot.ts';
export { machineOf, recipientsOf } from './recipients.ts';
export { passagesOf } from './samples.ts';
export { registerScenarioProviders } from './scenarioProviders.ts';
