/**
 * The language chunk: what makes `.irq` a language of the editor, and what the commands on scenarios do. It knows vscode, and takes what it
 * asks about a text from the core chunk.
 */
export { compare } from './compareProfiles.ts';
export { copyDiagram, importDiagramSelected } from './diagramCommands.ts';
export { explore } from './exploreRace.ts';
export { exportRun } from './exportRun.ts';
export { newScenario } from './newScenario.ts';
export { registerScenarioProviders } from './scenarioProviders.ts';
