/** config-linux.md#namespaces, and what makes sense only in a namespace of the container's own. */
import { describe, memberPath } from "../issue.js";
import type { Config, NamespaceType } from "../types.js";
import type { Report } from "./rule.js";

/** Listed, whether new or joined: not the runtime's, as far as a configuration can tell. */
export function hasNamespace({ linux }: Config, type: NamespaceType): boolean {
	return linux?.namespaces?.some((namespace) => namespace.type === type) ?? false;
}

/** Listed without a path; an empty one is none. */
function isNew({ linux }: Config, type: NamespaceType): boolean {
	return linux?.namespaces?.some((namespace) => namespace.type === type && !namespace.path) ?? false;
}

export function namespacesAreUnique({ linux }: Config, report: Report): void {
	linux?.namespaces?.forEach(({ type }, index, namespaces) => {
		const first = namespaces.findIndex((namespace) => namespace.type === type);
		if (first < index)
			report("NS-15", `.linux.namespaces[${index}].type`, `"${type}" is listed already by namespaces[${first}]`);
	});
}

export function namespacePathsAreAbsolute({ linux }: Config, report: Report): void {
	linux?.namespaces?.forEach(({ path }, index) => {
		if (path && !path.startsWith("/"))
			report("NS-10", `.linux.namespaces[${index}].path`, `expected an absolute path; found ${describe(path)}`);
	});
}

/** The host's names are not the container's to change. */
export function namesNeedUtsNamespace(config: Config, report: Report): void {
	for (const name of ["hostname", "domainname"] as const)
		if (config[name] && !hasNamespace(config, "uts"))
			report("HN-04", `.${name}`, `unable to set ${name} without a private UTS namespace`);
}

/** The paths would be hidden from the whole host. */
export function hiddenPathsNeedMountNamespace(config: Config, report: Report): void {
	if (hasNamespace(config, "mount")) return;
	const message = "unable to restrict sys entries without a private MNT namespace";
	if (config.linux?.maskedPaths?.length) report("RP-06", ".linux.maskedPaths", message);
	if (config.linux?.readonlyPaths?.length) report("RP-09", ".linux.readonlyPaths", message);
}

export function mappingsNeedUserNamespace(config: Config, report: Report): void {
	if (hasNamespace(config, "user")) return;
	const message = "user namespace mappings specified, but user namespace isn't enabled in the config";
	if (config.linux?.uidMappings?.length) report("UM-01", ".linux.uidMappings", message);
	if (config.linux?.gidMappings?.length) report("UM-02", ".linux.gidMappings", message);
}

/** No id can be used in a namespace without mappings. */
export function userNamespaceNeedsMappings(config: Config, report: Report): void {
	if (!isNew(config, "user")) return;
	const message = "user namespaces enabled, but no mappings found";
	if (!config.linux?.uidMappings?.length) report("UM-01", ".linux.uidMappings", message);
	if (!config.linux?.gidMappings?.length) report("UM-02", ".linux.gidMappings", message);
}

/** user_namespaces(7). */
export function mappingsFitTheKernel({ linux }: Config, report: Report): void {
	const most = 340;
	for (const member of ["uidMappings", "gidMappings"] as const) {
		const mappings = linux?.[member];
		if (mappings === undefined) continue;
		if (mappings.length > most)
			report("UM-05", `.linux.${member}`, `the kernel takes up to ${most} mappings; found ${mappings.length}`);
		mappings.forEach(({ size }, index) => {
			if (size === 0) report("UM-03", `.linux.${member}[${index}].size`, "must be greater than zero");
		});
	}
}

export function timeOffsetsNeedNewTimeNamespace(config: Config, report: Report): void {
	if (config.linux?.timeOffsets === undefined || isNew(config, "time")) return;
	const wrong = hasNamespace(config, "time")
		? "time namespace enabled, but both namespace path and time offsets specified"
		: "time namespace offsets specified, but time namespace isn't enabled in the config";
	report("UM-07", ".linux.timeOffsets", wrong);
}

/** The clocks are values here, not members that a later version may add. */
export function clocksAreKnown({ linux }: Config, report: Report): void {
	if (linux?.timeOffsets === undefined) return;
	for (const [clock, offset] of Object.entries(linux.timeOffsets)) {
		const path = `.linux.timeOffsets${memberPath(clock)}`;
		if (clock !== "monotonic" && clock !== "boottime")
			report("UM-07", path, `expected one of monotonic, boottime; found ${describe(clock)}`);
		else if ((offset.nanosecs ?? 0) > 999_999_999)
			report("UM-06", `${path}.nanosecs`, `expected less than a second; found ${offset.nanosecs}`);
	}
}
