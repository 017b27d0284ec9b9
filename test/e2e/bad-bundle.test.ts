/** Bundles that are no bundles: each is refused with what is wrong and what helps, and leaves nothing. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test } from "../support/e2e.js";
import { programName } from "../support/failure.js";
import { refusal } from "../support/refusal.js";
import { needs } from "../support/skip.js";

interface Surroundings {
	readonly folder: string;
	readonly bundle: string;
}

interface Case {
	readonly title: string;
	/** What --bundle names in the good one's place. */
	readonly instead?: (surroundings: Surroundings) => string;
	readonly spoil?: (surroundings: Surroundings) => void;
	readonly patch?: (config: BaseConfig) => void;
	/** After "tsrun create failed: ". */
	readonly message: (surroundings: Surroundings) => string | RegExp;
	readonly id: string;
	/** Absent where the message says all. */
	readonly hint?: RegExp;
	readonly jsonPath?: string;
	/** What runc accepts, or says in quite other words. */
	readonly ours?: true;
}

const spoilConfig =
	(text: string) =>
	({ bundle }: Surroundings) =>
		writeFileSync(join(bundle, "config.json"), text);

const cases: Case[] = [
	{
		title: "the bundle is missing",
		instead: ({ folder }) => join(folder, "none"),
		message: ({ folder }) => `chdir ${folder}/none: no such file or directory`,
		id: "bundle-missing",
		hint: /--bundle/,
	},
	{
		title: "the bundle is a file",
		instead: ({ bundle }) => join(bundle, "config.json"),
		message: ({ bundle }) => `chdir ${bundle}/config.json: not a directory`,
		id: "bundle-missing",
		hint: /--bundle/,
	},
	{
		title: "config.json is missing",
		spoil: ({ bundle }) => rmSync(join(bundle, "config.json")),
		message: () => "JSON specification file config.json not found",
		id: "config-missing",
		hint: /spec writes an example/,
	},
	{
		title: "config.json is a directory",
		spoil: ({ bundle }) => {
			rmSync(join(bundle, "config.json"));
			mkdirSync(join(bundle, "config.json"));
		},
		message: () => /^read .*config\.json"?: is a directory$/,
		id: "config-missing",
		hint: /must be a file/,
	},
	{
		title: "config.json is empty",
		spoil: spoilConfig(""),
		message: () => "config.json: line 1, column 1: unexpected EOF: expected a value",
		id: "config-syntax",
		ours: true,
	},
	{
		title: "config.json is not JSON",
		spoil: spoilConfig('{"ociVersion": "1.0.2",\n\t"process": oops}\n'),
		message: () => 'config.json: line 2, column 13: expected a value; found "o"',
		id: "config-syntax",
		ours: true,
	},
	{
		title: "config.json has a comma too many",
		spoil: spoilConfig('{"ociVersion": "1.0.2",\n}'),
		message: () => /^config\.json: line 2, column 1: /,
		id: "config-syntax",
		hint: /remove the comma before it/,
		ours: true,
	},
	{
		title: "config.json ends too early",
		spoil: spoilConfig('{"ociVersion": "1.0.2",'),
		message: () => /^config\.json: line 1, column 24: unexpected EOF/,
		id: "config-syntax",
		ours: true,
	},
	{
		title: "a member stands twice in config.json",
		spoil: spoilConfig('{"ociVersion": "1.0.2",\n "ociVersion": "1.0.2"}'),
		message: () => 'config.json: line 2, column 2: member "ociVersion" stands twice in one object',
		id: "config-syntax",
		ours: true,
	},
	{
		title: "the root filesystem is missing",
		patch: ({ root }) => {
			root.path = "none";
		},
		message: ({ bundle }) => `invalid rootfs: stat ${bundle}/none: no such file or directory`,
		id: "rootfs-missing",
		jsonPath: "$.root.path",
		hint: /absolute or relative to the bundle/,
	},
	{
		title: "the root filesystem is a file",
		patch: ({ root }) => {
			root.path = "config.json";
		},
		message: ({ bundle }) => `invalid rootfs: ${bundle}/config.json is not a directory`,
		id: "rootfs-missing",
		jsonPath: "$.root.path",
		hint: /names a directory/,
		ours: true,
	},
	{
		title: "the root filesystem is a link that leads nowhere",
		spoil: ({ bundle }) => symlinkSync("nowhere", join(bundle, "link")),
		patch: ({ root }) => {
			root.path = "link";
		},
		message: ({ bundle }) => `invalid rootfs: stat ${bundle}/link: no such file or directory`,
		id: "rootfs-missing",
		jsonPath: "$.root.path",
		hint: /names a directory/,
		ours: true,
	},
	{
		title: "there is a host name but no uts namespace",
		patch: ({ linux }) => {
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "uts");
		},
		message: () => /unable to set hostname without a private UTS namespace$/,
		id: "config-invalid",
		jsonPath: "$.hostname",
		hint: /config\.md#hostname/,
	},
	{
		title: "a namespace is listed twice",
		patch: ({ linux }) => {
			linux.namespaces.push({ type: "pid" });
		},
		message: () => 'invalid config.json: $.linux.namespaces[5].type: "pid" is listed already by namespaces[0]',
		id: "config-invalid",
		jsonPath: "$.linux.namespaces[5].type",
		hint: /config-linux\.md#namespaces/,
		ours: true,
	},
];

