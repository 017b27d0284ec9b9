import { describe, expect, it } from "vitest";
import {
	isInitMode,
	planInit,
	unknownInitAnnotations,
	withInitFlag,
} from "../../../../src/runtime/built-in-init/plan.js";
import type { Config } from "../../../../src/spec/types.js";
import { TsrunError } from "../../../../src/sys/errors.js";

type Annotations = Readonly<Record<string, string>>;

const config = (annotations?: Annotations): Config => ({
	ociVersion: "1.3.0",
	root: { path: "rootfs" },
	linux: { namespaces: [{ type: "pid" }] },
	...(annotations ? { annotations } : {}),
});

const plan = (annotations: Annotations) => planInit(config(annotations));

/** What is told of wrong annotations: the message, the place and the cure. */
function refusal(annotations: Annotations, more: Partial<Config> = {}) {
	try {
		planInit({ ...config(annotations), ...more });
	} catch (error) {
		if (!(error instanceof TsrunError)) throw error;
		return { id: error.id, message: error.message, jsonPath: error.details.jsonPath, hint: error.details.hint };
	}
	throw new Error("nothing was refused");
}

describe("planInit", () => {
	it("finds no init where none is asked for", () => {
		expect(planInit(config())).toBeNull();
		expect(plan({ "org.example": "forward", "org.opencontainers.image.stopSignal": "nonsense" })).toBeNull();
	});

	it("takes a mode alone", () => {
		expect(plan({ "org.tsrun.init": "forward" })).toEqual({
			mode: "forward",
			remaps: [],
			deadline: 8000,
			stopSignal: null,
			commands: [],
		});
	});

	it("knows every mode, and names them when it does not know one", () => {
		for (const mode of ["forward", "group", "pause", "supervise", "graceful"]) {
			expect(plan({ "org.tsrun.init": mode })?.mode).toBe(mode);
			expect(isInitMode(mode)).toBe(true);
		}
		expect(isInitMode("constructor")).toBe(false);
		expect(refusal({ "org.tsrun.init": "gracefull" })).toEqual({
			id: "config-invalid",
			message: 'annotation "org.tsrun.init": expected forward, group, pause, supervise, graceful; found "gracefull"',
			jsonPath: '$.annotations["org.tsrun.init"]',
			hint: "did you mean graceful?",
		});
		expect(refusal({ "org.tsrun.init": "" }).message).toContain('found ""');
	});

	it("AN-08 ignores an annotation that it does not know, and says which one was probably meant", () => {
		const annotations = { "org.tsrun.init": "forward", "org.tsrun.init.remaps": "TERM=QUIT", "org.tsrun.initrd": "" };
		expect(plan(annotations)).toEqual(plan({ "org.tsrun.init": "forward" }));
		expect(unknownInitAnnotations(config(annotations))).toEqual([
			{
				path: '$.annotations["org.tsrun.init.remaps"]',
				message: 'is unknown, and ignored; did you mean "org.tsrun.init.remap"?',
				rule: "AN-08",
				section: "config.md#annotations",
				severity: "warning",
			},
		]);
		expect(plan({ "org.tsrun.init.nothing-like-it": "x" })).toBeNull();
		expect(unknownInitAnnotations(config())).toEqual([]);
	});

	it("refuses a detail without an init, and one that the mode has no use for", () => {
		expect(refusal({ "org.tsrun.init.remap": "TERM=QUIT" }).message).toBe(
			'annotation "org.tsrun.init.remap": there is no init for it: org.tsrun.init is not set',
		);
		for (const [mode, name, value] of [
			["pause", "remap", "TERM=QUIT"],
			["forward", "deadline", "3"],
			["group", "deadline", "3"],
			["graceful", "supervise", "[]"],
		] as const) {
			expect(refusal({ "org.tsrun.init": mode, [`org.tsrun.init.${name}`]: value })).toMatchObject({
				message: `annotation "org.tsrun.init.${name}": has no meaning for the mode ${mode}`,
				jsonPath: `$.annotations["org.tsrun.init.${name}"]`,
			});
		}
	});

	it("needs a pid namespace of the container's own where it asks all others to end", () => {
		const shared = [{}, { linux: {} }, { linux: { namespaces: [{ type: "pid" as const, path: "/proc/1/ns/pid" }] } }];
		for (const mode of ["supervise", "graceful"])
			for (const more of shared)
				expect(refusal({ "org.tsrun.init": mode }, { linux: { namespaces: [] }, ...more }).message).toBe(
					`annotation "org.tsrun.init": the mode ${mode} needs a pid namespace of the container's own`,
				);
		for (const mode of ["forward", "group", "pause"])
			for (const more of shared) expect(planInit({ ...config({ "org.tsrun.init": mode }), ...more })?.mode).toBe(mode);
	});
});

describe("remaps", () => {
	const remaps = (text: string) => plan({ "org.tsrun.init": "forward", "org.tsrun.init.remap": text })?.remaps;

	it("are pairs of names or numbers; 0 drops", () => {
		expect(remaps("TERM=QUIT")).toEqual([[15, 3]]);
		expect(remaps(" sigterm=SIGINT, 1 = 0,RTMIN+1=64")).toEqual([
			[15, 2],
			[1, 0],
			[35, 64],
		]);
		expect(remaps("TERM=KILL,QUIT=TERM")).toEqual([
			[15, 9],
			[3, 15],
		]);
	});

	it("are refused with the words that are wrong", () => {
		for (const [text, problem] of [
			["", 'expected FROM=TO; found ""'],
			["TERM", 'expected FROM=TO; found "TERM"'],
			["TERM=", 'expected FROM=TO; found "TERM="'],
			["TERM=QUIT,", 'expected FROM=TO; found ""'],
			["TERM=INT=QUIT", 'expected FROM=TO; found "TERM=INT=QUIT"'],
			["TREM=QUIT", 'unknown signal "TREM"'],
			["TERM=65", 'unknown signal "65"'],
			["KILL=TERM", "KILL never reaches the init"],
			["19=TERM", "19 never reaches the init"],
			["0=TERM", "0 never reaches the init"],
			["TERM=QUIT,15=INT", "15 is remapped twice"],
		] as const) {
			const { id, message } = refusal({ "org.tsrun.init": "forward", "org.tsrun.init.remap": text });
			expect({ id, message }, text).toEqual({
				id: "config-invalid",
				message: `annotation "org.tsrun.init.remap": ${problem}`,
			});
		}
		expect(refusal({ "org.tsrun.init": "forward", "org.tsrun.init.remap": "TREM=QUIT" }).hint).toBe(
			"did you mean TERM?",
		);
	});
});

