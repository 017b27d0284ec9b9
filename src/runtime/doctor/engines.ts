/** Whether an engine is there, knows this runtime, and can make cgroups on this machine the way it means to. */
import { AT_FDCWD, X_OK } from "../../sys/constants.js";
import { environmentValue } from "../../sys/environment.js";
import { sys } from "../../sys/index.js";
import { findInPath, runHelper } from "../process/helper.js";
import { containerdSettings, dockerSettings, type EngineSettings, podmanSettings } from "./engine-settings.js";
import { type Area, type Finding, limited, missing, needed, works } from "./finding.js";
import { exists, mayAccess, textOf } from "./probe.js";

interface Engine {
	/** Its program, and the Debian package that has it. */
	readonly program: string;
	readonly packageName: string;
	/** Of its daemon; none for Podman. */
	readonly socket?: string;
	/** Programs that it starts containers through. */
	readonly through: Readonly<Record<string, string>>;
	/** Where it is configured; what comes later counts more. */
	readonly files: () => readonly string[];
	/** null: the file cannot be understood. */
	readonly parse: (text: string) => EngineSettings | null;
	/** How to make it know a runtime that is at `path`. */
	readonly introduce: (path: string) => string;
	/** Who makes cgroups when nothing is said. */
	readonly systemdByDefault: () => boolean;
}

export const engineNames = ["docker", "containerd", "podman"] as const;
export type EngineName = (typeof engineNames)[number];

const systemdIsInit = () => exists("/run/systemd/system");
const isUnified = () => exists("/sys/fs/cgroup/cgroup.controllers");

const engines: Readonly<Record<EngineName, Engine>> = {
	docker: {
		program: "dockerd",
		packageName: "docker.io",
		socket: "/run/docker.sock",
		through: { "containerd-shim-runc-v2": "containerd" },
		files: () => ["/etc/docker/daemon.json"],
		parse: dockerSettings,
		introduce: (path) =>
			`write {"runtimes": {"tsrun": {"path": ${JSON.stringify(path)}}}} to /etc/docker/daemon.json, and reload dockerd`,
		systemdByDefault: () => isUnified() && systemdIsInit(),
	},
	containerd: {
		program: "containerd",
		packageName: "containerd",
		socket: "/run/containerd/containerd.sock",
		through: { "containerd-shim-runc-v2": "containerd" },
		files: () => ["/etc/containerd/config.toml"],
		parse: containerdSettings,
		introduce: (path) =>
			`add a runtime with BinaryName = ${JSON.stringify(path)} to those of /etc/containerd/config.toml, runc among them, and restart containerd`,
		systemdByDefault: () => false,
	},
	podman: {
		program: "podman",
		packageName: "podman",
		through: { conmon: "conmon" },
		files: podmanFiles,
		parse: podmanSettings,
		introduce: (path) =>
			`add tsrun = [${JSON.stringify(path)}] to [engine.runtimes] of /etc/containers/containers.conf`,
		systemdByDefault: systemdIsInit,
	},
};

function podmanFiles(): readonly string[] {
	const home = environmentValue("HOME");
	const own = home === "" ? [] : [`${home}/.config/containers/containers.conf`];
	const system = ["/usr/share/containers/containers.conf", "/etc/containers/containers.conf"];
	return sys.geteuid() === 0 ? system : [...system, ...own];
}

export function engineArea(name: EngineName): Area {
	const engine = engines[name];
	return {
		title: name,
		checks: [
			() => program(engine.program, engine.packageName, versionOf),
			() => Object.entries(engine.through).map(([each, packageName]) => program(each, packageName)),
			() => daemon(engine),
			() => configuration(engine),
		],
	};
}

function program(name: string, packageName: string, detail = (path: string, _name: string) => path): Finding {
	const path = findInPath(name);
	if (path === null) return needed(missing(name, "it is not in PATH", `install ${packageName}`));
	return works(name, detail(path, name));
}

function versionOf(path: string, name: string): string {
	return runHelper(path, [name, "--version"]).output.trim().split("\n")[0] ?? "";
}

function daemon({ program: name, socket }: Engine): readonly Finding[] {
	if (socket === undefined) return [];
	if (!exists(socket)) return [limited("daemon", `${name} does not run: ${socket} is not there`, `start ${name}`)];
	return [works("daemon", socket)];
}

function configuration(engine: Engine): readonly Finding[] {
	const files = engine.files().filter(exists);
	const read = files.map((file) => ({ file, settings: engine.parse(textOf(file) ?? "") }));
	const broken = read.find(({ settings }) => settings === null);
	if (broken) return [needed(missing("configuration", `${broken.file} cannot be understood`, "correct it"))];
	const settings = read.map((each) => each.settings).reduce<EngineSettings>(merge, { runtimes: {} });
	const path = sys.readlinkat(AT_FDCWD, "/proc/self/exe");
	const names = Object.entries(settings.runtimes)
		.filter(([, program]) => program === path || program.endsWith("/tsrun"))
		.map(([name]) => name);
	const [name] = names;
	if (name === undefined) {
		const where = files.length === 0 ? `there is no ${engine.files().at(-1)}` : `${files.join(", ")} names no tsrun`;
		return [limited("runtime", where, engine.introduce(path))];
	}
	return [knownRuntime(name, settings), cgroups(engine, name, settings)];
}

function merge(all: EngineSettings, next: EngineSettings | null): EngineSettings {
	return { ...all, ...next, runtimes: { ...all.runtimes, ...next?.runtimes } };
}

function knownRuntime(name: string, { runtimes, standard }: EngineSettings): Finding {
	const path = runtimes[name] ?? "";
	if (!mayAccess(path, X_OK, 0)) {
		return needed(
			missing("runtime", `"${name}" is ${path}, which cannot be executed`, "correct the path, or install tsrun"),
		);
	}
	return works("runtime", `"${name}" is ${path}${standard === name ? ", for every container" : ""}`);
}

/** The runtime does what it is told; what it is told has to be possible. */
function cgroups(
	{ systemdByDefault, program: name }: Engine,
	runtime: string,
	{ systemdCgroup }: EngineSettings,
): Finding {
	const told = typeof systemdCgroup === "object" ? systemdCgroup[runtime] : systemdCgroup;
	const systemd = told ?? systemdByDefault();
	if (!systemd) return works("cgroups", `${name} has them made without systemd`);
	if (systemdIsInit()) return works("cgroups", `${name} has systemd make them`);
	return needed(
		missing("cgroups", `${name} has systemd make them, which is not this machine's init`, "choose the cgroupfs driver"),
	);
}
