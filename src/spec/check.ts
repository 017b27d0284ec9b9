/**
 * Holds a JSON value against a shape: the compact form of a JSON Schema that scripts/validators.mjs makes from types/.
 * Every violation is reported with its path; unknown members are legal (config.md#extensibility). One walk, no copies.
 */
import { describe, memberPath } from "./issue.js";

export type Shape =
	| { readonly kind: "string" }
	| { readonly kind: "boolean" }
	/** `below` is an exclusive maximum. */
	| { readonly kind: "integer"; readonly min?: number; readonly max?: number; readonly below?: number }
	| EnumShape
	| { readonly kind: "array"; readonly of: Shape; readonly least?: number }
	/** An object whose member names are data, such as annotations. */
	| { readonly kind: "map"; readonly of: Shape }
	| ObjectShape;

export interface EnumShape<Value extends string = string> {
	readonly kind: "enum";
	/** What the values are: "namespace type". */
	readonly name: string;
	readonly values: readonly Value[];
}

export interface ObjectShape {
	readonly kind: "object";
	/** Side by side with `shapes`, required ones first. */
	readonly names: readonly string[];
	readonly shapes: readonly Shape[];
	/** How many are required. */
	readonly required: number;
}

export interface Violation {
	/** From the value that was checked: ".mounts[3].type", "" for the value itself. */
	path: string;
	readonly message: string;
}

/**
 * Every way in which the value is not of the shape. A member of an object that is null counts as absent, as Go writes and
 * reads it, and is removed so that nobody behind needs to know of it.
 */
export function check(shape: Shape, value: unknown): Violation[] {
	const violations: Violation[] = [];
	visit(shape, value, violations);
	return violations;
}

function visit(shape: Shape, value: unknown, found: Violation[]): void {
	switch (shape.kind) {
		case "string":
			if (typeof value !== "string") mismatch(found, "a string", value);
			return;
		case "object":
			if (isObject(value)) visitMembers(shape, value, found);
			else mismatch(found, "an object", value);
			return;
		case "array":
			if (Array.isArray(value)) visitItems(shape, value, found);
			else mismatch(found, "an array", value);
			return;
		case "enum":
			if (!shape.values.includes(value as string)) {
				const values = shape.values.join(", ");
				found.push({ path: "", message: `invalid ${shape.name} ${describe(value)}: expected one of ${values}` });
			}
			return;
		case "integer":
			if (
				!isInteger(value) ||
				!(value >= (shape.min ?? value)) ||
				value > (shape.max ?? value) ||
				value >= (shape.below ?? Infinity)
			)
				mismatch(found, integerRange(shape), value);
			return;
		case "boolean":
			if (typeof value !== "boolean") mismatch(found, "true or false", value);
			return;
		case "map":
			if (isObject(value)) for (const key in value) descend(shape.of, value[key], found, key);
			else mismatch(found, "an object", value);
	}
}

function visitMembers(
	{ names, shapes, required }: ObjectShape,
	value: Record<string, unknown>,
	found: Violation[],
): void {
	for (let index = 0; index < names.length; index++) {
		const name = names[index] as string;
		let member = value[name];
		if (member === null) {
			delete value[name];
			member = undefined;
		}
		if (member !== undefined) descend(shapes[index] as Shape, member, found, name);
		else if (index < required) found.push({ path: memberPath(name), message: "is required but missing" });
	}
}

function visitItems({ of, least = 0 }: Shape & { kind: "array" }, items: readonly unknown[], found: Violation[]): void {
	if (items.length < least) found.push({ path: "", message: "expected at least one entry; found none" });
	const ofStrings = of.kind === "string";
	for (let index = 0; index < items.length; index++) {
		const item = items[index];
		// the names of system calls are most of what there is
		if (!ofStrings || typeof item !== "string") descend(of, item, found, index);
	}
}

/** Paths are written on the way back, so a value that is right costs none. */
function descend(shape: Shape, value: unknown, found: Violation[], step: string | number): void {
	const before = found.length;
	visit(shape, value, found);
	if (found.length > before)
		for (const violation of found.slice(before)) violation.path = memberPath(step) + violation.path;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): value is number | bigint {
	return Number.isInteger(value) || typeof value === "bigint";
}

function integerRange({ min, max, below }: Shape & { kind: "integer" }): string {
	const last = below === undefined ? max : BigInt(below) - 1n;
	if (min === undefined && last === undefined) return "an integer";
	return last === undefined ? `an integer of at least ${min}` : `an integer from ${BigInt(min ?? 0)} to ${last}`;
}

function mismatch(found: Violation[], expected: string, value: unknown): void {
	found.push({ path: "", message: `expected ${expected}; found ${describe(value)}` });
}
