/** Values made from the shapes of the specification: mostly what a configuration may have, at its edges and a step beyond. */
import type { Shape } from "../../src/spec/check.js";

/** A number from 0 to below 1. */
export type Random = () => number;

export function pick<T>(random: Random, values: readonly T[]): T {
	return values[Math.floor(random() * values.length)] as T;
}

const times = (random: Random, most: number) => Math.floor(random() * (most + 1));

/** What strings in a configuration have broken before: paths, names, separators, encodings. */
export const strings: readonly string[] = [
	"",
	"/",
	".",
	"..",
	"/proc",
	"/proc/self/fd/7",
	"/../../etc/passwd",
	"a/../../b",
	"/dev/null",
	"tmpfs",
	"proc",
	"bind",
	"rbind",
	"ro",
	"rro",
	"idmap",
	"rprivate",
	"size=1k",
	"nosuid",
	"mode=7777777",
	"CAP_SYS_ADMIN",
	"CAP_NOT_YET",
	"SCMP_ACT_ERRNO",
	"RLIMIT_NOFILE",
	"kernel.domainname",
	"net.ipv4.ip_forward",
	"net/../kernel/core_pattern",
	"pids.max",
	"max",
	"-1",
	"1.3.0",
	"1.0.0-rc1",
	"x=y",
	"=",
	"A=B=C",
	"\n",
	"a\nb",
	"nul\0inside",
	"%s%n",
	"ü€😀",
	"\ud800",
	"__proto__",
	"constructor",
	"x".repeat(255),
	"y/".repeat(2100),
];

/** The edges of every integer type there is. */
const integers: readonly (number | bigint)[] = [
	0,
	1,
	-1,
	7,
	0o777,
	65535,
	65536,
	2 ** 31 - 1,
	2 ** 31,
	2 ** 32 - 1,
	2 ** 32,
	2 ** 53,
	9223372036854775807n,
	-9223372036854775808n,
	9223372036854775808n,
	18446744073709551615n,
	18446744073709551616n,
	-(2 ** 31),
];

/** Something of another kind than was asked for. */
const strangers: readonly unknown[] = [null, true, false, 1.5, -0.5, 1e300, [], {}, [[]], "text"];

/** Now and then it is not of the shape. */
export function valueFor(shape: Shape, random: Random): unknown {
	if (random() < 0.01) return pick(random, strangers);
	switch (shape.kind) {
		case "string":
			return pick(random, strings);
		case "boolean":
			return random() < 0.5;
		case "integer":
			return random() < 0.3 ? pick(random, integers) : between(shape, random);
		case "enum":
			return random() < 0.03 ? pick(random, strings) : pick(random, shape.values);
		case "array":
			return Array.from({ length: times(random, 3) }, () => valueFor(shape.of, random));
		case "map":
			return Object.fromEntries(
				Array.from({ length: times(random, 2) }, () => [pick(random, strings), valueFor(shape.of, random)]),
			);
		case "object": {
			const members = shape.names.flatMap((name, index) => {
				const chance = index < shape.required ? 0.99 : 0.25;
				const member = shape.shapes[index];
				return member && random() < chance ? [[name, valueFor(member, random)] as const] : [];
			});
			if (random() < 0.02) members.push([pick(random, strings), 1]);
			return Object.fromEntries(members);
		}
	}
}

/** The value with something of the shape put into it at one place, so that most of it stays acceptable. */
export function graft(shape: Shape, value: unknown, random: Random): unknown {
	if (shape.kind === "array" && Array.isArray(value)) return [...value, valueFor(shape.of, random)];
	if (shape.kind !== "object" || typeof value !== "object" || value === null) return valueFor(shape, random);
	const index = Math.floor(random() * shape.names.length);
	const [name, member] = [shape.names[index], shape.shapes[index]];
	if (name === undefined || member === undefined) return value;
	return { ...value, [name]: graft(member, (value as Record<string, unknown>)[name], random) };
}

function between({ min = 0, max = 1000 }: { readonly min?: number; readonly max?: number }, random: Random): number {
	return Math.floor(min + random() * Math.min(max - min, 2000));
}
