/** config-linux.md: devices, network devices, hidden paths, Intel RDT, memory policy, personality. */
import { describe, memberPath } from "../issue.js";
import type { Config } from "../types.js";
import { isNumberList } from "./lists.js";
import { hasNamespace } from "./namespaces.js";
import type { Report } from "./rule.js";

export function devicesAreNumbered({ linux }: Config, report: Report): void {
	linux?.devices?.forEach((device, index) => {
		const path = `.linux.devices[${index}]`;
		if (device.path === "") report("DV-04", `${path}.path`, "must not be empty");
		if (device.type === "p") return;
		for (const number of ["major", "minor"] as const) {
			const found = device[number];
			if (found === undefined) report("DV-06", `${path}.${number}`, `is required for a device of type ${device.type}`);
			else if (found < 0) report("DV-06", `${path}.${number}`, `expected a device number; found ${found}`);
		}
	});
}

export function netDevicesNeedNetworkNamespace(config: Config, report: Report): void {
	if (Object.keys(config.linux?.netDevices ?? {}).length > 0 && !hasNamespace(config, "network"))
		report("ND-01", ".linux.netDevices", "unable to move network devices without a private NET namespace");
}

export function netDevicesAreInterfaceNames({ linux }: Config, report: Report): void {
	for (const name in linux?.netDevices) {
		const path = `.linux.netDevices${memberPath(name)}`;
		const newName = linux.netDevices[name]?.name;
		if (!isInterfaceName(name)) report("ND-01", path, `invalid network device name ${describe(name)}`);
		if (newName && !isInterfaceName(newName))
			report("ND-02", `${path}.name`, `invalid network device name ${describe(newName)}`);
	}
}

/** As the kernel's dev_valid_name; the only thing that it fills in is one %d. */
function isInterfaceName(name: string): boolean {
	const isText = name !== "." && name !== ".." && /^[^\s/:\ud800-\udfff]+$/u.test(name) && !/%(?!d)|%.*%/.test(name);
	return isText && encodeURIComponent(name).replace(/%../g, "x").length <= 15;
}

export function netDevicesHaveNamesOfTheirOwn({ linux }: Config, report: Report): void {
	const devices = Object.entries(linux?.netDevices ?? {}).map(([name, { name: newName }]) => ({
		name,
		target: newName || name,
	}));
	devices.forEach(({ name, target }, index) => {
		const first = devices.findIndex((device) => device.target === target);
		if (first === index || target.includes("%d")) return;
		const message = `${describe(target)} is the name of ${describe(devices[first]?.name)} already`;
		report("ND-04", `.linux.netDevices${memberPath(name)}.name`, message);
	});
}

export function hiddenPathsAreAbsolute({ linux }: Config, report: Report): void {
	const expectAbsolute = (requirement: string, member: "maskedPaths" | "readonlyPaths") =>
		linux?.[member]?.forEach((path, index) => {
			if (!path.startsWith("/"))
				report(requirement, `.linux.${member}[${index}]`, `expected an absolute path; found ${describe(path)}`);
		});
	expectAbsolute("RP-07", "maskedPaths");
	expectAbsolute("RP-10", "readonlyPaths");
}

export function resctrlLinesAreLines({ linux }: Pick<Config, "linux">, report: Report): void {
	const { l3CacheSchema, memBwSchema, schemata } = linux?.intelRdt ?? {};
	const expectLine = (requirement: string, member: string, text: string, severity?: "warning") => {
		if (text.includes("\n")) report(requirement, `.linux.intelRdt.${member}`, "must not contain newlines", severity);
	};
	const expectStart = (requirement: string, member: string, text: string, start: string, severity?: "warning") => {
		if (!text.startsWith(start))
			report(
				requirement,
				`.linux.intelRdt.${member}`,
				`expected "${start}" at the start; found ${describe(text)}`,
				severity,
			);
	};
	if (l3CacheSchema) {
		expectStart("RD-06", "l3CacheSchema", l3CacheSchema, "L3:", "warning");
		expectLine("RD-07", "l3CacheSchema", l3CacheSchema, "warning");
	}
	if (memBwSchema) {
		expectStart("RD-08", "memBwSchema", memBwSchema, "MB:");
		expectLine("RD-09", "memBwSchema", memBwSchema);
	}
	schemata?.forEach((text, index) => {
		expectLine("RD-10", `schemata[${index}]`, text);
	});
}

/** It becomes a directory right below the root of resctrl; "/" is that root. */
export function closIdIsOneName({ linux }: Config, report: Report): void {
	const id = linux?.intelRdt?.closID;
	if (id !== undefined && id !== "/" && (id === "." || id === ".." || /[/\n]/.test(id)))
		report("RD-02", ".linux.intelRdt.closID", `expected a directory name or "/"; found ${describe(id)}`);
}

/** set_mempolicy(2). */
export function memoryPolicyIsConsistent({ linux }: Config, report: Report): void {
	const policy = linux?.memoryPolicy;
	if (policy === undefined) return;
	const { mode, nodes = "", flags = [] } = policy;
	const takesNone = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL";
	const refuse = (member: string, message: string) =>
		report("MP-02", `.linux.memoryPolicy.${member}`, `invalid memory policy ${member}${message}`);
	if (nodes === "" && !takesNone && mode !== "MPOL_PREFERRED") refuse("nodes", `: ${mode} needs at least one node`);
	else if (nodes !== "" && takesNone) refuse("nodes", ` ${describe(nodes)}: ${mode} takes none`);
	else if (nodes !== "" && !isNumberList(nodes))
		refuse("nodes", ` ${describe(nodes)}: expected a list such as "0-3,7"`);
	if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES"))
		refuse("flags", ": MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
}

export function personalityHasNoFlags({ linux }: Config, report: Report): void {
	const flag = linux?.personality?.flags?.[0];
	if (flag !== undefined) report("RP-15", ".linux.personality.flags", `no flag is supported; found ${describe(flag)}`);
}
