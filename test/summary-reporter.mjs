/** Counts tests for test/run-all.mjs and keeps the reason of every skip; written to the file in ATTNC_TEST_SUMMARY. */
import { writeFileSync } from 'node:fs';

const SUMMARY = process.env.ATTNC_TEST_SUMMARY;

/** The outermost suite that was skipped as a whole names what is missing; a single test may say why. */
function reasonOf(test) {
  const result = test.result();
  if (result.note) return result.note;
  let name = test.name;
  for (let at = test.parent; at.type === 'suite'; at = at.parent) {
    if ([...at.children.allTests()].some((other) => other.result().state !== 'skipped')) break;
    name = at.name;
  }
  return `${test.module.relativeModuleId}: ${name}`;
}

// Reporters are loaded by path and must be the default export.
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, skips: {} };
    for (const module of modules) {
      summary.failed += module.errors().length;
      for (const suite of module.children.allSuites()) summary.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') summary.passed++;
        else if (state === 'skipped')
          summary.skips[reasonOf(test)] = (summary.skips[reasonOf(test)] ?? 0) + 1;
        else summary.failed++;
      }
    }
    if (SUMMARY) writeFileSync(SUMMARY, JSON.stringify(summary));
  }
}
