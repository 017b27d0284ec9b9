/** config.md: the version, the root, mounts, annotations. */
import { describe, memberPath } from "../issue.js";
import type { Config } from "../types.js";
import { hasNamespace } from "./namespaces.js";
import type { Report } from "./rule.js";

/** SemVer 2.0.0: nothing between dots is empty, and what is a number has no leading zero unless it names a build. */
function majorVersion(text: string): string | undefined {
	const [, major, release, build] =
		/^(0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(-[\dA-Za-z.-]*)?(\+[\dA-Za-z.-]*)?$/.exec(text) ?? [];
	const identifiers = (part: string | undefined) => part?.slice(1).split(".") ?? [];
	const hasEmpty = [...identifiers(release), ...identifiers(build)].includes("");
	return hasEmpty || identifiers(release).some((one) => /^0\d+$/.test(one)) ? undefined : major;
}

export function versionIsSupported({ ociVersion }: Config, report: Report): void {
	const major = majorVersion(ociVersion);
	if (major === undefined)
		report("CV-02", ".ociVersion", `expected a version such as "1.3.0"; found ${describe(ociVersion)}`);
	// every 1.x means 1.0 to 1.x; what a later 1.x adds is an unknown member here
	else if (major !== "1") report("CV-03", ".ociVersion", `expected a version 1.x; found ${describe(ociVersion)}`);
}

export function rootIsNamed({ root }: Config, report: Report): void {
	if (root.path === "") report("RT-02", ".root.path", "must not be empty");
}

export function destinationsAreAbsolute({ mounts }: Config, report: Report): void {
	mounts?.forEach(({ destination }, index) => {
		if (destination.startsWith("/")) return;
		const path = `.mounts[${index}].destination`;
		if (destination === "") report("MT-02", path, "must not be empty");
		else report("MT-03", path, `expected an absolute path; ${describe(destination)} is taken from "/"`, "warning");
	});
}

export function bindMountsHaveSources({ mounts }: Config, report: Report): void {
	mounts?.forEach(({ source, options }, index) => {
		if (!source && (options?.includes("bind") || options?.includes("rbind")))
			report("MT-07", `.mounts[${index}].source`, "a bind mount needs a source");
	});
}

/** A new file system is of some type; `remount` changes what is there. */
export function mountsHaveTypes({ mounts }: Config, report: Report): void {
	mounts?.forEach(({ type, options }, index) => {
		if (!type && !options?.some((option) => ["bind", "rbind", "remount"].includes(option)))
			report("MT-09", `.mounts[${index}].type`, "is required unless bind, rbind or remount is among the options");
	});
}

export function mountMappingsComeInPairs({ mounts }: Config, report: Report): void {
	mounts?.forEach(({ uidMappings, gidMappings }, index) => {
		if (uidMappings?.length && !gidMappings?.length)
			report("MT-14", `.mounts[${index}].gidMappings`, "is required together with uidMappings");
		if (gidMappings?.length && !uidMappings?.length)
			report("MT-16", `.mounts[${index}].uidMappings`, "is required together with gidMappings");
	});
}

/** `idmap` without mappings of the mount's own takes those of the container's user namespace. */
export function idmapHasMapping(config: Config, report: Report): void {
	if (hasNamespace(config, "user")) return;
	config.mounts?.forEach(({ options, uidMappings }, index) => {
		if (uidMappings?.length) return;
		const refuse = (requirement: string, option: string) =>
			report(
				requirement,
				`.mounts[${index}].options`,
				`"${option}" needs uidMappings and gidMappings, or a user namespace`,
			);
		if (options?.includes("idmap")) refuse("MO-66", "idmap");
		if (options?.includes("ridmap")) refuse("MO-72", "ridmap");
	});
}

export function annotationsHaveNames({ annotations }: Config, report: Report): void {
	if (annotations?.[""] !== undefined) report("AN-02", `.annotations${memberPath("")}`, "a key must not be empty");
}
