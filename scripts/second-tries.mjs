/** A reporter of vitest that names, at the end, the tests that failed and passed when they were tried again (vitest.config.ts). */
export default class SecondTries {
	/** @param {readonly import("vitest/node").TestModule[]} modules */
	onTestRunEnd(modules) {
		const cases = modules.flatMap((each) => [...each.children.allTests()]);
		for (const each of cases.filter((each) => each.diagnostic()?.flaky))
			console.log(`passed at the second try only: ${each.module.relativeModuleId} > ${each.fullName}`);
	}
}
