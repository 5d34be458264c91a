/** The language chunk: what makes `.irq` a language of the editor. It knows vscode, and takes what it asks about a text from the core chunk. */
export { registerScenarioProviders } from './scenarioProviders.ts';