describe("create fails and leaves nothing when", () => {
	for (const { title, instead, spoil, patch, message, id, hint, jsonPath, ours } of cases) {
		test(title, ({ runtime, makeBundle, newId, folder, skip }) => {
			if (ours) needs(skip, "tsrun"); // other words, or none
			const bundle = makeBundle(patch ? { patch } : {});
			spoil?.({ folder, bundle });
			const named = instead?.({ folder, bundle }) ?? bundle;
			const refused = refusal(runtime, folder, "create", "--bundle", named, newId());
			const text = message({ folder, bundle });
			const prefix = `${programName} create failed: `;
			expect(refused.message.startsWith(prefix)).toBe(true);
			if (typeof text === "string") expect(refused.message).toBe(prefix + text);
			else expect(refused.message.slice(prefix.length)).toMatch(text);
			expect(refused).toMatchObject({ status: 1, stdout: "" });
			if (programName !== "tsrun") return;
			expect(refused.line).toMatchObject({ id, object: expect.any(String) });
			expect(refused.line.jsonPath).toBe(jsonPath);
			if (hint !== undefined) expect(refused.line.hint).toMatch(hint);
		});
	}
});

describe("an invalid configuration", () => {
	test("is refused with every issue: its JSON path, what was expected, what was found", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun"); // runc stops at the first
		const bundle = makeBundle();
		const config = {
			ociVersion: 1,
			root: { path: 5 },
			process: { cwd: "tmp", args: ["/bin/true", 1] },
			mounts: [{ source: "tmpfs" }],
			linux: { namespaces: [{ type: "mount" }, { type: "net" }] },
		};
		writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
		const { status, message, line } = refusal(runtime, folder, "create", "--bundle", bundle, newId());
		const [head, ...issues] = message.split("; $");
		expect({ status, head }).toEqual({ status: 1, head: "tsrun create failed: invalid config.json: 7 errors" });
		expect(issues).toEqual([
			".ociVersion: expected a string; found 1",
			".root.path: expected a string; found 5",
			".process.args[1]: expected a string; found 1",
			".mounts[0].destination: is required but missing",
			expect.stringMatching(
				/^\.linux\.namespaces\[1\]\.type: invalid namespace type "net": expected one of pid, network/,
			),
			".mounts[0].type: is required unless bind, rbind or remount is among the options",
			'.process.cwd: Cwd must be an absolute path; found "tmp"',
		]);
		expect(line).toMatchObject({
			id: "config-invalid",
			object: "config.json",
			jsonPath: "$.ociVersion",
			hint: expect.stringContaining("config-linux.md#namespaces"),
		});
	});
});
