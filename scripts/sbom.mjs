/**
 * What tsrun is made of: `npm run sbom` writes the bill of materials of dist/tsrun (CycloneDX) to dist/tsrun.cdx.json, and
 * the list of dependencies, docs/dependencies.md. What is linked into the binary is told apart from what only builds and
 * tests it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { quickJs } from "../native/engine/fetch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {{ readonly name: string, readonly version: string, readonly license: string, readonly sha512?: string }} Part */

/** Linked into the binary; `package` is Debian's that holds the archive, `name` is that of its source. */
const linked = [
	{ name: "quickjs", license: "MIT", use: "runs the TypeScript" },
	{ name: "musl", package: "musl-dev", license: "MIT", use: "the C library" },
	{ name: "libseccomp", package: "libseccomp-dev", license: "LGPL-2.1-only", use: "compiles system call filters" },
	{
		name: "gcc",
		package: "gcc",
		license: "GPL-3.0-or-later WITH GCC-exception-3.1",
		use: "libgcc, what the compiler's code calls",
	},
];

/** @param {string} name of a Debian package */
function installed(name) {
	return execFileSync("dpkg-query", ["--show", "--showformat", `$\{Version}`, name], { encoding: "utf8" });
}

/**
 * The npm packages of package-lock.json; `direct` are those that package.json names, `optional` those
 * that a platform or another may have.
 *
 * @returns {(Part & { readonly direct: boolean, readonly optional: boolean })[]}
 */
function npmParts() {
	const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
	const named = packages[""].devDependencies;
	return Object.entries(packages)
		.filter(([path]) => path !== "")
		.map(([path, { version, license, integrity, optional }]) => {
			const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
			const direct = path === `node_modules/${name}` && name in named;
			return { name, version, license, sha512: integrity, optional: optional === true, direct };
		});
}

/** The bill of materials, as CycloneDX 1.5 has it: no time and no serial number, so that the same build gives the same. */
function bill() {
	const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const digest = createHash("sha256")
		.update(readFileSync(join(root, "dist/tsrun")))
		.digest("hex");
	return {
		bomFormat: "CycloneDX",
		specVersion: "1.5",
		version: 1,
		metadata: {
			component: {
				type: "application",
				name: "tsrun",
				version,
				licenses: [{ expression: "MIT" }],
				hashes: [{ alg: "SHA-256", content: digest }],
			},
		},
		components: [
			...linked.map(({ name, package: debian, license, use }) => {
				const version = debian ? installed(debian) : quickJs.version;
				return {
					type: "library",
					scope: "required",
					name,
					version,
					description: use,
					licenses: [{ expression: license }],
					purl: `pkg:deb/debian/${debian ?? name}@${encodeURIComponent(version)}`,
					...(debian ? {} : { hashes: [{ alg: "SHA-256", content: quickJs.sha256 }] }),
				};
			}),
			...npmParts().map(({ name, version, license, sha512 }) => ({
				type: "library",
				scope: "excluded",
				name,
				version,
				licenses: [{ expression: license }],
				purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
				hashes: [{ alg: "SHA-512", content: Buffer.from(sha512.slice("sha512-".length), "base64").toString("hex") }],
			})),
		],
	};
}

/** docs/dependencies.md: without the versions of Debian's packages, which are those of the machine that builds. */
export function dependenciesPage() {
	const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const parts = npmParts();
	const row = (/** @type {string[]} */ ...cells) => `| ${cells.join(" | ")} |`;
	const others = new Map();
	for (const { name, version, license, direct, optional } of parts)
		if (!direct && !optional) others.set(license, [...(others.get(license) ?? []), `${name} ${version}`]);
	return [
		"# Dependencies",
		"",
		"Made by `npm run sbom`, which also writes the bill of materials of the binary at hand, `dist/tsrun.cdx.json`",
		"(CycloneDX), with the exact versions of Debian's packages.",
		"",
		"## In the binary",
		"",
		"Linked statically. Of npm's packages nothing is in it.",
		"",
		row("part", "version", "licence", "why"),
		row("---", "---", "---", "---"),
		...linked.map(({ name, package: debian, license, use }) =>
			row(name, debian ? `of Debian's package ${debian}` : quickJs.version, license, use),
		),
		"",
		"## For the build and the tests",
		"",
		"Named in `package.json`, each at one exact version; `package-lock.json` has their checksums.",
		"",
		row("package", "version", "licence"),
		row("---", "---", "---"),
		...parts.filter(({ direct }) => direct).map(({ name, license }) => row(name, devDependencies[name] ?? "", license)),
		"",
		"What those bring on every platform, by licence:",
		"",
		...[...others]
			.sort(([one], [other]) => (one < other ? -1 : 1))
			.map(([license, names]) => `- ${license}: ${names.join(", ")}`),
		"",
	].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(join(root, "dist/tsrun.cdx.json"), `${JSON.stringify(bill(), null, "\t")}\n`);
	writeFileSync(join(root, "docs/dependencies.md"), dependenciesPage());
}
