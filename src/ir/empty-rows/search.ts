/** Looks for a row that keeps nothing, among small sizes, params and tensors. Bounded work, the same in every run. */
import { UserError } from '../../diagnostics/diagnostic.ts';
import { bool, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Domain } from './domains.ts';
import { choicesOf, type Choice, type Numbers } from './numbers.ts';
import {
  dataFor,
  isDataFree,
  conditionNeeds,
  OutOfRange,
  PATTERNS,
  Trial,
  type Data,
  type Element,
} from './trial.ts';

/** A row that keeps nothing. */
export interface EmptyRow {
  readonly numbers: Numbers;
  readonly isDefault: boolean;
  readonly row: readonly (readonly [axis: string, index: number])[];
  /** What the condition read there, without repetitions; nothing when no tensor decides. */
  readonly elements: readonly Element[];
  /** Tensors that empty the row; none when all do. */
  readonly data: Data;
}

/** Evaluations of the condition that one search may cost. */
const MOST_WORK = 40_000;
/** What tensors cost in such evaluations: to fill them, and to interpret definitions over them. */
const FILLING = 20;
const INTERPRETING = 1000;

const NOTHING: Data = new Map();

/** The condition with every part that tensors decide taken as the best they can be: implied by the condition. */
export function withoutData(e: Expr, isTrue = true): Expr {
  if (isDataFree(e)) return isTrue ? e : op('not', e);
  if (e.kind === 'op') {
    const at = (n: number, truth = isTrue): Expr => withoutData(e.args[n]!, truth);
    if (e.op === 'not') return at(0, !isTrue);
    if (e.op === 'and' || e.op === 'or') return op((e.op === 'and') === isTrue ? 'and' : 'or', at(0), at(1));
    if (e.op === 'select') return op('or', op('and', at(0, true), at(1)), op('and', at(0, false), at(2)));
  }
  return bool(true);
}

/** A search over one domain; both methods return the simplest empty row that they find. */
export class Search {
  constructor(
    private readonly domain: Domain,
    private readonly mattering: ReadonlySet<string>,
  ) {}

  /** A row that is empty whatever the tensors hold. */
  byNumbers(): EmptyRow | undefined {
    const where = simplify(withoutData(this.domain.where));
    if (!isDataFree(this.domain.given)) return undefined;
    return this.find(where, 0, () => [NOTHING]);
  }

  /** A row that some tensors empty. */
  byData(): EmptyRow | undefined {
    const needs = conditionNeeds(this.domain);
    const cost = needs.direct.size > 0 ? INTERPRETING : FILLING;
    return this.find(this.domain.where, cost, function* ({ numbers }, domain) {
      for (let pattern = 0; pattern < PATTERNS; pattern++)
        try {
          yield dataFor(domain.kernel, needs, numbers, pattern);
        } catch (e) {
          if (!(e instanceof UserError)) throw e;
        }
    });
  }

  private find(
    where: Expr,
    costOfData: number,
    dataOf: (c: Choice, d: Domain) => Iterable<Data>,
  ): EmptyRow | undefined {
    const { domain } = this;
    const trial = new Trial(domain.kernel);
    const keeps = trial.compile(where);
    const isComputed = trial.compile(domain.given);
    let work = 0;
    let left = MOST_WORK;
    const kept = (): boolean => (work++, keeps() !== 0);
    const isEmpty = (): boolean => isComputed() !== 0 && !trial.some(domain.reduced, kept);
    let wasDefault = true;
    for (const choice of choicesOf(domain.kernel, this.mattering)) {
      // Other params get work of their own, so that long axes do not use up theirs.
      if (wasDefault && !choice.isDefault) left = work + MOST_WORK;
      wasDefault = choice.isDefault;
      if (work > left) {
        if (wasDefault) continue;
        return undefined;
      }
      for (const data of dataOf(choice, domain)) {
        work += costOfData;
        trial.use(choice.numbers, data);
        try {
          if (!trial.some(domain.rows, isEmpty)) continue;
        } catch (e) {
          if (e instanceof OutOfRange) continue;
          throw e;
        }
        const row = domain.rows.map((a) => [a, trial.at(a)] as const);
        return { ...choice, row, elements: this.elementsRead(trial, kept), data };
      }
    }
    return undefined;
  }

  /** What the condition reads at the present row. */
  private elementsRead(trial: Trial, kept: () => boolean): Element[] {
    trial.reads = [];
    trial.some(this.domain.reduced, kept);
    const unique = new Map(trial.reads.map((r) => [`${r.name}[${r.index.join()}]`, r]));
    return [...unique.values()];
  }
}

/** Rows under actual numbers and tensors, for sorting out witnesses that fail somewhere. */
export interface Sample {
  readonly numbers: Numbers;
  readonly data: Data;
  readonly row: readonly number[];
}

const MOST_SAMPLES = 500;
const ROWS_PER_CHOICE = 8;
const SIZES_PER_PARAM = 8;
/** Choices of numbers where definitions have to be interpreted. */
const MOST_INTERPRETED = 40;

/** Rows of many choices of numbers and tensors. */
export function samplesOf(domain: Domain, mattering: ReadonlySet<string>): Sample[] {
  const needs = conditionNeeds(domain);
  const trial = new Trial(domain.kernel);
  const isComputed = trial.compile(domain.given);
  const out: Sample[] = [];
  let pattern = 0;
  for (const { numbers } of choicesOf(domain.kernel, mattering, SIZES_PER_PARAM)) {
    if (out.length > MOST_SAMPLES || (needs.direct.size > 0 && pattern > MOST_INTERPRETED)) break;
    try {
      const data = dataFor(domain.kernel, needs, numbers, pattern++ % PATTERNS);
      trial.use(numbers, data);
      let left = ROWS_PER_CHOICE;
      trial.some(domain.rows, () => {
        if (isComputed() !== 0) {
          out.push({ numbers, data, row: domain.rows.map((a) => trial.at(a)) });
          left--;
        }
        return left <= 0;
      });
    } catch (e) {
      if (!(e instanceof UserError) && !(e instanceof OutOfRange)) throw e;
    }
  }
  return out;
}
