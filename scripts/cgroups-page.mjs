/**
 * docs/cgroups.md: `npm run docs` writes it. What is in its tables comes out of the code: each member of linux.resources is
 * given to the functions that make control file values of it, for both versions, and to the table of systemd's properties.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = "docs/cgroups.md";

/**
 * A value for each member, and what is to be said besides the value that comes out.
 *
 * @type {Readonly<Record<string, readonly [sample: unknown, note: string]>>}
 */
const members = {
	"memory.limit": [67108864, "-1 is unlimited: `-1` on v1, `max` on v2, and swap with it"],
	"memory.reservation": [33554432, "-1 is unlimited"],
	"memory.swap": [100663296, "is memory and swap together, as v1 counts; v2: swap - limit"],
	"memory.kernel": [33554432, "nothing is written: kernels ignore it since 5.16"],
	"memory.kernelTCP": [16777216, ""],
	"memory.swappiness": [60, ""],
	"memory.disableOOMKiller": [true, ""],
	"memory.useHierarchy": [true, "kernels count children in any case since 5.11"],
	"memory.checkBeforeUpdate": [true, "a limit below what is in use is refused; v1's kernel does so by itself"],
	"cpu.shares": [1024, "v2: see [weights](#weights); nothing when idle is 1"],
	"cpu.quota": [20000, "-1 is unlimited: `-1` on v1, `max` on v2; on v2 the period that is there stays"],
	"cpu.period": [50000, "alone on v2: with the quota that is there"],
	"cpu.burst": [10000, "0 needs no kernel that knows it (5.14)"],
	"cpu.idle": [1, "0 needs no kernel that knows it (5.15)"],
	"cpu.realtimeRuntime": [1000, "kernels with CONFIG_RT_GROUP_SCHED"],
	"cpu.realtimePeriod": [500000, "kernels with CONFIG_RT_GROUP_SCHED"],
	"cpu.cpus": ["0-1", "v1: a new cgroup without a list gets its parent's"],
	"cpu.mems": ["0", "v1: a new cgroup without a list gets its parent's"],
	"pids.limit": [20, "-1 is `max`; 0 becomes 1"],
	"blockIO.weight": [500, "the second where BFQ is the I/O scheduler (v1), or is not (v2, see [weights](#weights))"],
	"blockIO.leafWeight": [500, "CFQ alone had it, until 5.0"],
	"blockIO.weightDevice": [[{ major: 8, minor: 0, weight: 300 }], "as weight; leafWeight as above"],
	"blockIO.throttleReadBpsDevice": [[{ major: 8, minor: 0, rate: 1048576 }], "0 takes the limit away"],
	"blockIO.throttleWriteBpsDevice": [[{ major: 8, minor: 0, rate: 1048576 }], ""],
	"blockIO.throttleReadIOPSDevice": [[{ major: 8, minor: 0, rate: 300 }], ""],
	"blockIO.throttleWriteIOPSDevice": [[{ major: 8, minor: 0, rate: 300 }], ""],
	hugepageLimits: [[{ pageSize: "2MB", limit: 4194304 }], "rsvd where the kernel has it (5.7)"],
	"network.classID": [1048577, ""],
	"network.priorities": [[{ name: "eth0", priority: 5 }], ""],
	rdma: [{ mlx5_1: { hcaHandles: 3, hcaObjects: 10000 } }, ""],
	unified: [{ "memory.high": "50331648" }, "as they stand, after all others; an error where the controller is missing"],
	devices: [[{ allow: false, access: "rwm" }], "see [devices](#devices)"],
};

