import {
  commands,
  Disposable,
  type ExtensionContext,
  type Tab,
  TabInputWebview,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
} from 'vscode';
import type { CurrentRun } from './currentRun.ts';
import { InspectorPanel, titleOf, VIEW_TYPE } from './inspectorPanel.ts';
import { registerPictures } from './pictures.ts';
import { Places } from './places.ts';
import type { Runs } from './runs.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { scenarioInFront } from './scenarioUri.ts';
import { registerVcpuGlance } from './vcpuGlance.ts';

/** Registers the commands and the compact view, and revives panels that the window restores. */
export function registerInspector(context: ExtensionContext, runs: Runs): void {
  const places = new Places(context.workspaceState);
  const panels = new InspectorPanels(context.extensionUri, runs, places);
  context.subscriptions.push(
    panels,
    places,
    commands.registerCommand('irqscope.openInspector', target =>
      panels.open(scenarioOf(target) ?? scenarioMeant(runs)),
    ),
    commands.registerCommand('irqscope.tellInspector', message => InspectorPanel.tell(message)),
    window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: (panel, state) => panels.restore(panel, state),
    }),
  );
  registerVcpuGlance(context, runs);
  registerPictures(context, runs, (run, drawing) => panels.open(run.uri).draw(drawing));
}

/** What menus, lenses and other commands hand over: a URI, or one as text. */
function scenarioOf(target: unknown): Uri | undefined {
  if (target instanceof Uri) return target;
  if (typeof target !== 'string' || target.length > 10_000) return undefined;
  try {
    return Uri.parse(target, true);
  } catch {
    return undefined;
  }
}

/** The scenario in front, else that which runs, else one that can be seen. */
function scenarioMeant(runs: Runs): Uri | undefined {
  const seen = () => window.visibleTextEditors.find(({ document }) => document.languageId === LANGUAGE);
  return scenarioInFront() ?? runs.meant?.uri ?? seen()?.document.uri;
}

/** Milliseconds in which VS Code has a panel restored that is seen; later ones find themselves replaced. */
const RESTORING = 3000;

const isInspector = ({ input }: Tab): boolean => input instanceof TabInputWebview && input.viewType.endsWith(VIEW_TYPE);

interface Shown {
  readonly view: InspectorPanel;
  /** Undefined until there is a scenario to show. */
  run: CurrentRun | undefined;
}

/** The inspectors that are open: one for each scenario. */
class InspectorPanels implements Disposable {
  readonly #shown = new Set<Shown>();
  readonly #extensionUri: Uri;
  readonly #runs: Runs;
  readonly #places: Places;
  readonly #subscriptions: Disposable;
  /** Scenarios of inspectors that were open when the last extension host ended, and have none of this one yet. */
  #unclaimed: readonly string[];
  /** None of them will be restored. */
  #restarted = false;

