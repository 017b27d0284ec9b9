/** Hooks as engines and device toolkits have them: they are found by path, told where the container is, and waited for. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Hook } from "../../../src/spec/types.js";
import { diaryIn } from "../../support/diary.js";
import { test } from "../../support/e2e.js";
import { probe } from "../../support/paths.js";
import { awaitStatus, stateOf } from "../../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

describe("Docker's hook, which takes the network namespace to dockerd", () => {
	test("is found below /proc/PID, has a name of its own, is told the pid, and create waits for it", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const id = newId();
		const diary = diaryIn(folder);
		const { args = [] } = diary.hook("prestart", "libnetwork-setkey");
		// through a link of another process's, as dockerd names itself
		const path = `/proc/${process.pid}/root${probe}`;
		const bundle = makeBundle({
			patch: (config) => {
				config.hooks = { prestart: [{ path, args }] };
			},
		});
		expect(runtime("create", "--bundle", bundle, id)).toMatchObject(silent);
		const { pid } = stateOf(runtime, id);
		expect(diary.lines()).toMatchObject([{ argv: args, state: { id, pid, bundle } }]);
		runtime("delete", "--force", id);
	});

	test("fails create when it fails, and nothing is left", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			patch: (config) => {
				const script = "echo no network for you >&2; exit 1";
				config.hooks = { prestart: [{ path: "/bin/sh", args: ["libnetwork-setkey", "-c", script] }] };
			},
		});
		const create = runtime("create", "--bundle", bundle, id);
		expect(create).toMatchObject({ status: 1, stdout: "" });
		expect(create.stderr).toMatch(/hook #0.*exit status 1.*no network for you/);
		expect(runtime("state", id).status).toBe(1);
	});
});

describe("a hook of a device toolkit's kind", () => {
	/**
	 * What nvidia-container-toolkit does: reads the state, finds the configuration in the bundle and the root file system
	 * by it, and puts files of the host into the container's mounts, by its pid.
	 */
	const inject = (host: string) => `
		state=$(cat)
		field() { echo "$state" | sed -n "s/.*\\"$1\\": *\\"\\{0,1\\}\\([^\\",}]*\\).*/\\1/p"; }
		pid=$(field pid) bundle=$(field bundle)
		grep -q WANTS_DEVICE=all "$bundle/config.json" || exit 0
		rootfs="$bundle/rootfs"
		nsenter --target "$pid" --mount sh -ec '
			for name in library program; do
				mount --bind "$1/$name" "$2/opt/$name"
				mount -o remount,bind,ro "$2/opt/$name"
			done' sh "${host}" "$rootfs"
		echo library >"$rootfs/etc/loader"`;

	for (const kind of ["prestart", "createRuntime"] as const) {
		test(`mounts into the container before its root is its own: ${kind}`, ({ runtime, makeBundle, newId, folder }) => {
			const host = join(folder, "driver");
			mkdirSync(host);
			writeFileSync(join(host, "library"), "of the host\n");
			writeFileSync(join(host, "program"), "#!/bin/sh\ncat /opt/library /etc/loader\n", { mode: 0o755 });
			const hook: Hook = { path: "/bin/sh", args: ["toolkit", "-ec", inject(host)], env: [`PATH=${process.env.PATH}`] };
			const bundle = makeBundle({
				args: ["/bin/sh", "-c", "/opt/program; echo x 2>/dev/null >/opt/library || echo read-only"],
				files: { "opt/library": "", "opt/program": "", "etc/loader": "" },
				patch: (config) => {
					config.process.env.push("WANTS_DEVICE=all");
					config.hooks = { [kind]: [hook] };
				},
			});
			const run = runtime("run", "--bundle", bundle, newId());
			expect(run).toMatchObject({ status: 0, stdout: "of the host\nlibrary\nread-only\n", stderr: "" });
		});
	}

	test("finishes inside the container, as startContainer", async ({ runtime, makeBundle, newId, folder }) => {
		const id = newId();
		const script = "cat >/dev/null; echo cache >/etc/cache";
		const bundle = makeBundle({
			args: ["/bin/cat", "/etc/cache"],
			files: { "etc/cache": "" },
			patch: (config) => {
				config.root.readonly = false;
				config.hooks = { startContainer: [{ path: "/bin/sh", args: ["sh", "-ec", script] }] };
			},
		});
		const create = runtime.with({ cwd: folder }, "create", "--bundle", bundle, id);
		expect(create).toMatchObject(silent);
		expect(runtime("start", id)).toMatchObject(silent);
		await awaitStatus(runtime, id, "stopped");
		expect(create.later().stdout).toBe("cache\n");
		runtime("delete", id);
	});
});