/**
 * @typedef {Pick<typeof import("../src/linux/cgroups/resources.js"), "resourceWrites">
 *   & Pick<typeof import("../src/linux/cgroups/devices.js"), "deviceRules">
 *   & Pick<typeof import("../src/linux/cgroups/v1/devices.js"), "deviceWrites">
 *   & Pick<typeof import("../src/linux/cgroups/v2/cpu.js"), "cpuWeight">
 *   & Pick<typeof import("../src/linux/cgroups/v2/io.js"), "ioWeight">
 *   & Pick<typeof import("../src/linux/cgroups/v2/unified.js"), "unifiedWrites">
 *   & Pick<typeof import("../src/linux/cgroups/systemd/properties.js"), "propertyRows">
 *   & Pick<typeof import("../src/spec/generated/resources-shape.js"), "LinuxResources">
 *   & Pick<typeof import("../test/support/runc-differences.js"), "runcDifferences">
 *   & Pick<typeof import("../test/support/resource-settings.js"), "resourceSettings">} Code
 * @typedef {import("../src/linux/cgroups/writes.js").Write} Write
 * @typedef {import("../src/spec/types.js").LinuxResources} Resources
 */

/** What is imported from the code. */
const entry = `
export { resourceWrites } from "./src/linux/cgroups/resources.ts";
export { deviceRules } from "./src/linux/cgroups/devices.ts";
export { deviceWrites } from "./src/linux/cgroups/v1/devices.ts";
export { cpuWeight } from "./src/linux/cgroups/v2/cpu.ts";
export { ioWeight } from "./src/linux/cgroups/v2/io.ts";
export { unifiedWrites } from "./src/linux/cgroups/v2/unified.ts";
export { propertyRows } from "./src/linux/cgroups/systemd/properties.ts";
export { LinuxResources } from "./src/spec/generated/resources-shape.ts";
export { resourceSettings } from "./test/support/resource-settings.ts";
export { runcDifferences } from "./test/support/runc-differences.ts";
`;

/** @returns {Promise<Code>} */
async function loadCode() {
	const stdin = { contents: entry, resolveDir: root, loader: /** @type {const} */ ("ts") };
	const { outputFiles } = await build({ stdin, bundle: true, platform: "node", format: "esm", write: false });
	return await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`);
}

/** The whole page. */
export async function cgroupsPage() {
	const code = await loadCode();
	refuseIncomplete(code.LinuxResources);
	return [
		"# Control groups",
		"",
		"<!-- made by scripts/cgroups-page.mjs from the code: npm run docs -->",
		"",
		...introduction,
		"",
		"## Resources",
		"",
		"What each member of `linux.resources` becomes. The values are those of the code for the sample; a file after",
		'"else" is written on kernels without the first. "Refused" is an error: v2 has nothing that does it, and the',
		"specification wants no silence then. Numbers that engines send as 0 are unset, but for `cpu.idle`, `pids.limit`,",
		"`memory.swappiness` and the rates.",
		"",
		row("member", "sample", "v1", "v2", "unit of systemd", ""),
		row("---", "---", "---", "---", "---", "---"),
		...Object.entries(members).map(([member, [sample, note]]) => memberRow(code, member, sample, note)),
		"",
		"Values that limit each other (memory and swap, quota and period, quota and burst) are written in an order that",
		"is right for a new cgroup; what the kernel refuses then is written again after the others.",
		"",
		...units(code),
		...weights(code),
		...devices(code),
		...life,
		...differencesFromRunc(code),
	].join("\n");
}

const introduction = [
	"tsrun looks at what is mounted at `/sys/fs/cgroup` and takes each controller where it is: on v2, on v1, or on a",
	"hybrid machine some here and some there. A container has a directory of the same name in every hierarchy.",
	"",
	"`linux.cgroupsPath` that is absolute counts from the mount points; one that is relative counts from the runtime's own",
	"cgroup, on v2 from that one's parent, because a cgroup with processes cannot hand controllers to its children.",
	"Without it the id is the name. `..` never leads out of that place. A cgroup that is there already is used when it is",
	"empty and not frozen.",
	"",
	"On v2 controllers are enabled from the mount point down to the container, where they are not enabled yet. On a hybrid",
	"machine only those that a limit needs.",
];

const life = [
	"## Pausing, killing, removing",
	"",
	"`pause` freezes the cgroup and waits until all of it stands still, for 10 seconds at most; what does not freeze is",
	"thawed again. It is refused when another container lives in the cgroup or below, or the caller does: they would stop",
	"as well. `resume` says when a cgroup above keeps the container frozen.",
	"",
	"`kill --all` is one write where the kernel has `cgroup.kill` (v2, 5.14); elsewhere the cgroup is frozen, its processes are",
	"signalled and it is thawed, so that none escapes by forking. `delete` waits 10 seconds at most for processes that",
	"end, and then names those that have not.",
	"",
	"`events` and `stats` read what was used from the same directories, and tell it in the members of runc's `events`; of",
	"memory that runs out they learn by an eventfd (v1) or by `memory.events` (v2). Pressure stall information comes from",
	"the unified hierarchy, on a hybrid machine as well.",
	"",
];

/** @param {readonly string[]} cells */
function row(...cells) {
	return `| ${cells.join(" | ")} |`;
}

/** @param {Code} code @param {string} member @param {unknown} sample @param {string} note */
function memberRow(code, member, sample, note) {
	const shown = typeof sample === "object" ? JSON.stringify(sample) : String(sample);
	const files = cells(code, member, resourcesWith(member, sample));
	return row(`\`${member}\``, `\`${shown}\``, ...files, unitCell(code, member), note);
}

