import { expect, it } from "vitest";
import { hostFindings } from "../../../scripts/checks/hosts.mjs";

const check = (text: string) => hostFindings([{ file: "a.json", text }]).map(({ line, rule }) => `${line}: ${rule}`);

/** Put together here, since this file is checked too. */
const host = ["registry", "example", "org"].join(".");

it("the host of a package registry is told with its line", () => {
	expect(check(`{\n"resolved": "https://${host}/x.tgz"\n}`)).toEqual([`2: names the package registry ${host}`]);
});

it("commands and packages named alike are no hosts", () => {
	expect(check("npm run build; npm-run.json; the registry. Org charts; src/npm.ts")).toEqual([]);
});
