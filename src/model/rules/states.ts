/** E0411 to E0419, W0909: recurrences assign states, step after step. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import type { Name } from '../../syntax/ast.ts';
import { error, list, warning } from './error.ts';

export function neverAssigned(state: string, span: Span): Diagnostic {
  return error('E0411', `state \`${state}\` is never assigned`, span, {
    hint: `a recurrence says what a step makes of it: \`recurrence over t { ${state} = … }\``,
  });
}

export function assignedTwice(name: Name, first: Span): Diagnostic {
  return error('E0412', `state \`${name.text}\` is assigned in two recurrences`, name.span, {
    labels: [{ span: first, text: 'first assigned here' }],
    hint: 'put the assignments into one block, or declare a second state that starts from the first one',
  });
}

export function ownAxis(state: string, axis: Name, declared: Span): Diagnostic {
  return error(
    'E0413',
    `state \`${state}\` has the axis \`${axis.text}\` that it is carried along`,
    axis.span,
    {
      labels: [{ span: declared, text: `leave \`${axis.text}\` out here: a state is its value at one step` }],
      hint: 'what is wanted at all steps is a value of the block, such as `y = S`',
    },
  );
}

export function notAssignable(name: Name, kind: string, first: Span): Diagnostic {
  const definition = kind === 'definition';
  return error(
    'E0414',
    definition
      ? `\`${name.text}\` has a value already, and is no state`
      : `\`${name.text}\` is ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} and cannot be assigned`,
    name.span,
    {
      labels: [{ span: first, text: definition ? 'first defined here' : 'declared here' }],
      hint: 'only states change; give another name to a changed value, or declare a `state` for what is carried',
    },
  );
}

export function assignedOutside(name: Name, declared: Span): Diagnostic {
  return error('E0414', `state \`${name.text}\` is assigned outside of a recurrence`, name.span, {
    labels: [{ span: declared, text: 'declared here' }],
    hint: `put it into \`recurrence over t { ${name.text} = … }\`, or give another name to this value`,
  });
}

export function stateStorage(state: string, storage: string, span: Span): Diagnostic {
  return error('E0415', `state \`${state}\` cannot be ${storage}: states are carried in f32`, span, {
    hint: `declare it as f32; its last value can still be written out as ${storage}: \`out ${state}: ${storage}[…]\``,
  });
}

export function readBeforeAssigned(name: Name, assigned: Span): Diagnostic {
  return error('E0416', `\`${name.text}\` is read before this step has given it a value`, name.span, {
    labels: [{ span: assigned, text: 'it gets its value here' }],
    hint: 'move the line that reads it below; to see the value of the step before, declare a `state`',
  });
}

export function anotherStep(what: string | undefined, axis: string, span: Span): Diagnostic {
  const read = what === undefined ? 'what another step has made' : `\`${what}\` of another step`;
  return error('E0417', `a step along \`${axis}\` reads ${read}`, span, {
    hint: 'carry it in a state of its own; definitions after the block can read every step',
  });
}

export function initialNeedsSteps(state: string, span: Span): Diagnostic {
  return error('E0418', `the initial value of \`${state}\` needs what its steps make of it`, span, {
    hint: 'the initial value is there before the first step; it may mention inputs and what other recurrences give',
  });
}

export function stepNeedsLast(state: string, span: Span): Diagnostic {
  return error('E0418', `the steps of \`${state}\` need its last value`, span, {
    hint: `outside of its recurrence \`${state}\` is the value after the last step; read it inside to get the value so far`,
  });
}

export function blocksNeedEachOther(a: string, b: string, span: Span): Diagnostic {
  return error('E0418', `the recurrences of ${list([a, b])} need each other`, span, {
    hint: 'put their assignments into one block',
  });
}

export function indicesOfState(name: Name, declared: readonly string[], span: Span): Diagnostic {
  return error('E0419', `state \`${name.text}\` has the indices [${declared.join(', ')}]`, span, {
    hint: `write \`${name.text} = …\`; the declaration gives its indices`,
  });
}

export function valueWithoutAxis(name: Name, axis: string, span: Span): Diagnostic {
  return error(
    'E0419',
    `\`${name.text}\` has a value at each step, but \`${axis}\` is not among its indices`,
    span,
    {
      hint: `add \`${axis}\` to the indices, or define it outside of the recurrence`,
    },
  );
}

export function valueOfARound(name: Name, defined: Span): Diagnostic {
  return error(
    'E0420',
    `\`${name.text}\` has a value in each round, and none outside of the \`repeat\``,
    name.span,
    {
      labels: [{ span: defined, text: 'defined in a round here' }],
      hint: 'declare a `state` for it: outside of its rounds a state is what the last one left',
    },
  );
}

export function recurrenceWithoutState(span: Span): Diagnostic {
  return warning('W0909', 'this recurrence assigns no state', span, {
    hint: 'without a state its steps have no order; definitions outside of a block say the same',
  });
}

export function overwritten(state: string, span: Span): Diagnostic {
  return warning('W0902', `the value that \`${state}\` gets here is never read`, span, {
    hint: `the next assignment replaces it; did you mean to read \`${state}\` there?`,
  });
}
