/** process.apparmorProfile on a kernel that has AppArmor: the profile confines the program, and those of exec. */
import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { describe, expect } from "vitest";
import { test as base, shell } from "../support/container.js";
import { needs } from "../support/skip.js";

const test = base.extend("profile", ({ folder, skip }, { onCleanup }) => {
	needs(skip, "apparmor", "apparmor_parser");
	const name = basename(folder);
	// everything but to write in /tmp
	const text = `profile ${name} flags=(attach_disconnected,mediate_deleted) { file, signal, ptrace, unix, deny /tmp/** w, }\n`;
	const parse = (how: string) => execFileSync("apparmor_parser", [how, "--skip-cache"], { input: text });
	parse("--add");
	onCleanup(() => {
		parse("--remove");
	});
	return name;
});

const attempt = shell("cat /proc/self/attr/current; echo x >/tmp/file || echo refused");

describe("an AppArmor profile", () => {
	test("confines the program from its first instruction, and what exec starts", ({
		runtime,
		makeBundle,
		newId,
		profile,
	}) => {
		const id = newId();
		const bundle = makeBundle({
			args: ["/probe", "sleep"],
			patch: (config) => {
				config.process.apparmorProfile = profile;
				config.root.readonly = false;
			},
		});
		expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
		expect(runtime("exec", id, ...attempt).stdout).toBe(`${profile} (enforce)\nrefused\n`);
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0 });
	});

	test("is entered by run", ({ container, profile }) => {
		const { stdout } = container.run({
			args: attempt,
			patch: (config) => {
				config.process.apparmorProfile = profile;
				config.root.readonly = false;
			},
		});
		expect(stdout).toBe(`${profile} (enforce)\nrefused\n`);
	});

	test("that is not loaded is an error, not a container without it", ({ container, profile }) => {
		const message = container.refusal({
			patch: (config) => {
				config.process.apparmorProfile = `${profile}-missing`;
			},
		});
		expect(message).toContain(`${profile}-missing`);
	});
});
