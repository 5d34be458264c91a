/** What can be written at a place. */
export interface Suggestion {
  readonly label: string;
  readonly kind: 'keyword' | 'number' | 'vector' | 'field' | 'value' | 'template';
  /** A short note beside the label. */
  readonly detail?: string;
  readonly doc?: string;
  /** What a template inserts, in snippet syntax. */
  readonly snippet?: string;
}

export interface Completion {
  /** Column where the word that is being typed begins. */
  readonly start: number;
  readonly suggestions: readonly Suggestion[];
}
