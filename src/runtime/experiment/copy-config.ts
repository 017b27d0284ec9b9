/** The configuration of a throw-away copy of a container: it runs the same program, and can harm nothing of the original's. */
import type { Config, Linux, Mount, Namespace } from "../../spec/types.js";
import { podAnnotation } from "../pods/config.js";

/**
 * Its root filesystem is `rootfs` beside its config.json. Volumes cannot be written, the network is one of its own with
 * nothing but lo, the cgroup is its own with the same limits, no hooks run, no device leaves the host, and no pod has it.
 *
 * @param bundle of the original, absolute: where its relative sources begin
 */
export function copyConfig({ hooks: _hooks, annotations, ...config }: Config, bundle: string): Config {
	const { [podAnnotation]: _pod, ...others } = annotations ?? {};
	return {
		...config,
		...(annotations && { annotations: others }),
		root: { ...config.root, path: "rootfs" },
		...(config.mounts ? { mounts: config.mounts.map((mount) => copyMount(mount, bundle)) } : {}),
		...(config.linux ? { linux: copyLinux(config.linux) } : {}),
	};
}

function copyMount(mount: Mount, bundle: string): Mount {
	const options = mount.options ?? [];
	const bind = options.find((option) => option === "bind" || option === "rbind");
	if (bind === undefined) return mount;
	const source = mount.source ?? "";
	return {
		...mount,
		source: source.startsWith("/") ? source : `${bundle}/${source}`,
		options: [...options, bind === "rbind" ? "rro" : "ro"],
	};
}

function copyLinux({ cgroupsPath: _path, netDevices: _devices, intelRdt: _rdt, ...linux }: Linux): Linux {
	const others = (linux.namespaces ?? []).filter(({ type }) => type !== "network");
	const network: Namespace = { type: "network" };
	return { ...linux, namespaces: [...others, network] };
}
