/** Tests that need more than every machine has: a skip names what is missing, and in CI a skip is a failure. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { delimiter, join } from "node:path";
import { runtimeProgram } from "./paths.js";

interface Need {
	readonly met: () => boolean;
	readonly missing: string;
	/** Not even CI's machine has it; everywhere else the skip would hide a failure. */
	readonly rare?: true;
}

function onPath(program: string): boolean {
	const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
	return folders.some((folder) => {
		try {
			accessSync(join(folder, program), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

const program = (name: string, packageName = name): Need => ({
	met: () => onPath(name),
	missing: `"${name}" is not installed (apt-get install ${packageName})`,
});

/** What is documented of one release may not hold for another. */
const version = (name: string, wanted: string): Need => ({
	met: () => {
		const { stdout, stderr } = spawnSync(name, ["--version"], { encoding: "utf8" });
		return `${stdout}${stderr}`.includes(wanted);
	},
	missing: `"${name} --version" is not "${wanted}", of which the tests tell`,
	rare: true,
});

const controllers = () => (existsSync("/proc/cgroups") ? readFileSync("/proc/self/cgroup", "utf8") : "");

const known = {
	runc: program("runc"),
	crun: program("crun"),
	criu: { met: () => onPath("criu"), missing: "there is no criu (node scripts/setup.mjs --peers unpacks one)" },
	"sockets for criu": {
		// SO_PASSCRED
		met: () => {
			const [major = 0, minor = 0] = release().split(".").map(Number);
			const { stdout = "" } = spawnSync("criu", ["--version"], { encoding: "utf8" });
			return major * 100 + minor < 616 || Number(/Version: (\d+\.\d+)/.exec(stdout ?? "")?.[1] ?? 0) >= 4.2;
		},
		missing: "Linux 6.16 and later do not answer all that CRIU 4.1 asks of network sockets",
		rare: true,
	},
	"memory tracking": {
		met: () => spawnSync("criu", ["check", "--feature", "mem_dirty_track"]).status === 0,
		missing: "this machine's kernel does not track changed memory (CONFIG_MEM_SOFT_DIRTY)",
		rare: true,
	},
	clang: program("clang"),
	valgrind: program("valgrind"),
	man: program("man", "man-db"),
	zsh: program("zsh"),
	fish: program("fish"),
	go: program("go", "golang-go"),
	docker: program("dockerd", "docker.io"),
	buildah: program("buildah"),
	containerd: program("containerd"),
	"CNI plugins": {
		met: () => existsSync("/usr/lib/cni/bridge"),
		missing: "there is no /usr/lib/cni/bridge (apt-get install containernetworking-plugins)",
	},
	podman: program("podman"),
	tini: program("tini"),
	"tini 0.19.0": version("tini", "tini version 0.19.0"),
	"dumb-init": program("dumb-init"),
	"dumb-init 1.2.5": version("dumb-init", "dumb-init v1.2.5"),
	catatonit: program("catatonit"),
	"catatonit 0.1.7": version("catatonit", "0.1.7_catatonit"),
	dash: program("dash"),
	bash: program("bash"),
	busybox: program("busybox", "busybox-static"),
	perl: program("perl"),
	python3: {
		met: () => existsSync("/usr/bin/python3"),
		missing: "/usr/bin/python3 is not installed (apt-get install python3-minimal)",
	},
	nsenter: program("nsenter", "util-linux"),
	newuidmap: program("newuidmap", "uidmap"),
	apparmor_parser: program("apparmor_parser", "apparmor"),
	root: { met: () => process.getuid?.() === 0, missing: "not run by root" },
	tsrun: {
		met: () => runtimeProgram.endsWith("tsrun"),
		missing: `RUNTIME is ${runtimeProgram}, which differs here`,
		rare: true,
	},
	"cgroup v1": {
		met: () => /^\d+:[a-z]/m.test(controllers()),
		missing: "this machine has no cgroup v1 controllers",
		rare: true,
	},
	"cgroup v2": {
		met: () => existsSync("/sys/fs/cgroup/cgroup.controllers"),
		missing: "this machine's cgroups are not v2 alone",
		rare: true,
	},
	pressure: {
		met: () => existsSync("/proc/pressure/cpu"),
		missing: "the kernel measures no pressure (CONFIG_PSI)",
		rare: true,
	},
	systemd: { met: () => existsSync("/run/systemd/system"), missing: "systemd is not this machine's init", rare: true },
	apparmor: {
		met: () => existsSync("/sys/kernel/security/apparmor"),
		missing: "the kernel runs no AppArmor",
		rare: true,
	},
	selinux: { met: () => existsSync("/sys/fs/selinux/enforce"), missing: "the kernel runs no SELinux", rare: true },
} satisfies Record<string, Need>;

export type NeedName = keyof typeof known;

/**
 * Skips the test, with the reason, unless all that it needs is there: `needs(skip, "runc")`, where `skip` comes from the
 * test's context.
 *
 * @throws Error in CI (`CI=true`), where everything must be there that a machine of CI's kind can have, and on a machine
 * that is there for having it (`TEST_MACHINE`, of test/vm)
 */
export function needs(skip: (reason: string) => void, ...names: NeedName[]): void {
	const { CI, TEST_MACHINE = "" } = process.env;
	for (const name of names) {
		const need: Need = known[name];
		if (need.met()) continue;
		if ((CI === "true" && !need.rare) || TEST_MACHINE.split(",").includes(name))
			throw new Error(`needs ${name}: ${need.missing}`);
		skip(`needs ${name}: ${need.missing}`);
	}
}

/** For what has to be made ready before the tests that need it. */
export function isMet(name: NeedName): boolean {
	return known[name].met();
}
