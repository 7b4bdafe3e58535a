/** What is shown and what follows from what: a text is checked, then its numbers are known, then its view is made. */
import type { EditorView } from '@codemirror/view';
import type { Problem } from '../../src/server/diagnostics.ts';
import { Unanswered, type Client } from './client.ts';
import { byId, element } from './dom.ts';
import { exampleOf } from './gallery.ts';
import { showChecked, showProblems as markProblems } from './language.ts';
import { showNumbers, type Chosen } from './panels/numbers.ts';
import { showProblems } from './panels/problems.ts';
import type { Numbers, Outline, Subject, Target } from './protocol.ts';
import { fragmentOf, type Shared } from './share.ts';
import { failurePanel, isTab, viewOf } from './views.ts';

/** Pauses of typing after which the text is looked at, and the address follows. */
const CHECK_MS = 120;
const ADDRESS_MS = 400;

interface Workers {
  readonly language: Client;
  readonly compiler: Client;
}

export class Page {
  target: Target = 'wgsl';
  private kernel: string | undefined;
  private tab = 'wgsl';
  /** Numbers that a person chose, by name. */
  private chosen: Chosen = { sizes: {}, params: {} };
  private outline: Outline | undefined;
  private checkTimer = 0;
  private addressTimer = 0;
  /** Grows with each change: answers for older states are dropped. */
  private version = 0;

  private readonly panel = byId('panel', HTMLElement);
  private readonly view = byId('view', HTMLElement);
  private readonly status = byId('status', HTMLElement);
  private readonly kernels = byId('kernel', HTMLSelectElement);

  constructor(
    private readonly editor: () => EditorView,
    private readonly workers: Workers,
    private readonly gpu: boolean,
    private readonly changed: () => void,
  ) {}

  get text(): string {
    return this.editor().state.doc.toString();
  }
  /** Sizes as they are shown. */
  get sizes(): Numbers {
    return this.numbers().sizes;
  }
  /** Undefined while the text has errors. */
  get subject(): Subject | undefined {
    const { kernel, target, outline } = this;
    return kernel === undefined || !outline
      ? undefined
      : { text: this.text, kernel, target, ...this.numbers() };
  }
  get shared(): Shared {
    const { kernel, target, tab } = this;
    return { text: this.text, ...(kernel === undefined ? {} : { kernel }), target, tab, ...this.numbers() };
  }

  /** Takes what a link or an example holds; its text is already in the editor. */
  begin({ kernel, target, tab, sizes, params }: Partial<Shared>): void {
    this.kernel = kernel;
    this.target = target ?? this.target;
    if (isTab(tab)) this.tab = tab;
    this.chosen = { sizes: sizes ?? {}, params: params ?? {} };
    this.outline = undefined;
    this.textChanged(0);
  }

  textChanged(pause = CHECK_MS): void {
    this.unsettle();
    clearTimeout(this.checkTimer);
    this.checkTimer = window.setTimeout(() => void this.check(), pause);
  }
  chooseKernel(name: string): void {
    this.kernel = name;
    this.chosen = { sizes: {}, params: {} };
    this.unsettle();
    void this.findNumbers(this.version);
  }
  chooseTarget(target: Target): void {
    this.target = target;
    this.unsettle();
    void this.show(this.version);
  }
  chooseTab(tab: string): void {
    this.tab = tab;
    this.unsettle();
    void this.show(this.version);
  }

  private numbers(): Chosen {
    const of = (kind: keyof Chosen): Numbers =>
      Object.fromEntries(
        (this.outline?.[kind] ?? []).map((c) => [c.name, this.chosen[kind][c.name] ?? c.value]),
      );
    return { sizes: of('sizes'), params: of('params') };
  }

  private unsettle(): void {
    this.version++;
    document.body.dataset['settled'] = 'false';
    this.panel.setAttribute('aria-busy', 'true');
    this.changed();
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => this.address(), ADDRESS_MS);
  }

  private settle(outcome: 'shown' | 'failed' | 'errors', said: string): void {
    this.status.textContent = said;
    this.panel.setAttribute('aria-busy', 'false');
    document.body.dataset['outcome'] = outcome;
    document.body.dataset['settled'] = 'true';
  }

  /** The address always leads back to what is shown. */
  private address(): void {
    const example = exampleOf(this.text);
    const plain = this.target === 'wgsl' && Object.keys(this.chosen.sizes).length === 0;
    history.replaceState(
      null,
      '',
      example !== undefined && plain ? `#e=${example}` : fragmentOf(this.shared),
    );
  }

  /** Runs a part of the work; what went wrong is shown, unless something newer is under way. */
  private async step(version: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (e) {
      if (!(e instanceof Unanswered)) throw e;
      if (!e.failure || version !== this.version) return;
      this.view.replaceChildren(...failurePanel(e.failure));
      this.settle('failed', 'There is nothing to show: the view says why.');
    }
  }

  private check(): Promise<void> {
    const { version, text } = this;
    return this.step(version, async () => {
      const { problems, tokens, kernels, ok } = await this.workers.language.ask('check', { text });
      if (version !== this.version) return;
      showChecked(this.editor(), tokens, problems);
      this.list(text, problems);
      this.offer(kernels);
      if (!ok || this.kernel === undefined) {
        const count = problems.filter((p) => p.severity === 'error').length;
        return this.settle(
          'errors',
          ok ? 'There is no kernel yet.' : `${count} ${count === 1 ? 'error' : 'errors'}.`,
        );
      }
      await this.findNumbers(version);
      if (version !== this.version) return;
      const all = [...problems, ...(await this.workers.language.ask('rows', { text }))];
      if (this.text !== text) return;
      markProblems(this.editor(), all);
      this.list(text, all);
    });
  }

  private list(text: string, problems: readonly Problem[]): void {
    showProblems(byId('problems', HTMLElement), text, problems, (offset) => {
      const view = this.editor();
      view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true });
      view.focus();
    });
  }

  private offer(names: readonly string[]): void {
    if (this.kernel === undefined || !names.includes(this.kernel)) this.kernel = names[0];
    this.kernels.replaceChildren(...names.map((name) => element('option', { value: name }, name)));
    if (this.kernel !== undefined) this.kernels.value = this.kernel;
    byId('kernel-field', HTMLElement).hidden = names.length < 2;
  }

  private findNumbers(version: number): Promise<void> {
    return this.step(version, async () => {
      this.status.textContent = 'Compiling…';
      const asked = { text: this.text, kernel: this.kernel!, gpu: this.gpu };
      const outline = await this.workers.compiler.ask('outline', asked, 'view');
      if (version !== this.version) return;
      this.outline = outline;
      showNumbers(byId('numbers', HTMLElement), outline, this.numbers(), (chosen) => {
        this.chosen = chosen;
        this.unsettle();
        void this.show(this.version);
      });
      await this.show(version);
    });
  }

  private show(version: number): Promise<void> {
    const view = viewOf(this.tab);
    byId('run', HTMLElement).hidden = view !== undefined;
    return this.step(version, async () => {
      if (!this.subject) return;
      const begun = performance.now();
      const made = view ? await view(this.workers.compiler, this.subject) : [];
      if (version !== this.version) return;
      this.view.replaceChildren(...made);
      this.settle('shown', `Ready after ${Math.round(performance.now() - begun)} ms.`);
    });
  }
}
