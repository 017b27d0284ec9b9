/** What an engine's configuration says about runtimes and cgroups. Pure. */
import { tomlEntries } from "./toml.js";

export interface EngineSettings {
	/** Programs that the engine may start containers with, by the names it knows them by. */
	readonly runtimes: Readonly<Record<string, string>>;
	/** The runtime it takes when none is named. */
	readonly standard?: string;
	/** Who makes cgroups; undefined: the engine's own choice. For containerd, per runtime. */
	readonly systemdCgroup?: boolean | Readonly<Record<string, boolean>>;
}

/** daemon.json (dockerd(8)). null: it is not JSON. */
export function dockerSettings(text: string): EngineSettings | null {
	let settings: {
		readonly runtimes?: Readonly<Record<string, { readonly path?: string }>>;
		readonly "default-runtime"?: string;
		readonly "exec-opts"?: readonly string[];
	};
	try {
		settings = JSON.parse(text);
	} catch {
		return null;
	}
	const { runtimes = {}, "default-runtime": standard, "exec-opts": options = [] } = settings;
	const driver = options
		.map((each) => /^native\.cgroupdriver=(.*)$/.exec(each)?.[1])
		.find((each) => each !== undefined);
	return {
		runtimes: Object.fromEntries(Object.entries(runtimes).map(([name, { path = name }]) => [name, path])),
		...(standard !== undefined && { standard }),
		...(driver !== undefined && { systemdCgroup: driver === "systemd" }),
	};
}

/** config.toml (containerd-config.toml(5)): `[plugins."…cri…".containerd.runtimes.NAME.options]`. */
export function containerdSettings(text: string): EngineSettings {
	const runtimes: Record<string, string> = {};
	const systemdCgroup: Record<string, boolean> = {};
	let standard: string | undefined;
	for (const { table, key, value } of tomlEntries(text)) {
		if (key === "default_runtime_name" && typeof value === "string") standard = value;
		const at = table.lastIndexOf("runtimes");
		const name = table[at + 1];
		if (at < 0 || name === undefined || table[at + 2] !== "options") continue;
		if (key === "BinaryName" && typeof value === "string") runtimes[name] = value;
		if (key === "SystemdCgroup" && typeof value === "boolean") systemdCgroup[name] = value;
	}
	return { runtimes, systemdCgroup, ...(standard !== undefined && { standard }) };
}

/** containers.conf (containers.conf(5)): `[engine]` and `[engine.runtimes]`; a name has several places to look at. */
export function podmanSettings(text: string): EngineSettings {
	const runtimes: Record<string, string> = {};
	let standard: string | undefined;
	let systemdCgroup: boolean | undefined;
	for (const { table, key, value } of tomlEntries(text)) {
		const place = table.join(".");
		if (place === "engine" && key === "runtime" && typeof value === "string") standard = value;
		if (place === "engine" && key === "cgroup_manager") systemdCgroup = value === "systemd";
		if (place === "engine.runtimes" && typeof value === "object" && value[0] !== undefined) runtimes[key] = value[0];
	}
	return {
		runtimes,
		...(standard !== undefined && { standard }),
		...(systemdCgroup !== undefined && { systemdCgroup }),
	};
}
