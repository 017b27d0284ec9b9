/**
 * Everything that reads text which somebody else may have written: whatever it is given, it returns, or throws an error of
 * ours that is no bug's; always the same; and what it accepts the parts behind it can work with.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scanArguments } from "../../src/cli/arguments.js";
import { globalFlags, readGlobals } from "../../src/cli/global-flags.js";
import { parseFlags } from "../../src/cli/parse-flags.js";
import { verbs } from "../../src/cli/program.js";
import { planCapabilities } from "../../src/linux/capabilities.js";
import { layoutOf, parseProcCgroup } from "../../src/linux/cgroups/detect.js";
import { deviceRules, exactRules } from "../../src/linux/cgroups/devices.js";
import { count, flatKeyed, nestedKeyed } from "../../src/linux/cgroups/flat-file.js";
import { resourceWrites } from "../../src/linux/cgroups/resources.js";
import { idMapText } from "../../src/linux/id-maps.js";
import { parseMountOptions } from "../../src/linux/mount-options.js";
import { readMountinfo } from "../../src/linux/mountinfo.js";
import { homeDirectory } from "../../src/linux/passwd.js";
import { processStat } from "../../src/linux/proc.js";
import { examineProgram } from "../../src/linux/program.js";
import { parseNumberList, schedulerAttributes } from "../../src/linux/scheduling.js";
import { comparisons, seccompFlags } from "../../src/linux/seccomp/filter.js";
import { parseSignal } from "../../src/linux/signals.js";
import { checkId } from "../../src/runtime/state/id.js";
import { readJournal } from "../../src/runtime/state/journal.js";
import { parseRecord } from "../../src/runtime/state/record.js";
import type { Shape } from "../../src/spec/check.js";
import { shape as configShape } from "../../src/spec/generated/config-shape.js";
import { shape as processShape } from "../../src/spec/generated/process-shape.js";
import { shape as resourcesShape } from "../../src/spec/generated/resources-shape.js";
import { exactJson, parseJson } from "../../src/spec/json.js";
import { loadConfig } from "../../src/spec/load.js";
import { loadProcess } from "../../src/spec/load-process.js";
import { loadResources } from "../../src/spec/load-resources.js";
import { sysctlSteps } from "../../src/spec/sysctl-name.js";
import type { Config, LinuxResources, Process } from "../../src/spec/types.js";
import { isSysError, TsrunError } from "../../src/sys/errors.js";
import { door } from "../support/door.js";
import { repository } from "../support/paths.js";
import { fuzz, patience } from "./fuzz.js";
import { pick, type Random, strings, valueFor } from "./generate.js";
import { mutateText, mutateValue } from "./mutate.js";

const bundles = readdirSync(join(repository, "bundles"))
	.map((name) => readFileSync(join(repository, "bundles", name, "config.json"), "utf8"))
	.map((text): unknown => JSON.parse(text));

/** What came of it: the value, or the message of an error that a user may be told. */
function outcome<Value>(step: () => Value): { readonly value?: Value; readonly message?: string } {
	try {
		return { value: step() };
	} catch (error) {
		if (error instanceof TsrunError && error.id !== "internal") return { message: error.message };
		throw error;
	}
}

/** A configuration of the shape, a damaged example, or a damaged text of either. */
function document(shape: Shape, examples: readonly unknown[]): (random: Random) => string {
	return (random) => {
		const value = random() < 0.5 ? valueFor(shape, random) : mutateValue(pick(random, examples), random);
		const text = value === undefined ? "" : exactJson(value);
		return random() < 0.2 ? mutateText(text, random) : text;
	};
}

/** Twice, because a loader takes its input apart. */
function same<Value>(load: () => Value): Value | undefined {
	const first = outcome(load);
	expect(outcome(load)).toEqual(first);
	return first.value;
}

describe("a configuration", () => {
	test("is refused in words, or every part of the runtime can work with it", { timeout: patience }, () => {
		let accepted = 0;
		fuzz("config.json", 15_000, document(configShape, bundles), (text) => {
			const config = same(() => loadConfig(text))?.config;
			if (!config) return;
			accepted++;
			useConfig(config);
		});
		// cases that are all refused at the door would prove little
		expect(accepted).toBeGreaterThan(500);
	});

	test("for exec as well", { timeout: patience }, () => {
		const examples = bundles.map((bundle) => (bundle as Config).process);
		fuzz("process.json", 15_000, document(processShape, examples), (text) => {
			const process = same(() => loadProcess(text))?.process;
			if (process) useProcess(process);
		});
	});

	test("for update as well", { timeout: patience }, () => {
		const example: LinuxResources = {
			memory: { limit: 1 << 20, swap: -1 },
			cpu: { shares: 512, quota: 5000, cpus: "0-1" },
			devices: [{ allow: false, access: "rwm" }],
			unified: { "pids.max": "7" },
		};
		fuzz("resources.json", 15_000, document(resourcesShape, [example]), (text) => {
			const resources = same(() => loadResources(text))?.resources;
			if (resources) useResources(resources);
		});
	});
});

function useConfig({ process, linux = {}, mounts = [] }: Config): void {
	if (process) useProcess(process);
	for (const mount of mounts) outcome(() => parseMountOptions(mount.options ?? []));
	if (linux.resources) useResources(linux.resources);
	for (const name of Object.keys(linux.sysctl ?? {})) outcome(() => sysctlSteps(name));
	outcome(() => idMapText(linux.uidMappings ?? []));
	const { seccomp } = linux;
	if (!seccomp) return;
	outcome(() => seccompFlags(seccomp));
	for (const rule of seccomp.syscalls ?? []) outcome(() => comparisons(rule));
}