/** @param {Code} code @param {string} member */
function unitCell({ propertyRows }, member) {
	if (member === "devices") return "`DevicePolicy`, `DeviceAllow`";
	if (member === "unified") return "see [unified](#unified)";
	return (
		propertyRows
			.filter(({ resource }) => resource === member)
			.map(propertyText)
			.join("<br>") || "–"
	);
}

/** @param {Code["propertyRows"][number]} row */
function propertyText({ property, since, formula }) {
	const { 1: v1, 2: v2 } = property;
	const names = v1 === v2 ? `\`${v1}\`` : [v1 && `v1: \`${v1}\``, v2 && `v2: \`${v2}\``].filter(Boolean).join(", ");
	return `${names}${since === undefined ? "" : ` (${since})`}${formula === undefined ? "" : ` = ${formula.replace(/^v2: /, "")}`}`;
}

/** swap says something beside a limit alone. @param {string} member @param {unknown} sample @returns {Resources} */
function resourcesWith(member, sample) {
	const [part = "", name] = member.split(".");
	if (name === undefined) return { [part]: sample };
	return { [part]: { ...(member === "memory.swap" && { limit: 67108864 }), [name]: sample } };
}

/** v1 and v2. @param {Code} code @param {string} member @param {Resources} resources */
function cells(code, member, resources) {
	if (member === "devices") return [`${code.deviceWrites(resources.devices ?? []).map(shownWrite)} …`, "a BPF program"];
	if (member === "unified") {
		return [
			"refused, but on a hybrid machine",
			code
				.unifiedWrites(resources.unified ?? {})
				.map(shownWrite)
				.join("<br>"),
		];
	}
	return [filesOf(code, resources, 1), filesOf(code, resources, 2)];
}

/** @param {Code} code @param {Resources} resources @param {1 | 2} version */
function filesOf(code, resources, version) {
	const isAbout = (/** @type {Write} */ { file: name }) =>
		resources.memory?.swap === undefined || /memsw|swap/.test(name);
	try {
		const writes = code.resourceWrites(resources, () => version).flatMap((one) => one.writes);
		return writes.filter(isAbout).map(shownWrite).join("<br>") || "–";
	} catch (error) {
		if (error instanceof Error && "id" in error && error.id === "config-unsupported") return "refused";
		throw error;
	}
}

/** @param {Write} write @returns {string} */
function shownWrite({ file, value, otherwise }) {
	const written = typeof value === "function" ? value("max 100000") : value;
	const other = typeof otherwise === "object" ? ` else ${shownWrite(otherwise)}` : "";
	return `\`${file}\` \`${written}\`${other}`;
}

/** @param {Code} code */
function units({ propertyRows }) {
	const keys = propertyRows.filter(({ resource }) => resource.startsWith("unified "));
	return [
		"## Units of systemd",
		"",
		"With `--systemd-cgroup` what has an equivalent is set on the container's unit as well, so that systemd writes the same",
		"when it writes again (daemon-reload). The number is the release of systemd that brought the property; an older one is",
		"not asked. The files are written in any case.",
		"",
		"### unified",
		"",
		row("key", "property"),
		row("---", "---"),
		...keys.map((one) =>
			row(
				`\`${one.resource.slice("unified ".length)}\``,
				propertyText({ ...one, property: { ...one.property, 1: one.property[2] ?? "" } }),
			),
		),
		"",
	];
}

