/** From the text of a plan file to schedules; everything that is wrong with its shape is said here, at its place. */
import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { z } from 'zod';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import { keySpan, placesBelow, valueSpan, type JsonPath } from './place.ts';
import { describedKey, PLAN_FORMAT, type PlacedSchedule, type PlanFile, type Schedule } from './schedule.ts';
import { PLAN_FILE } from './schema.ts';

export interface ReadPlan {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent when there are errors. */
  readonly file?: PlanFile;
}

const FORGET = 'delete the file, or write it again with `attnc tune`';

/** @param source the name of the file, for diagnostics: E0750 */
export function readPlanFile(text: string, source: string): ReadPlan {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  if (errors.length > 0 || !root) return { diagnostics: [syntaxError(text, source, errors[0])] };
  const value: unknown = JSON.parse(text);
  const old = formatError(value, source, root);
  if (old) return { diagnostics: [old] };
  const parsed = PLAN_FILE.safeParse(value);
  if (!parsed.success) {
    const said = parsed.error.issues.flatMap((i) => issueErrors(i, source, root));
    return { diagnostics: said };
  }
  // JSON has no undefined: what is optional is there or it is not.
  const plans = parsed.data.plans as readonly Schedule[];
  const placed = plans.map((p, n): PlacedSchedule => {
    const places = placesBelow(source, findNodeAtLocation(root, ['plans', n]));
    return { ...p, from: { source, places } };
  });
  const twice = repeated(placed, source, root);
  return twice ? { diagnostics: [twice] } : { diagnostics: [], file: { format: PLAN_FORMAT, plans: placed } };
}

function syntaxError(text: string, source: string, e: ParseError | undefined): Diagnostic {
  const what = e ? printParseErrorCode(e.error).replace(/([a-z])([A-Z])/g, '$1 $2') : 'nothing';
  const [start, length] = e ? [e.offset, e.length] : [0, text.length];
  return {
    code: 'E0750',
    severity: 'error',
    message: `${source} is not JSON: ${what.toLowerCase()}`,
    span: { source, start, end: start + Math.max(1, length) },
    hint: FORGET,
  };
}

/** Said before all else: other formats have other keys. */
function formatError(value: unknown, source: string, root: Node): Diagnostic | undefined {
  const format: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'format') : undefined;
  if (format === undefined || format === PLAN_FORMAT) return undefined;
  return {
    code: 'E0750',
    severity: 'error',
    message: `${source} has the format ${JSON.stringify(format)}, and this version of attnc reads ${PLAN_FORMAT}`,
    span: valueSpan(source, root, ['format']),
    hint: FORGET,
  };
}

const named = (path: JsonPath): string => (path.length === 0 ? 'the file' : `\`${path.join('.')}\``);

function issueErrors(issue: z.core.$ZodIssue, source: string, root: Node): Diagnostic[] {
  const path = issue.path.filter((x) => typeof x !== 'symbol');
  const error = (message: string, span: Diagnostic['span'], hint?: string): Diagnostic => ({
    code: 'E0750',
    severity: 'error',
    message,
    ...(span ? { span } : {}),
    ...(hint ? { hint } : {}),
  });
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      error(
        `${named(path)} has no key \`${key}\``,
        keySpan(source, root, path, key),
        didYouMean(key, keysAt(path)) ?? `it can have ${keysAt(path).join(', ')}`,
      ),
    );
  const text = issue.message.replace(/^Invalid (?:input|option): /, '').replace(/^Too small: /, '');
  const missing = issue.code === 'invalid_type' && /received undefined$/.test(issue.message);
  const message = missing ? `${named(path)} is missing` : `${named(path)}: ${text}`;
  return [error(message, valueSpan(source, root, path))];
}

/** Keys that an object at a path may have, by the schema. */
function keysAt(path: JsonPath): string[] {
  let at: unknown = PLAN_FILE;
  for (const step of path) at = inside(plain(at), step);
  const object = plain(at);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

const plain = (t: unknown): unknown => (t instanceof z.ZodOptional ? t.unwrap() : t);

function inside(t: unknown, step: string | number): unknown {
  if (t instanceof z.ZodArray) return t.element;
  return t instanceof z.ZodObject ? Reflect.get(t.shape, step) : undefined;
}

function repeated(plans: readonly PlacedSchedule[], source: string, root: Node): Diagnostic | undefined {
  const seen = new Set<string>();
  for (const [n, plan] of plans.entries()) {
    const id = describedKey(plan);
    if (seen.has(id))
      return {
        code: 'E0750',
        severity: 'error',
        message: `${source} has two plans of ${id}`,
        span: valueSpan(source, root, ['plans', n, 'kernel']),
        hint: 'keep one of them',
      };
    seen.add(id);
  }
  return undefined;
}
