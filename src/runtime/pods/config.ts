/** The configurations of a pod's containers: the pause container's, and what a member's becomes. Pure. */
import { namespaceFile } from "../../linux/namespaces.js";
import type { Config, NamespaceType } from "../../spec/types.js";

/** The name of the pod that a container belongs to. */
export const podAnnotation = "org.tsrun.pod";

/** Of a pause container: the namespaces that members join, as in `linux.namespaces`, separated by commas. */
const sharesAnnotation = "org.tsrun.pod.shares";

export interface PauseSettings {
	readonly name: string;
	readonly hostname: string;
	/** Members share the pid namespace in which the pause container is process 1, and it adopts their orphans. */
	readonly sharesPids: boolean;
	/** A caller without privileges, who becomes root of the pod's user namespace. */
	readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** Nobody's: a member's root without CAP_KILL cannot end the pod. */
const pauseId = 65535;

/** Its root is an empty directory, `rootfs` in the bundle; its program is the built-in init. */
export function pauseConfig({ name, hostname, sharesPids, user }: PauseSettings): Config {
	const id = user === null ? pauseId : 0;
	const shared: NamespaceType[] = ["network", "ipc", "uts"];
	if (user !== null) shared.unshift("user");
	if (sharesPids) shared.push("pid");
	return {
		ociVersion: "1.3.0",
		process: { user: { uid: id, gid: id }, args: ["pause"], cwd: "/", noNewPrivileges: true },
		root: { path: "rootfs", readonly: true },
		hostname,
		mounts: [
			{ destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "mode=755", "size=64k"] },
		],
		annotations: { [podAnnotation]: name, [sharesAnnotation]: shared.join(",") },
		linux: {
			...(user && {
				uidMappings: [{ containerID: 0, hostID: user.uid, size: 1 }],
				gidMappings: [{ containerID: 0, hostID: user.gid, size: 1 }],
			}),
			// in a pid namespace of its own no signal but those from the host can end it, whether it is shared or not
			namespaces: [...new Set<NamespaceType>([...shared, "pid", "mount"])].map((type) => ({ type })),
		},
	};
}

const sharable: readonly NamespaceType[] = ["user", "network", "ipc", "uts", "pid"];

export function sharedNamespaces(annotations: Readonly<Record<string, string>>): readonly NamespaceType[] {
	const names = annotations[sharesAnnotation]?.split(",") ?? [];
	return sharable.filter((type) => names.includes(type));
}

export interface Joined {
	readonly pod: string;
	/** Of the pause container. */
	readonly pid: number;
	readonly namespaces: readonly NamespaceType[];
}

/** Whatever a bundle says of namespaces that the pod has, its container joins the pod's. */
export function memberConfig(config: Config, { pod, pid, namespaces }: Joined): Config {
	const { hostname: _hostname, domainname: _domainname, ...others } = config;
	const { uidMappings, gidMappings, ...linux } = config.linux ?? {};
	const own = (linux.namespaces ?? []).filter(({ type }) => !namespaces.includes(type));
	const mapped = !namespaces.includes("user");
	return {
		...others,
		annotations: { ...config.annotations, [podAnnotation]: pod },
		linux: {
			...linux,
			...(mapped && uidMappings && { uidMappings }),
			...(mapped && gidMappings && { gidMappings }),
			namespaces: [...own, ...namespaces.map((type) => ({ type, path: `/proc/${pid}/ns/${namespaceFile(type)}` }))],
		},
	};
}

/** What of a bundle a member does not get, in words. */
export function ignoredInMember({ hostname, domainname }: Config): readonly string[] {
	return Object.entries({ hostname, domainname })
		.filter(([, value]) => value)
		.map(([member, value]) => `$.${member}: ${JSON.stringify(value)} is not set: the pod's containers share its own`);
}