/** @param {Code} code */
function weights({ cpuWeight, ioWeight }) {
	const shares = [2, 16, 128, 512, 1024, 2048, 8192, 65536, 262144];
	const io = [10, 100, 250, 500, 750, 1000];
	return [
		"## Weights",
		"",
		"`cpu.shares` (2 to 262144, 1024 by default) becomes `cpu.weight` (1 to 10000, 100 by default) by the curve through",
		"the three pairs of least, default and most: with L = log2(shares), the weight is",
		"10^((L² + 125 L) / 612 - 7 / 34), rounded up.",
		"",
		row("cpu.shares", ...shares.map(String)),
		row("---", ...shares.map(() => "---")),
		row("cpu.weight", ...shares.map((each) => String(cpuWeight(each)))),
		"",
		"`blockIO.weight` (10 to 1000) is what BFQ takes; `io.weight` (1 to 10000) gets 1 + (weight - 10) × 9999 / 990, rounded",
		"down.",
		"",
		row("blockIO.weight", ...io.map(String)),
		row("---", ...io.map(() => "---")),
		row("io.weight", ...io.map((each) => String(ioWeight(each)))),
		"",
	];
}

/** @param {Code} code */
function devices({ deviceRules, deviceWrites }) {
	const rules = deviceRules([{ allow: false, access: "rwm" }]);
	return [
		"## Devices",
		"",
		"The rules of `linux.resources.devices` come first, then what every container may do: make any node, and use the",
		"devices that the specification gives it. Of several rules for a device the last one counts; a device that none",
		"speaks of is closed.",
		"",
		"On v1 they become the shortest list of exceptions that means the same, written in the order of the rules; for a deny-all:",
		"",
		"```text",
		...deviceWrites(rules).map((write) => `${write.file.padEnd(14)} ${write.value}`),
		"```",
		"",
		"v1 cannot take a part away from a wider rule: that is an error. On v2 they become a BPF program of the type",
		"`CGROUP_DEVICE`. An update leaves devices alone. Where a program is replaced, the new one is attached before the old",
		"one goes, so that at no moment more is allowed than by the old or the new rules.",
		"",
	];
}

/** @param {Code} code */
function differencesFromRunc({ runcDifferences, resourceSettings }) {
	const lines = Object.entries(runcDifferences).flatMap(([name, layouts]) =>
		Object.entries(layouts).map(([layout, { why, files, refused }]) =>
			row(
				name,
				layout,
				files ? files.map((one) => `\`${one.replace(/^\w*:/, "")}\``).join(", ") : `refused ${refused}`,
				why,
			),
		),
	);
	return [
		"## Differences from runc",
		"",
		`A test gives the same ${resourceSettings({ major: 8, minor: 0 }).length} settings to both and compares every file of the container's cgroups that can be written`,
		"([test/e2e/cgroup-settings.test.ts](../test/e2e/cgroup-settings.test.ts)). They end in the same values but for these, where",
		"runc is 1.1.",
		"",
		row("setting", "layout", "differs", "why"),
		row("---", "---", "---", "---"),
		...lines,
		"",
	];
}

/** @param {Code["LinuxResources"]} shape @throws Error when the specification's types have a member that the page has not. */
function refuseIncomplete(shape) {
	const wanted = (shape.kind === "object" ? shape.names : []).flatMap((name, index) => {
		const part = shape.kind === "object" ? shape.shapes[index] : undefined;
		return part?.kind === "object" ? part.names.map((member) => `${name}.${member}`) : [name];
	});
	const missing = wanted.filter((member) => !(member in members));
	if (missing.length > 0) throw new Error(`scripts/cgroups-page.mjs has no sample of ${missing.join(", ")}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(join(root, file), await cgroupsPage());
}
