/**
 * What the specification asks of those who write configurations, and what it advises against. None of it keeps a container
 * from being made, and create says nothing of it: a configuration that a program has written cannot be helped then.
 */
import { describe, memberPath } from "../issue.js";
import type { Config } from "../types.js";
import type { Report, Rule } from "./rule.js";

function rootHasTheUsualName({ root }: Config, report: Report): void {
	if (root.path !== "rootfs")
		advise(report, "RT-03", ".root.path", `is "rootfs" by convention; found ${describe(root.path)}`);
}

const defaultFilesystems = [
	["/proc", "proc", "DF-01"],
	["/sys", "sysfs", "DF-02"],
	["/dev/pts", "devpts", "DF-03"],
	["/dev/shm", "tmpfs", "DF-04"],
] as const;

/** A bind mount may bring any of them. */
function defaultFilesystemsAreThere({ mounts }: Config, report: Report): void {
	for (const [path, type, requirement] of defaultFilesystems) {
		const there = mounts?.some(({ destination, type: own, options }) => {
			return (
				`/${destination.replace(/^\/+/, "")}` === path &&
				(own === type || options?.includes("bind") || options?.includes("rbind"))
			);
		});
		if (!there) advise(report, requirement, ".mounts", `every container should have a ${type} on ${path}`);
	}
}

function mappedMountsSayHow({ mounts }: Config, report: Report): void {
	mounts?.forEach(({ uidMappings, options }, index) => {
		if (!uidMappings?.length || options?.includes("idmap") || options?.includes("ridmap")) return;
		advise(report, "MT-17", `.mounts[${index}].options`, 'a mount with mappings should have "idmap" or "ridmap"');
	});
}

/** Keys of the specification's own name space, all of which begin with this. */
const reserved = "org.opencontainers.";
const imageKeys = ["os", "os.version", "os.features", "architecture", "variant", "author", "created", "stopSignal"];

function annotationsAreNamedByDomain({ annotations }: Config, report: Report): void {
	for (const key in annotations) {
		const at = `.annotations${memberPath(key)}`;
		const [, name] = key.split(`${reserved}image.`);
		if (key === "") continue;
		if (key.startsWith(reserved) && !imageKeys.includes(name ?? ""))
			advise(report, "AN-06", at, `"${reserved}" is reserved for keys of the specification`);
		else if (!key.includes("."))
			advise(report, "AN-03", at, 'expected a reverse domain name such as "com.example.key"');
	}
}

function devicesAreOfferedOnce({ linux }: Config, report: Report): void {
	const seen = new Map<string, number>();
	linux?.devices?.forEach(({ type, major, minor }, index) => {
		if (type === "p") return;
		const device = `${type} ${major}:${minor}`;
		const first = seen.get(device);
		if (first === undefined) seen.set(device, index);
		else advise(report, "DV-09", `.linux.devices[${index}]`, `device ${device} is listed already by devices[${first}]`);
	});
}

function prestartIsDeprecated({ hooks }: Config, report: Report): void {
	if (hooks?.prestart?.length)
		advise(report, "HK-10", ".hooks.prestart", "is deprecated; createRuntime hooks run at the same time and place");
}

function kernelMemoryIsNoLimit({ linux }: Config, report: Report): void {
	const { kernel, kernelTCP } = linux?.resources?.memory ?? {};
	const at = ".linux.resources.memory";
	if (kernel !== undefined)
		advise(report, "ME-05", `${at}.kernel`, "is not recommended; the kernel ignores it since 5.16");
	if (kernelTCP !== undefined) advise(report, "ME-06", `${at}.kernelTCP`, "is not recommended; only cgroup v1 has it");
}

function advise(report: Report, requirement: string, path: string, message: string): void {
	report(requirement, path, message, "warning");
}

export const advice: readonly Rule<Config>[] = [
	rootHasTheUsualName,
	defaultFilesystemsAreThere,
	mappedMountsSayHow,
	annotationsAreNamedByDomain,
	devicesAreOfferedOnce,
	prestartIsDeprecated,
	kernelMemoryIsNoLimit,
];
