import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Prints what each fault was seen to do, for whoever operates a hub: the seed, and fault → observed times. */
export default class FaultReporter implements Reporter {
  #seed: unknown = null;

  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) => {
      this.#seed ??= module.project.getProvidedContext().faultsSeed;
      return [...module.children.allTests()].flatMap(linesOf);
    });
    console.log(["", "Fault → observed", ...lines, "", `FAULTS_SEED=${String(this.#seed)}`, ""].join("\n"));
  }
}

const linesOf = (test: TestCase): string[] => {
  const observed = Object.entries(test.meta().observed ?? {});
  const state = test.result().state === "passed" ? "" : ` [${test.result().state}]`;
  const width = Math.max(0, ...observed.map(([what]) => what.length));
  return [
    `  ${test.fullName}${state}`,
    ...observed.map(([what, text]) => `      ${what.padEnd(width)}  ${text}`),
  ];
};
