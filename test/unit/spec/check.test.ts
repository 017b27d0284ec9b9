import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { check, type Shape } from "../../../src/spec/check.js";
import { shape as config } from "../../../src/spec/generated/config-shape.js";
import { shape as process } from "../../../src/spec/generated/process-shape.js";
import { shape as resources } from "../../../src/spec/generated/resources-shape.js";

interface Schema {
	readonly $ref?: string;
	readonly type?: string;
	readonly enum?: readonly string[];
	readonly minimum?: number;
	readonly items?: Schema;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly additionalProperties?: Schema | boolean;
	readonly definitions?: Readonly<Record<string, Schema>>;
}

const documents: readonly (readonly [string, Shape])[] = [
	["config", config],
	["process", process],
	["resources", resources],
];

describe.each(documents)("the shape of %s", (name, shape) => {
	const schema: Schema = JSON.parse(
		readFileSync(new URL(`../../../build/schemas/${name}.schema.json`, import.meta.url), "utf8"),
	);
	const accepts = new Ajv({ strict: false }).compile(schema);
	const sample = sampleOf(schema, schema);

	test("accepts a document that has every member", () => {
		expect(check(shape, structuredClone(sample))).toEqual([]);
	});

	test("agrees with ajv on the JSON Schema, whatever single value of that document is replaced or removed", () => {
		let refused = 0;
		for (const changed of changesOf(sample)) {
			const found = check(shape, structuredClone(changed));
			expect(found.length === 0, JSON.stringify(found)).toBe(accepts(withoutNulls(changed)));
			refused += Math.min(found.length, 1);
		}
		expect(refused).toBeGreaterThan(100);
	});
});

const integer: Shape = { kind: "integer", min: 0, below: 2 ** 64 };
const person: Shape = {
	kind: "object",
	names: ["name", "tags"],
	shapes: [{ kind: "string" }, { kind: "array", of: { kind: "string" }, least: 1 }],
	required: 1,
};

describe("messages", () => {
	test.each<readonly [Shape, unknown, string]>([
		[{ kind: "string" }, 5, "expected a string; found 5"],
		[{ kind: "boolean" }, "yes", 'expected true or false; found "yes"'],
		[{ kind: "array", of: { kind: "string" } }, {}, "expected an array; found an object"],
		[{ kind: "map", of: { kind: "string" } }, [], "expected an object; found an array"],
		[person, "x", 'expected an object; found "x"'],
		[{ kind: "integer" }, 1.5, "expected an integer; found 1.5"],
		[{ kind: "integer", min: 1 }, 0, "expected an integer of at least 1; found 0"],
		[{ kind: "integer", min: 0, max: 7 }, 8, "expected an integer from 0 to 7; found 8"],
		[integer, -1, "expected an integer from 0 to 18446744073709551615; found -1"],
		[
			{ kind: "enum", name: "namespace type", values: ["pid", "ipc"] },
			"foo",
			'invalid namespace type "foo": expected one of pid, ipc',
		],
	])("for %j, %j: %s", (shape, value, message) => {
		expect(check(shape, value)).toEqual([{ path: "", message }]);
	});

	test("have the path of each violation, in the document's order of members", () => {
		const value = [{ tags: ["a", 1, true] }, { name: "x", tags: [] }];
		expect(check({ kind: "array", of: person }, value)).toEqual([
			{ path: "[0].name", message: "is required but missing" },
			{ path: "[0].tags[1]", message: "expected a string; found 1" },
			{ path: "[0].tags[2]", message: "expected a string; found true" },
			{ path: "[1].tags", message: "expected at least one entry; found none" },
		]);
	});

	test("quote names that are no identifiers", () => {
		expect(check({ kind: "map", of: { kind: "string" } }, { "org.x": 1 })[0]?.path).toBe('["org.x"]');
	});
});

describe("64-bit integers", () => {
	test.each([0, 18446744073709551615n, 9007199254740993n])("%s is in range", (value) => {
		expect(check(integer, value)).toEqual([]);
	});

	test.each([18446744073709551616n, -1n, 2 ** 64, Number.POSITIVE_INFINITY])("%s is not", (value) => {
		expect(check(integer, value)).toHaveLength(1);
	});
});

describe("members", () => {
	test("unknown ones are legal, also those that every object has", () => {
		expect(check(person, { name: "x", constructor: 5, toString: 1, other: {} })).toEqual([]);
	});

	test("null counts as absent and is removed", () => {
		const value = { name: "x", tags: null };
		expect(check(person, value)).toEqual([]);
		expect(value).toEqual({ name: "x" });
	});

	test("null does not stand for a required member", () => {
		expect(check(person, { name: null })).toEqual([{ path: ".name", message: "is required but missing" }]);
	});

	test("null is no value of a map or a list", () => {
		expect(check({ kind: "map", of: { kind: "string" } }, { a: null })).toHaveLength(1);
		expect(check({ kind: "array", of: { kind: "string" } }, [null])).toHaveLength(1);
	});
});

/** A value that has everything the schema knows. */
function sampleOf(schema: Schema, root: Schema): unknown {
	if (schema.$ref !== undefined) {
		const name = schema.$ref.replace("#/definitions/", "");
		const target = root.definitions?.[name] ?? root.definitions?.[decodeURIComponent(name)];
		if (target === undefined) throw new Error(`no definition ${name}`);
		return sampleOf(target, root);
	}
	if (schema.enum !== undefined) return schema.enum[0];
	if (schema.items !== undefined) return [sampleOf(schema.items, root)];
	if (schema.properties !== undefined)
		return Object.fromEntries(Object.entries(schema.properties).map(([key, member]) => [key, sampleOf(member, root)]));
	if (typeof schema.additionalProperties === "object") return { key: sampleOf(schema.additionalProperties, root) };
	if (schema.type === "integer") return Math.max(schema.minimum ?? 0, 1);
	return schema.type === "boolean" ? true : "text";
}

const replacements: readonly unknown[] = [
	null,
	true,
	"text",
	"",
	0,
	-1,
	7,
	8,
	65536,
	2 ** 32,
	2 ** 63,
	2 ** 64,
	-(2 ** 63),
	1.5,
	[],
	{},
];

/** The value with one place of it replaced or removed, for every place. */
function* changesOf(value: unknown): Generator<unknown> {
	yield* replacements;
	if (Array.isArray(value)) {
		for (const changed of changesOf(value[0])) yield [changed];
	} else if (typeof value === "object" && value !== null) {
		for (const [key, member] of Object.entries(value)) {
			for (const changed of changesOf(member)) yield { ...value, [key]: changed };
			const { [key]: _, ...others } = value as Record<string, unknown>;
			yield others;
		}
	}
}

/** What ajv is given: to a JSON Schema null is a value, here it is none, except in maps, whose only member is "key". */
function withoutNulls(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(withoutNulls);
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).filter(([key, member]) => member !== null || key === "key");
	return Object.fromEntries(entries.map(([key, member]) => [key, withoutNulls(member)]));
}
