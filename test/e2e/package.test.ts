/** The Debian package: it installs on a system of its own, and what it brings works and is complete. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect } from "vitest";
import { test } from "../support/e2e.js";
import { repository } from "../support/paths.js";
import { needs } from "../support/skip.js";

let file = "";

beforeAll(() => {
	const made = execFileSync(process.execPath, ["scripts/package.mjs"], { cwd: repository, encoding: "utf8" });
	file = join(repository, made.trim());
}, 60_000);

const unpack = (folder: string) => {
	const root = join(folder, "unpacked");
	execFileSync("dpkg-deb", ["--extract", file, root]);
	return root;
};

const verbs = (tsrun: string) =>
	/COMMANDS:\n(.*?)\n\n/s
		.exec(execFileSync(tsrun, ["--help"], { encoding: "utf8" }))?.[1]
		?.split("\n")
		.map((line) => line.trim().split(/\s{2,}/)[0] ?? "")
		.filter((name) => name !== "help, h") ?? [];

describe("the package", () => {
	test("is installed and removed by dpkg, and leaves nothing", ({ folder }) => {
		const root = join(folder, "system");
		mkdirSync(join(root, "var/lib/dpkg/updates"), { recursive: true });
		mkdirSync(join(root, "var/lib/dpkg/info"));
		writeFileSync(join(root, "var/lib/dpkg/status"), "");
		const dpkg = (...words: string[]) =>
			execFileSync("dpkg", [`--root=${root}`, "--force-not-root", "--log=/dev/null", ...words], { stdio: "pipe" });
		dpkg("--install", file);
		expect(execFileSync(join(root, "usr/bin/tsrun"), ["--version"], { encoding: "utf8" })).toMatch(/^tsrun version /);
		dpkg("--purge", "tsrun");
		expect(existsSync(join(root, "usr"))).toBe(false);
	});

	test("has the same bytes when it is made again", () => {
		const before = readFileSync(file);
		execFileSync(process.execPath, ["scripts/package.mjs"], { cwd: repository });
		expect(readFileSync(file).equals(before)).toBe(true);
	});

	test("has a manual page for each verb, which man(1) shows without a warning", ({ folder, skip }) => {
		needs(skip, "man");
		const root = unpack(folder);
		const pages = join(root, "usr/share/man/man8");
		const names = verbs(join(root, "usr/bin/tsrun")).map((verb) => `tsrun-${verb.replace(" ", "-")}.8.gz`);
		expect(readdirSync(pages).sort()).toEqual([...names, "tsrun.8.gz"].sort());
		for (const name of readdirSync(pages)) {
			const page = join(folder, name.replace(".gz", ""));
			writeFileSync(page, gunzipSync(readFileSync(join(pages, name))));
			const { stdout, stderr } = spawnSync("man", ["--warnings", "-E", "UTF-8", "-l", page], { encoding: "utf8" });
			expect({ name, stderr }).toEqual({ name, stderr: "" });
			expect(stdout).toContain("SEE ALSO");
		}
	});

	test("completes verbs, flags and ids in bash", ({ folder, runtime, makeBundle, newId }) => {
		const root = unpack(folder);
		const id = newId();
		runtime("create", "--bundle", makeBundle(), id);
		const complete = (...words: string[]) => {
			const script = `
				PATH="${root}/usr/bin:$PATH"
				source "${root}/usr/share/bash-completion/completions/tsrun"
				compopt() { :; }
				COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsrun; printf '%s\\n' "\${COMPREPLY[@]}"`;
			return execFileSync("bash", ["-c", script, "bash", "tsrun", ...words], { encoding: "utf8" })
				.trim()
				.split("\n");
		};
		expect(complete("sta")).toEqual(["start", "state", "stats"]);
		expect(complete("run", "--bun")).toEqual(["--bundle"]);
		expect(complete("--root", runtime.root, "kill", "")).toEqual([id]);
		expect(complete("run", "--bundle", join(root, "us"))).toEqual([join(root, "usr")]);
		expect(complete("po")).toEqual(["pod"]);
		expect(complete("--debug", "pod", "st")).toEqual(["stop"]);
		expect(complete("pod", "list", "--js")).toEqual(["--json"]);
		const pod = newId();
		runtime("pod", "create", pod);
		expect(complete("--root", runtime.root, "pod", "stop", "")).toEqual([pod]);
		runtime("pod", "delete", pod, "--force");
		runtime("delete", "--force", id);
	});

	test("has completion that zsh and fish can read", ({ folder, skip }) => {
		needs(skip, "zsh", "fish");
		const root = unpack(folder);
		const zsh = join(root, "usr/share/zsh/vendor-completions/_tsrun");
		execFileSync("zsh", ["--no-exec", zsh]);
		const fish = join(root, "usr/share/fish/vendor_completions.d/tsrun.fish");
		cpSync(join(root, "usr/bin/tsrun"), join(folder, "tsrun"));
		const ask = (words: string) => `source ${fish}; complete --do-complete "tsrun ${words}"`;
		const env = { ...process.env, HOME: folder, PATH: `${folder}:${process.env.PATH}` };
		const said = (words: string) =>
			execFileSync("fish", ["--no-config", "--command", ask(words)], { encoding: "utf8", env })
				.split("\n")
				.map((line) => line.split("\t")[0]);
		expect(said("sta")).toEqual(["start", "state", "stats", ""]);
		expect(said("pod st")).toEqual(["stop", ""]);
		expect(said("pod delete --f")).toEqual(["--force", ""]);
	});
});
