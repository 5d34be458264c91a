/**
 * The core chunk: engine, scenario language and runs, loaded on first need by both hosts and by the explorer's worker. Nothing in it knows
 * vscode. What the language chunk asks about texts stands here too: imported from where it is made, it would be there twice.
 */
export { DEFAULT_BYTES } from '../engine/explore/search.ts';
export { check, Memo } from '../scenario/check.ts';
export { complete } from '../scenario/complete.ts';
export { explainAt } from '../scenario/explain.ts';
export { collect, mayInclude, withFiles } from '../scenario/files.ts';
export { print } from '../scenario/format.ts';
export { importDiagram } from '../scenario/importDiagram.ts';
export { link, namesIn } from '../scenario/link.ts';
export { folds, outline } from '../scenario/outline.ts';
export { parse } from '../scenario/parse.ts';
export { remediesFor } from '../scenario/remedies.ts';
export { nameAt, objection, placesOf } from '../scenario/rename.ts';
export { sectionsOf, titlesIn } from '../scenario/sections.ts';
export { SEMANTIC_MODIFIERS, SEMANTIC_TYPES, semanticTokens } from '../scenario/semantic.ts';
export { signaturesAt } from '../scenario/signature.ts';
export { definitionOf, fieldsAhead, mentions, symbolAt } from '../scenario/symbols.ts';
export { Besides, profilesBeside } from '../session/beside.ts';
export { DebugSession } from '../session/dap/debugSession.ts';
export { diagramOf, diagramOfText } from '../session/diagram.ts';
export { explorable } from '../session/explorable.ts';
export { matchLines } from '../session/lineMatch.ts';
export { judgeScenario } from '../session/outcome.ts';
export { diagramDrawing } from '../session/picture/diagram.ts';
export { stateDrawing } from '../session/picture/state.ts';
export { svgOf } from '../session/picture/svg.ts';
export { placeOf, readPlace, START, writePlace } from '../session/place.ts';
export { comparable, comparisonOf } from '../session/profiles.ts';
export { recordingOf, recordingOfRun } from '../session/recording.ts';
export { pageText, passedPages, type RuleTally, rulePages } from '../session/rules.ts';
export { snapshotOf, timelineOf } from '../session/snapshot.ts';
export { askWorker } from '../worker/client.ts';
export { exploreHere } from '../worker/here.ts';
export { serve } from '../worker/serve.ts';
export { runLive } from './liveRun.ts';
export { machineOf, recipientsOf } from './recipients.ts';
export { recordingPage } from './recordingPage.ts';
export { passagesOf } from './samples.ts';