  constructor(extensionUri: Uri, runs: Runs, places: Places) {
    this.#extensionUri = extensionUri;
    this.#runs = runs;
    this.#places = places;
    this.#unclaimed = places.open;
    const renames = runs.onDidRename(run => {
      this.#closeOthers(run);
      this.#remember();
    });
    this.#subscriptions = Disposable.from(renames, this.#watchOrphans());
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /** Shows the inspector of a scenario beside the editor, without taking the keyboard from the text. */
  open(uri: Uri | undefined): InspectorPanel {
    const run = uri && this.#runs.of(uri);
    const shown = this.#of(run) ?? (run && this.#of(undefined));
    if (shown) {
      if (run) this.#show(shown, run);
      if (!shown.view.panel.visible) shown.view.panel.reveal(undefined, true);
      return shown.view;
    }
    const orphan = this.#orphans().find(each => each.uri.toString() === uri?.toString());
    const place = { viewColumn: this.#column(), preserveFocus: true };
    const view = this.#add(window.createWebviewPanel(VIEW_TYPE, titleOf(uri), place), run);
    if (orphan) void window.tabGroups.close(orphan.tab, true);
    return view;
  }

  /**
   * When only the extension host is restarted, VS Code keeps the tabs of the panels and asks nobody to revive them: they show their last
   * picture and hear nothing. A tab that is seen and was not restored is such a one, and gets a successor in its place.
   */
  async #reconnect(): Promise<void> {
    const orphans = this.#orphans();
    this.#unclaimed = orphans.map(({ uri }) => uri.toString());
    for (const { uri, tab } of orphans.filter(each => each.tab.isActive)) {
      const run = this.#runs.of(uri);
      await run.resume(this.#places.of(uri));
      if (this.#of(run)) continue;
      this.#restarted = true;
      const column = { viewColumn: tab.group.viewColumn, preserveFocus: true };
      this.#add(window.createWebviewPanel(VIEW_TYPE, titleOf(uri), column), run);
      await window.tabGroups.close(tab, true);
    }
  }

  #orphans(): readonly { readonly uri: Uri; readonly tab: Tab }[] {
    const tabs = window.tabGroups.all.flatMap(group => group.tabs).filter(isInspector);
    return this.#unclaimed.flatMap(scenario => {
      const uri = scenarioOf(scenario);
      const run = uri && this.#runs.known(uri);
      const tab = uri && !(run && this.#of(run)) && tabs.find(each => each.label === titleOf(uri));
      return tab ? [{ uri, tab }] : [];
    });
  }

  /** Tabs are restored soon after they are seen. */
  #watchOrphans(): Disposable {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (this.#unclaimed.length > 0) timer = setTimeout(() => void this.#reconnect(), this.#restarted ? 0 : RESTORING);
    };
    look();
    return Disposable.from(window.tabGroups.onDidChangeTabs(look), { dispose: () => clearTimeout(timer) });
  }

  /**
   * @param state what the view remembered: the scenario and the place in it are part of that. Undefined when the window was reloaded
   * before VS Code had stored it; the title on the tab tells the scenario then.
   */
  async restore(panel: WebviewPanel, state: unknown): Promise<void> {
    const { scenario, place } = (state ?? {}) as { readonly scenario?: unknown; readonly place?: unknown };
    const uri = scenarioOf(scenario) ?? this.#unclaimed.map(scenarioOf).find(each => titleOf(each) === panel.title);
    const run = uri && this.#runs.of(uri);
    if (run && this.#of(run)) {
      panel.dispose();
      return;
    }
    if (run) await run.resume(this.#places.of(run.uri) ?? place);
    this.#add(panel, run);
  }

  /** Where the other inspectors are, unless that covers the text in front. */
  #column(): ViewColumn {
    const columns = [...this.#shown].map(({ view }) => view.panel.viewColumn);
    const text = window.activeTextEditor?.viewColumn;
    return columns.find(column => column !== undefined && column !== text) ?? ViewColumn.Beside;
  }

  #of(run: CurrentRun | undefined): Shown | undefined {
    return [...this.#shown].find(shown => shown.run === run);
  }

  #add(panel: WebviewPanel, run: CurrentRun | undefined): InspectorPanel {
    const shown: Shown = { view: new InspectorPanel(this.#extensionUri, panel), run: undefined };
    this.#shown.add(shown);
    panel.onDidDispose(() => this.#remove(shown));
    panel.onDidChangeViewState(() => this.#look(shown));
    shown.view.onDidShow(({ uri, place }) => {
      if (place !== undefined) this.#places.keep(uri, place);
    });
    if (run) this.#show(shown, run);
    return shown.view;
  }

  #show(shown: Shown, run: CurrentRun): void {
    if (shown.run === run) return;
    shown.run = run;
    this.#remember();
    shown.view.source = run;
    this.#look(shown);
  }

  /** Which of them are seen, and which is in front. */
  #look({ run, view: { panel } }: Shown): void {
    void run?.inspect(panel.visible ? 'visible' : 'hidden');
    if (panel.active) this.#runs.front = run;
    else if (run && this.#runs.front === run) this.#runs.front = undefined;
  }

  #remove(shown: Shown): void {
    this.#shown.delete(shown);
    this.#remember();
    const { run } = shown;
    if (!run) return;
    if (this.#runs.front === run) this.#runs.front = undefined;
    void run.inspect('no').then(() => this.#runs.forgetIdle(run));
  }

  #remember(): void {
    const shown = [...this.#shown].flatMap(({ run }) => (run ? [run.uri.toString()] : []));
    this.#unclaimed = this.#unclaimed.filter(scenario => !shown.includes(scenario));
    this.#places.open = [...shown, ...this.#unclaimed];
  }

  /** A file was renamed to one that another inspector shows, and has taken its place. */
  #closeOthers(run: CurrentRun): void {
    for (const shown of this.#shown) {
      if (shown.run !== run && shown.run?.uri.toString() === run.uri.toString()) shown.view.panel.dispose();
    }
  }
}
