/**
 * From the types of src/spec/types to what checks a document: `node scripts/validators.mjs`.
 *
 *     types ──ts-json-schema-generator──▶ build/schemas/*.schema.json ──here──▶ src/spec/generated/*-shape.ts
 *
 * A shape is the schema with its references followed, as a constant for src/spec/check.ts. ajv's stand-alone code for
 * the same schemas is eight times as big and takes more than twice as long to load; tests hold the two against each other.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const types = join(root, "src/spec/types");
const schemas = join(root, "build/schemas");
const generated = join(root, "src/spec/generated");
const stamp = join(schemas, ".stamp");

/** File name to root type. */
const documents = {
	config: "Config",
	process: "Process",
	resources: "LinuxResources",
	state: "State",
	features: "Features",
};

/** The documents that are checked at run time, smaller ones first: what a module has already is imported by the next. */
const shapes = ["process", "resources", "config"];

/** What nearly every type has; one constant each instead of an object per member. */
const common = {
	text: { type: "string" },
	flag: { type: "boolean" },
	texts: { type: "array", items: { type: "string" } },
};

const outputs = [
	...Object.keys(documents).map((name) => join(schemas, `${name}.schema.json`)),
	...shapes.map((name) => join(generated, `${name}-shape.ts`)),
];

const fingerprint = hash();
if (!isFresh()) {
	mkdirSync(schemas, { recursive: true });
	mkdirSync(generated, { recursive: true });
	const made = await makeSchemas();
	for (const [name, schema] of Object.entries(made))
		writeFileSync(join(schemas, `${name}.schema.json`), `${JSON.stringify(schema, null, "\t")}\n`);
	/** @type {Map<string, string>} */
	const home = new Map();
	for (const name of shapes) writeFileSync(join(generated, `${name}-shape.ts`), shapeModule(name, made[name], home));
	writeFileSync(stamp, fingerprint);
}

function hash() {
	const sources = readdirSync(types).sort();
	const files = [
		fileURLToPath(import.meta.url),
		join(root, "package-lock.json"),
		...sources.map((name) => join(types, name)),
	];
	return files.reduce((hash, file) => hash.update(readFileSync(file)), createHash("sha256")).digest("hex");
}

function isFresh() {
	return [...outputs, stamp].every((file) => existsSync(file)) && readFileSync(stamp, "utf8") === fingerprint;
}

async function makeSchemas() {
	// loads a compiler of its own, which takes longer than finding that nothing is to be done
	const { createGenerator } = await import("ts-json-schema-generator");
	const generator = createGenerator({
		path: join(types, "*.ts"),
		tsconfig: join(root, "tsconfig.json"),
		type: "*",
		topRef: false,
		additionalProperties: true,
		sortProps: false,
		skipTypeCheck: true,
	});
	const entries = Object.entries(documents).map(([name, type]) => [name, generator.createSchema(type)]);
	return Object.fromEntries(entries);
}

/**
 * One constant per type, dependencies first; the document itself is exported as `shape`, and every constant by its own
 * name for the modules that come after.
 */
function shapeModule(name, schema, home) {
	const bodies = { ...common, ...schema.definitions, [documents[name]]: schema };
	const definitions = new Map(Object.entries(bodies).map(([type, body]) => [decodeURIComponent(type), body]));
	/** @type {Map<string, Set<string>>} */
	const imports = new Map();
	/** @type {Map<string, string>} */
	const constants = new Map();

	const reference = (type) => {
		const module = home.get(type);
		if (module === name) return type;
		if (module !== undefined) {
			imports.set(module, (imports.get(module) ?? new Set()).add(type));
			return type;
		}
		home.set(type, name);
		constants.set(type, expression(type, definitions.get(type)));
		return type;
	};

	const expression = (type, { $ref, description, ...node }) => {
		if ($ref !== undefined) {
			const target = decodeURIComponent($ref.replace("#/definitions/", ""));
			return /^\w+$/.test(target) ? reference(target) : expression(target, definitions.get(target));
		}
		const shared = Object.keys(common).find((key) => key !== type && isDeepStrictEqual(common[key], node));
		if (shared !== undefined) return reference(shared);
		if (node.enum !== undefined) return object({ kind: '"enum"', name: quote(words(type)), values: quote(node.enum) });
		switch (node.type) {
			case "string":
			case "boolean":
				return object({ kind: quote(node.type) });
			case "integer":
				return object({ kind: '"integer"', min: node.minimum, max: node.maximum, below: node.exclusiveMaximum });
			case "array":
				return object({ kind: '"array"', of: expression(type, node.items), least: node.minItems });
			case "object":
				return node.properties === undefined
					? object({ kind: '"map"', of: expression(type, node.additionalProperties) })
					: members(type, node.properties, node.required ?? []);
			default:
				throw new Error(`validators: ${type}: no shape for ${JSON.stringify(node)}`);
		}
	};

	const members = (type, properties, required) => {
		const names = [...new Set([...required, ...Object.keys(properties)])];
		const shapes = names.map((key) => expression(type, properties[key]));
		return object({
			kind: '"object"',
			names: quote(names),
			shapes: `[${shapes.join(", ")}]`,
			required: required.length,
		});
	};

	reference(documents[name]);
	return [
		`// The shape of ${documents[name]}. Made by scripts/validators.mjs from src/spec/types; do not edit.`,
		'import type { EnumShape, Shape } from "../check.js";',
		...[...imports].map(([module, names]) => `import { ${[...names].sort().join(", ")} } from "./${module}-shape.js";`),
		"",
		...[...constants].map(([type, body]) => `export const ${type}${annotation(definitions.get(type))} = ${body};`),
		`export const shape: Shape = ${documents[name]};`,
		"",
	].join("\n");
}

function annotation(definition) {
	return definition.enum === undefined ? ": Shape" : `: EnumShape<${definition.enum.map(quote).join(" | ")}>`;
}

function object(members) {
	const present = Object.entries(members).filter(([, value]) => value !== undefined);
	return `{ ${present.map(([key, value]) => `${key}: ${value}`).join(", ")} }`;
}

function quote(value) {
	return JSON.stringify(value);
}

/** "MemoryPolicyMode" → "memory policy mode", for messages. */
function words(type) {
	return type.replace(/(?!^)[A-Z]/g, " $&").toLowerCase();
}