function useProcess({ capabilities, scheduler }: Process): void {
	outcome(() => planCapabilities(capabilities));
	if (scheduler) outcome(() => schedulerAttributes(scheduler));
}

function useResources(resources: LinuxResources): void {
	outcome(() => exactRules(deviceRules(resources.devices)));
	for (const version of [1, 2] as const) outcome(() => resourceWrites(resources, () => version));
}

describe("JSON", () => {
	test("is read as the engine reads it, or refused with line and column", { timeout: patience }, () => {
		const examples = bundles.map((bundle) => JSON.stringify(bundle));
		const make = (random: Random) => mutateText(pick(random, examples), random);
		fuzz("JSON", 30_000, make, (text) => {
			const { value, message } = outcome(() => parseJson(text, "it"));
			if (message === undefined) expect(JSON.parse(exactJson(value))).toEqual(JSON.parse(text));
			else expect(message).toMatch(/^it: line \d+, column \d+: /);
		});
	});
});

/** Files of the kernel and of ours: as they are, and what reads them. */
const files: Readonly<Record<string, { readonly good: readonly string[]; readonly read: (text: string) => unknown }>> =
	{
		"/proc/self/mountinfo": {
			good: [
				"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n24 22 0:21 /a\\040b /proc rw - proc proc rw\n",
				"36 35 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n37 35 0:30 / /sys/fs/cgroup rw - cgroup2 c rw\n",
			],
			read: (text) => {
				layoutOf(text, { cpu: "/", "": "/user.slice" });
				door.files({ "/proc/self/mountinfo": text });
				return readMountinfo();
			},
		},
		"/proc/self/cgroup": { good: ["12:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c\n"], read: parseProcCgroup },
		"/proc/7/stat": {
			good: ["7 (a) b) S 1 7 7 0 -1 4194624 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 1 1\n"],
			read: (text) => {
				door.files({ "/proc/7/stat": text });
				return processStat(7);
			},
		},
		"control files": {
			good: ["max\n", "anon 4096\nfile 18446744073709551615\n", "8:0 rbytes=1 wbytes=2\n8:16 rbytes=3\n", "0-3,7\n"],
			read: (text) => [count(text), flatKeyed(text), nestedKeyed(text), parseNumberList(text)],
		},
		"/etc/passwd": { good: ["root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/:\n"], read: (text) => homeDirectory(text, 1) },
		program: {
			good: ["#!/bin/sh -e\nexit\n", "#! /usr/bin/env\tpython\r\n", `\x7fELF\x02\x01\x01${"\0".repeat(60)}`],
			read: (text) => {
				door.files({ "/program": text });
				return examineProgram("/program", "program");
			},
		},
		"state.json": {
			good: ['{"ociVersion":"1.3.0","id":"c","pid":7,"bundle":"/b","annotations":{}}'],
			read: (text) => parseRecord(text, "state.json"),
		},
		journal: {
			good: [
				'{"creator":{"pid":7,"startTime":9}}\n{"cgroup":{"paths":{"cpu":"/a"}}}\n{"init":{"pid":8,"startTime":9}}\n',
			],
			read: (text) => {
				door.files({ "/run/c/journal": text });
				return readJournal(door.open("/run/c"));
			},
		},
		words: {
			good: ["SIGTERM", "RTMIN+3", "15", "0-3,5", "container-1", "a.b+c_d"],
			read: (text) => [parseSignal, parseNumberList, checkId].map((read) => outcome(() => read(text))),
		},
	};

describe("a file", () => {
	test.each(Object.entries(files))("%s", { timeout: patience }, (name, { good, read }) => {
		for (const text of good) outcome(() => read(text));
		fuzz(
			name,
			10_000,
			(random) => mutateText(pick(random, good), random),
			(text) => {
				try {
					outcome(() => read(text));
				} catch (error) {
					// what the recorded files cannot do, the kernel could refuse as well
					if (!isSysError(error)) throw error;
				}
			},
		);
	});
});

describe("a command line", () => {
	test.each(Object.keys(verbs))("of %s", { timeout: patience }, async (name) => {
		const verb = await verbs[name]?.load();
		if (!verb) throw new Error(name);
		const flags = [...verb.verb.flags, ...globalFlags];
		const word = (random: Random): string => {
			const flag = pick(random, flags);
			const spelled = `${random() < 0.7 ? "--" : "-"}${flag.short && random() < 0.3 ? flag.short : flag.name}`;
			const kind = random();
			if (kind < 0.4) return spelled;
			if (kind < 0.7) return `${spelled}=${pick(random, strings)}`;
			return kind < 0.9 ? pick(random, strings) : mutateText(spelled, random);
		};
		fuzz(
			`command line of ${name}`,
			3000,
			(random) => Array.from({ length: Math.floor(random() * 7) }, () => word(random)),
			(words) => {
				outcome(() => {
					const globals = new Map<string, string | boolean>();
					const given: Parameters<typeof parseFlags>[0][number][] = [];
					scanArguments(words, flags, verb.verb.flagsEndAtOperand ?? false, (each) => {
						if (verb.verb.flags.includes(each.flag)) given.push(each);
						else globals.set(each.flag.name, each.value);
					});
					readGlobals(globals);
					return parseFlags(given);
				});
			},
		);
	});
});
