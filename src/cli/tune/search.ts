/**
 * The search for a fast schedule within a budget. Every form is tried as the compiler plans it; then the plans of the
 * fastest one's launches are tried in the order of their modelled costs, all launches at a time where each has its own
 * time; in the end the fastest few take turns with the compiler's own schedule.
 */
import type { LaunchPlan, Schedule } from '../../plan/schedule.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { Base } from './bases.ts';

/** A schedule that was prepared and ran once, in agreement with the reference. */
export interface Prepared {
  readonly compile_ms: number;
  readonly launches: readonly string[];
  time(): Promise<number>;
  timeEach?(): Promise<readonly number[]>;
  destroy(): void;
}

export interface Row {
  readonly schedule: Schedule;
  readonly compile_ms: number;
  readonly times: readonly number[];
}

export interface Lab {
  /** Undefined for a schedule that does not fit the target, or was wrong; both are counted there. */
  prepare(s: Schedule): Promise<Prepared | undefined>;
  /** Plans of a launch from the cheapest on, without the one that it has. */
  plansOf(base: Base, launch: number): readonly StagePlan[];
  /** Whether a part of the budget is left. */
  left(part: number): boolean;
  /** Called after each schedule. */
  tried(): void;
}

/** Parts of the budget after which forms, and plans of launches, are no longer tried. */
const FORMS_UNTIL = 0.35;
const PLANS_UNTIL = 0.75;
/** Schedules that take turns in the end, the compiler's own aside. */
const FINALISTS = 4;
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 25;
/** Runs before times are believed: the first of a kernel is slower than all others. */
const PROBES = 2;

interface Found {
  readonly schedule: Schedule;
  readonly compile_ms: number;
  /** The fastest probe. */
  readonly ms: number;
  readonly each?: readonly number[];
  readonly launches: readonly string[];
}

/** Launches of stages that a plan made of one stage: its shares, their merge, summaries of what its bounds read. */
export function groupsOf(stages: readonly string[], launches: readonly string[]): readonly number[] {
  const out: number[] = [];
  let waiting = 0;
  for (const name of launches) {
    const own = stages.map((s, n) => ({ s, n })).filter(({ s }) => name === s || name.startsWith(`${s}_`));
    const [best] = own.sort((a, b) => b.s.length - a.s.length);
    if (best === undefined || !/^(_parts|_merge(_\d+)?)?$/.test(name.slice(best.s.length))) {
      // What a stage reads is computed before it.
      waiting++;
      continue;
    }
    out.push(...Array<number>(waiting + 1).fill(best.n));
    waiting = 0;
  }
  return [...out, ...Array<number>(waiting).fill(Math.max(0, stages.length - 1))];
}

class Search {
  private readonly found: Found[] = [];
  private readonly seen = new Set<string>();

  constructor(private readonly lab: Lab) {}

  /** Prepares and probes a schedule that was not tried before. */
  async probe(schedule: Schedule): Promise<Found | undefined> {
    const id = JSON.stringify(schedule);
    if (this.seen.has(id)) return undefined;
    this.seen.add(id);
    const p = await this.lab.prepare(schedule);
    this.lab.tried();
    if (!p) return undefined;
    try {
      let ms = Infinity;
      for (let n = 0; n < PROBES; n++) ms = Math.min(ms, await p.time());
      const each = await p.timeEach?.();
      const { compile_ms, launches } = p;
      const found = { schedule, compile_ms, ms, launches, ...(each ? { each } : {}) };
      this.found.push(found);
      return found;
    } finally {
      p.destroy();
    }
  }

  async forms(bases: readonly Base[]): Promise<{ base: Base; found: Found } | undefined> {
    let best: { base: Base; found: Found } | undefined;
    for (const [n, base] of bases.entries()) {
      if (n > 0 && !this.lab.left(FORMS_UNTIL)) break;
      const found = await this.probe(base.schedule);
      if (found && (!best || found.ms < best.found.ms)) best = { base, found };
    }
    return best;
  }

  /** Tries other plans for the launches of a schedule; those that are faster stay. */
  async plans(base: Base, first: Found): Promise<void> {
    const queues = base.schedule.launches.map((_, n) => [...this.lab.plansOf(base, n)]);
    const names = base.schedule.launches.map((l) => l.name);
    let best = first;
    let turn = 0;
    while (this.lab.left(PLANS_UNTIL) && queues.some((q) => q.length > 0)) {
      const all = best.each !== undefined;
      const open = queues.flatMap((q, n) => (q.length > 0 ? [n] : []));
      const changed = all ? open : [open[turn++ % open.length]!];
      const plans = new Map(changed.map((n) => [n, queues[n]!.shift()!]));
      const found = await this.probe(withPlans(best.schedule, plans));
      if (!found) continue;
      if (!found.each || !best.each) {
        if (found.ms < best.ms) best = found;
        continue;
      }
      const [was, is] = [best, found].map((f) => perStage(names, f));
      const faster = changed.filter((n) => is![n]! < was![n]!);
      if (faster.length === changed.length) best = found;
      else if (faster.length > 0)
        best =
          (await this.probe(withPlans(best.schedule, new Map(faster.map((n) => [n, plans.get(n)!]))))) ??
          best;
    }
  }

  /** The fastest probes and the compiler's own schedule, in turns. */
  async finals(own: Schedule): Promise<readonly Row[]> {
    const sorted = [...this.found].sort((a, b) => a.ms - b.ms);
    const first = this.found.find((f) => f.schedule === own);
    const chosen = [...new Set([...(first ? [first] : []), ...sorted.slice(0, FINALISTS)])];
    const ready: { readonly found: Found; readonly p: Prepared; readonly times: number[] }[] = [];
    try {
      for (const found of chosen) {
        const p = await this.lab.prepare(found.schedule);
        if (p) ready.push({ found, p, times: [] });
      }
      for (let round = 0; round < MOST_ROUNDS && (round < LEAST_ROUNDS || this.lab.left(1)); round++) {
        // Each round begins with another one, so that none is always first after a pause.
        for (let n = 0; n < ready.length; n++) {
          const { p, times } = ready[(n + round) % ready.length]!;
          times.push(await p.time());
        }
        this.lab.tried();
      }
    } finally {
      for (const { p } of ready) p.destroy();
    }
    return ready.map(({ found, times }) => ({
      schedule: found.schedule,
      compile_ms: found.compile_ms,
      times,
    }));
  }
}

function perStage(stages: readonly string[], { launches, each }: Found): readonly number[] {
  const out = stages.map(() => 0);
  groupsOf(stages, launches).forEach((stage, n) => (out[stage]! += each![n]!));
  return out;
}

function withPlans(s: Schedule, plans: ReadonlyMap<number, StagePlan>): Schedule {
  const launches = s.launches.map((l, n): LaunchPlan => ({ ...l, plan: plans.get(n) ?? l.plan }));
  return { ...s, launches };
}

/**
 * @param bases the compiler's own first, which is measured whatever it takes
 * @returns the finalists with their times, the compiler's own among them unless it failed
 */
export async function search(bases: readonly Base[], lab: Lab): Promise<readonly Row[]> {
  const s = new Search(lab);
  const best = await s.forms(bases);
  if (best) await s.plans(best.base, best.found);
  return s.finals(bases[0]!.schedule);
}
