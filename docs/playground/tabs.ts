/** Tabs as screen readers and keyboards expect them: arrows move, one tab is in the order of Tab. */
import { element } from './dom.ts';

export interface Tab {
  readonly name: string;
  readonly title: string;
}

/** Fills a tab list. All tabs share one panel, since only one view is ever made. */
export class Tabs {
  private readonly buttons: readonly HTMLButtonElement[];

  constructor(
    list: HTMLElement,
    private readonly panel: HTMLElement,
    private readonly tabs: readonly Tab[],
    private readonly chosen: (name: string) => void,
  ) {
    this.buttons = tabs.map(({ name, title }) =>
      element(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${name}`,
          'aria-controls': panel.id,
          'aria-selected': 'false',
        },
        title,
      ),
    );
    list.append(...this.buttons);
    for (const [n, b] of this.buttons.entries()) {
      b.addEventListener('click', () => this.choose(n));
      b.addEventListener('keydown', (e) => this.key(e, n));
    }
  }

  /** Marks a tab without telling anybody; an unknown name is left alone. */
  show(name: string): void {
    if (!this.tabs.some((t) => t.name === name)) return;
    for (const [n, b] of this.buttons.entries()) {
      const own = this.tabs[n]!.name === name;
      b.setAttribute('aria-selected', String(own));
      b.tabIndex = own ? 0 : -1;
    }
    this.panel.setAttribute('aria-labelledby', `tab-${name}`);
  }

  private choose(n: number): void {
    const { name } = this.tabs[n]!;
    this.show(name);
    this.chosen(name);
  }

  private key(e: KeyboardEvent, n: number): void {
    const count = this.buttons.length;
    const to: Readonly<Record<string, number>> = {
      ArrowRight: (n + 1) % count,
      ArrowLeft: (n + count - 1) % count,
      Home: 0,
      End: count - 1,
    };
    const next = to[e.key];
    if (next === undefined) return;
    e.preventDefault();
    this.buttons[next]!.focus();
    this.choose(next);
  }
}
