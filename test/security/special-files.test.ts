/**
 * Files that the runtime takes for something: /dev and its nodes, /dev/null as the source of masks, the terminal. The
 * image may have put something else there, or may do so in the very moment.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { fixedIn, raceRounds, raceTimeout, test } from "../support/attack.js";
import type { BaseConfig } from "../support/bundle.js";
import { shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { probe } from "../support/paths.js";

vi.setConfig({ testTimeout: raceTimeout });

/** An image whose own /dev is used. */
const withoutDev = (config: BaseConfig) => {
	config.root.readonly = false;
	config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
};

const machines = [
	["with the calls of today", []],
	["on an old kernel", [probe, "refuse", "ENOSYS", "openat2,open_tree,move_mount,fsopen,mount_setattr"]],
	["under an old filter", [probe, "refuse", "EPERM", "openat2,open_tree,move_mount,fsopen,mount_setattr"]],
] as const;

describe("/dev as a link to the host (CVE-2026-41579, CVE-2026-47766, CVE-2019-18837)", () => {
	test.for(machines)("gets nothing made there, %s", ([, through], { runtime, newId, makeHostileBundle, outside }) => {
		const args = shell(`stat -c %t:%T /dev/null; ls ${outside}`);
		const bundle = makeHostileBundle({ args, links: { dev: outside }, patch: withoutDev });
		const run = runtime.with({ through }, "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^1:3\n(.+\n)*urandom\n/) });
		expect(readdirSync(outside)).toEqual(["directory", "secret"]);
	});

	test.for(["runc", "crun"] as const)(
		"is where the packaged %s makes its files",
		(name, { peer, newId, makeHostileBundle, folder, skip }) => {
			const victim = join(folder, "victim");
			mkdirSync(victim);
			const bundle = makeHostileBundle({ args: ["/bin/true"], links: { dev: victim }, patch: withoutDev });
			peer(name)("run", "--bundle", bundle, newId());
			const made = readdirSync(victim);
			if (made.length === 0) skip(fixedIn(name, "CVE-2026-41579"));
			expect(made).toContain("ptmx");
		},
	);

	test("that comes and goes leads to nothing either", async ({
		runtime,
		newId,
		makeHostileBundle,
		outside,
		exchange,
	}) => {
		const bundle = makeHostileBundle({ args: ["/bin/true"], links: { link: outside }, patch: withoutDev });
		mkdirSync(join(bundle, "rootfs/dev"), { recursive: true });
		await exchange(join(bundle, "rootfs/dev"), join(bundle, "rootfs/link"));
		const answers = new Set<number | null>();
		for (let round = 0; round < raceRounds; round++) {
			answers.add(runtime("run", "--bundle", bundle, newId()).status);
		}
		expect([0, 1]).toEqual(expect.arrayContaining([...answers]));
		expect(readdirSync(outside)).toEqual(["directory", "secret"]);
	});
});

describe("/dev/null of the image, the source of masks (CVE-2025-31133)", () => {
	const masked = (config: BaseConfig) => {
		withoutDev(config);
		config.linux.maskedPaths = ["/proc/timer_list"];
	};

	test.for<[name: string, null: Record<string, string>]>([
		["a link to a sysctl", { "dev/null": "/proc/sys/kernel/shm_rmid_forced" }],
		["a link to a file", { "dev/null": "/etc/chosen" }],
		["a link to another device", { "dev/null": "zero" }],
	])("is refused when it is %s", ([, links], { runtime, newId, makeHostileBundle }) => {
		const files = { "etc/chosen": "the image's\n", "dev/zero": "" };
		const bundle = makeHostileBundle({ files, links, args: ["/bin/true"], patch: masked });
		const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(status).toBe(1);
		expect(message).toMatch(/a different file is already at "\/dev\/null"/);
	});

	test("is refused when it is a file", ({ runtime, newId, makeHostileBundle }) => {
		const bundle = makeHostileBundle({ files: { "dev/null": "text" }, args: ["/bin/true"], patch: masked });
		const { message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(message).toMatch(/a different file is already at "\/dev\/null"/);
	});

	test("masks with the host's, whatever is there a moment later", async ({
		runtime,
		newId,
		makeHostileBundle,
		exchange,
	}) => {
		// the mask is read-only: the host's node could otherwise be changed for everybody
		const script =
			"stat -c %t:%T /proc/timer_list; chmod 0 /proc/timer_list 2>/dev/null && echo changed; cat /proc/timer_list";
		const bundle = makeHostileBundle({ args: shell(script), files: { other: "the image's" }, patch: masked });
		const dev = join(bundle, "rootfs/dev");
		rmSync(dev, { recursive: true, force: true });
		mkdirSync(dev);
		writeFileSync(join(dev, "chosen"), "the image's\n");
		runtime("run", "--bundle", bundle, newId());
		await exchange(join(dev, "null"), join(dev, "chosen"));
		for (let round = 0; round < raceRounds; round++) {
			const run = runtime("run", "--bundle", bundle, newId());
			if (run.status === 0) expect(run.stdout).toBe("1:3\n");
			else expect(run.stderr).toMatch(/a different file is already at|standard|null/);
		}
	});

	test("lets the packaged runc mask with what the image chose", ({ peer, newId, makeHostileBundle, skip }) => {
		// its streams are replaced by that file as well: what the program prints is found there
		const args = ["/probe", "stat", "/proc/timer_list"];
		const links = { "dev/null": "/chosen" };
		const bundle = makeHostileBundle({ args, files: { chosen: "" }, links, patch: masked });
		peer("runc")("run", "--bundle", bundle, newId());
		const chosen = readFileSync(join(bundle, "rootfs/chosen"), "utf8");
		if (chosen === "") skip(fixedIn("runc", "CVE-2025-31133"));
		expect(JSON.parse(chosen)).toMatchObject({ type: "file", magic: "ef53" });
	});
});

describe("the terminal of the container (CVE-2025-52565)", () => {
	const onTerminal = (config: BaseConfig) => {
		config.process.terminal = true;
		config.root.readonly = false;
	};
	const script = "stat -L -c %t /dev/console; stat -f -c %T /dev/console; echo x >/dev/console && tty";

	test.for<[name: string, links: Record<string, string>, whole: boolean, mounted: boolean]>([
		["/dev/pts as a link to the host", { "dev/pts": "$outside" }, false, false],
		["/dev/pts/ptmx as a link", { "dev/pts/ptmx": "/proc/sys/kernel/shm_rmid_forced" }, false, false],
		["/dev/ptmx as a link to a file", { "dev/ptmx": "$outside/secret" }, true, true],
		["/dev/console as a link to a sysctl", { "dev/console": "/proc/sys/kernel/shm_rmid_forced" }, false, true],
		["/dev/console as a link to the host", { "dev/console": "$outside/secret" }, true, true],
	])(
		"%s: it is a new one of its own devpts, or none",
		async ([, links, whole, mounted], { runtime, newId, makeHostileBundle, outside }) => {
			const own = Object.fromEntries(Object.entries(links).map(([at, to]) => [at, to.replace("$outside", outside)]));
			const patch = (config: BaseConfig) => {
				const devpts = config.mounts.filter(({ destination }) => destination === "/dev/pts" && mounted);
				withoutDev(config);
				onTerminal(config);
				config.mounts.push(...devpts);
				config.linux.readonlyPaths = [];
			};
			const bundle = makeHostileBundle({ args: shell(script), links: own, patch });
			if (mounted) mkdirSync(join(bundle, "rootfs/dev/pts"), { recursive: true });
			const run = runtime.start({ terminal: { rows: 10, columns: 80 } }, "run", "--bundle", bundle, newId());
			const { stdout, stderr } = await run.ended();
			if (whole) expect(stdout).toMatch(/88\r?\n.*devpts\r?\nx\r?\n\/dev\/(pts\/0|console)/s);
			else expect(stdout + stderr).toMatch(/console|ptmx|pseudoterminal|inside \/proc/);
			expect(lstatSync(join(outside, "secret")).isFile()).toBe(true);
		},
	);
});

describe("files that a manager of containers writes (CVE-2024-5154 of CRI-O)", () => {
	test("the directory of the process is made inside, through whatever links", ({
		runtime,
		newId,
		makeHostileBundle,
		outside,
	}) => {
		const patch = (config: BaseConfig) => {
			config.root.readonly = false;
			config.process.cwd = "/etc/new/directory";
		};
		const links = { etc: `../../../../../..${outside}` };
		const bundle = makeHostileBundle({ args: ["/bin/pwd", "-P"], links, patch });
		const run = runtime("run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stdout: `${outside}/new/directory\n` });
		expect(readdirSync(outside)).toEqual(["directory", "secret"]);
	});

	test("nothing but what the configuration names is made in the image (CVE-2025-24965 of crun)", ({
		runtime,
		newId,
		makeHostileBundle,
		outside,
	}) => {
		// crun put a file for a handler of an annotation where a link of the image led
		const patch = (config: BaseConfig) => {
			config.annotations = { "run.oci.handler": "krun" };
		};
		const links = { ".krun_config.json": join(outside, "secret"), ".krun_vm.json": join(outside, "new") };
		const bundle = makeHostileBundle({ args: ["/bin/true"], links, patch });
		const before = readdirSync(join(bundle, "rootfs"));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0 });
		expect(readdirSync(join(bundle, "rootfs"))).toEqual(before);
		expect(readdirSync(outside)).toEqual(["directory", "secret"]);
	});
});