describe("the deadline", () => {
	const deadline = (text: string) => plan({ "org.tsrun.init": "graceful", "org.tsrun.init.deadline": text })?.deadline;

	it("is in seconds, down to a thousandth", () => {
		expect(["0", "30", "0.5", "1.234", "86400"].map(deadline)).toEqual([0, 30_000, 500, 1234, 86_400_000]);
	});

	it("is refused when it is no time", () => {
		for (const text of ["", "-1", "10s", "1e3", "1.2345", "86400.001", "1000000"]) {
			expect(() => deadline(text), text).toThrow(
				`annotation "org.tsrun.init.deadline": expected seconds up to 86400; found ${JSON.stringify(text)}`,
			);
		}
	});
});

describe("the stop signal", () => {
	const name = "org.opencontainers.image.stopSignal";

	it("is the image's, where the init waits for the end", () => {
		expect(plan({ "org.tsrun.init": "graceful", [name]: "SIGRTMIN+3" })?.stopSignal).toBe(37);
		expect(plan({ "org.tsrun.init": "supervise", [name]: "QUIT" })?.stopSignal).toBe(3);
		expect(plan({ "org.tsrun.init": "forward", [name]: "QUIT" })?.stopSignal).toBeNull();
	});

	it("is refused when nobody knows it", () => {
		expect(refusal({ "org.tsrun.init": "graceful", [name]: "SIGQUITE" })).toMatchObject({
			message: `annotation "${name}": unknown signal "SIGQUITE"`,
			jsonPath: `$.annotations["${name}"]`,
		});
	});
});

describe("commands", () => {
	const commands = (text: string) =>
		plan({ "org.tsrun.init": "supervise", "org.tsrun.init.supervise": text })?.commands;

	it("are helpers unless told otherwise", () => {
		const text =
			'[{"args": ["logger", "-x"]}, {"args": ["mkdir"], "kind": "setup"}, {"args": ["a"], "kind": "watched"}]';
		expect(commands(text)).toEqual([
			{ kind: "helper", args: ["logger", "-x"] },
			{ kind: "setup", args: ["mkdir"] },
			{ kind: "watched", args: ["a"] },
		]);
		expect(commands("[]")).toEqual([]);
	});

	it("are refused with the place that is wrong", () => {
		const first = 'annotation "org.tsrun.init.supervise": ';
		for (const [text, problem] of [
			["{}", "expected a JSON array of commands"],
			["null", "expected a JSON array of commands"],
			['["mkdir"]', "[0]: expected an object"],
			["[null]", "[0]: expected an object"],
			["[[]]", "[0]: expected an object"],
			["[{}]", "[0].args: expected the program and its arguments, a list of strings"],
			['[{"args": []}]', "[0].args: expected the program and its arguments, a list of strings"],
			['[{"args": ["a", 1]}]', "[0].args: expected the program and its arguments, a list of strings"],
			['[{"args": [""]}]', "[0].args: a program has a name, and no string a NUL character"],
			['[{"args": ["a", "b\\u0000c"]}]', "[0].args: a program has a name, and no string a NUL character"],
			['[{"args": ["a"]}, {"args": ["b"], "kind": "main"}]', '[1].kind: expected setup, watched, helper; found "main"'],
			['[{"args": ["a"], "watch": true}]', "[0].watch: is not known; a command has args and kind"],
		] as const) {
			expect(() => commands(text), text).toThrow(first + problem);
		}
		const many = JSON.stringify(Array.from({ length: 64 }, () => ({ args: ["a"] })));
		expect(() => commands(many)).toThrow(`${first}expected up to 63 commands; found 64`);
	});

	it("are refused with line and column when they are no JSON", () => {
		expect(refusal({ "org.tsrun.init": "supervise", "org.tsrun.init.supervise": '[{"args": [}]' })).toMatchObject({
			id: "config-syntax",
			message: expect.stringContaining('annotation "org.tsrun.init.supervise"'),
		});
	});
});

describe("--init", () => {
	const annotationsWith = (flag: Parameters<typeof withInitFlag>[1], annotations?: Annotations) =>
		withInitFlag(config(annotations), flag).annotations;

	it("is the annotation, and leaves the others as they are", () => {
		expect(annotationsWith(true)).toEqual({ "org.tsrun.init": "forward" });
		expect(annotationsWith("group", { other: "x" })).toEqual({ other: "x", "org.tsrun.init": "group" });
	});

	it("without a mode leaves the annotation's, with one it has the last word", () => {
		expect(annotationsWith(true, { "org.tsrun.init": "graceful" })).toEqual({ "org.tsrun.init": "graceful" });
		expect(annotationsWith("pause", { "org.tsrun.init": "graceful" })).toEqual({ "org.tsrun.init": "pause" });
	});

	it("not given changes nothing", () => {
		const given = config({ other: "x" });
		expect(withInitFlag(given, undefined)).toBe(given);
	});
});
