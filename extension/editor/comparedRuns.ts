import { Disposable, Uri, workspace } from 'vscode';

const SCHEME = 'irqscope-run';

/** The two sides of each comparison as read-only documents, kept while they are open. */
export class ComparedRuns implements Disposable {
  readonly #texts = new Map<string, string>();
  readonly #subscriptions = Disposable.from(
    workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: uri => this.#texts.get(uri.toString()) ?? '',
    }),
    workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
  );

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /** @param title what stands on the tab */
  add(scenario: Uri, title: string, text: string): Uri {
    const uri = Uri.from({ scheme: SCHEME, path: `/${title}`, query: scenario.toString() });
    this.#texts.set(uri.toString(), text);
    return uri;
  }
}
