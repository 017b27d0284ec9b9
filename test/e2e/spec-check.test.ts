/** spec --check: what it calls an error create refuses, what it does not create takes, and it changes nothing. */
import { readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test } from "../support/e2e.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

const spoilt: readonly (readonly [rule: string, path: string, patch: (config: BaseConfig) => void])[] = [
	["CV-02", "$.ociVersion", (config) => Object.assign(config, { ociVersion: "1" })],
	["RT-01", "$.root", (config) => Object.assign(config, { root: undefined })],
	["RT-04", "$.root.path", (config) => Object.assign(config.root, { path: "none" })],
	["MT-02", "$.mounts[0].destination", ({ mounts }) => Object.assign(mounts[0] ?? {}, { destination: undefined })],
	["HK-03", "$.hooks.poststop[0].path", (config) => Object.assign(config, { hooks: { poststop: [{ path: "true" }] } })],
	["NS-15", "$.linux.namespaces[5].type", ({ linux }) => linux.namespaces.push({ type: "pid" })],
	["SC-01", "$.linux.seccomp.defaultAction", ({ linux }) => Object.assign(linux, { seccomp: {} })],
	["HP-10", "$.linux.resources.rdma.mlx", ({ linux }) => Object.assign(linux.resources, { rdma: { mlx: {} } })],
];

describe("spec --check", () => {
	test("finds nothing in what spec writes", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const check = runtime("spec", "--check", makeBundle());
		expect(check).toMatchObject({ status: 0, stdout: "config.json: no errors, no warnings\n", stderr: "" });
	});

	test.for(spoilt)(
		"%s at %s is an error for create too",
		([rule, path, patch], { runtime, makeBundle, newId, skip }) => {
			needs(skip, "tsrun");
			const bundle = makeBundle({ patch });
			const { status, stdout, stderr } = runtime("spec", "--check", "--json", bundle);
			const { valid, errors } = JSON.parse(stdout) as { valid: boolean; errors: { rule: string; path: string }[] };
			expect({ status, stderr, valid }).toEqual({ status: 1, stderr: "", valid: false });
			expect(errors).toContainEqual(expect.objectContaining({ rule, path }));
			expect(failureOf(runtime("create", "--bundle", bundle, newId()))).toMatchObject({ status: 1 });
		},
	);

	test("tells all at once, and leaves the bundle as it was", ({ runtime, makeBundle, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({
			patch: (config) => {
				for (const [, , patch] of spoilt) if (!String(patch).includes("root")) patch(config);
				Object.assign(config, { hostnmae: "x" });
			},
		});
		const before = readdirSync(bundle);
		const { status, stdout } = runtime("spec", "--check", bundle);
		expect(status).toBe(1);
		expect(stdout).toContain(
			'warning  AN-09  $.hostnmae: is unknown, and ignored; did you mean "hostname"? (config.md)\n',
		);
		expect(stdout).toMatch(/\nconfig\.json: 6 errors, 1 warning\n$/);
		expect(readdirSync(bundle)).toEqual(before);
	});
});
