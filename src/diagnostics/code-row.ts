/** One diagnostic code: its name, a short title and the page that explains it. */
export interface CodeRow {
  readonly code: string;
  readonly title: string;
  /** Markdown paragraphs with an example. */
  readonly explanation: string;
}
