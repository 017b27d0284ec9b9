/**
 * A Debian package of what `npm run build` made: `npm run package` writes dist/tsrun_VERSION_ARCHITECTURE.deb with the
 * binary, manual pages and completion for bash, zsh and fish. The same tree gives the same bytes.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { commandLine } from "./package/command-line.mjs";
import { bashCompletion, fishCompletion, zshCompletion } from "./package/completion.mjs";
import { manualPages } from "./package/manual.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tree = join(root, "build/package");

const said = (/** @type {string} */ program, /** @type {string[]} */ ...args) =>
	execFileSync(program, args, { cwd: root, encoding: "utf8" }).trim();

const { version, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const architecture = said("dpkg", "--print-architecture");
/** The time of the commit is that of everything in the package. */
const time = Number(said("git", "log", "-1", "--format=%ct"));
const date = new Date(time * 1000).toISOString().slice(0, 10);

rmSync(tree, { recursive: true, force: true });
const line = await commandLine();
install("usr/bin/tsrun", readFileSync(join(root, "dist/tsrun")), 0o755);
for (const [name, text] of manualPages(line, { version, date })) install(`usr/share/man/man8/${name}.gz`, gzip(text));
install("usr/share/bash-completion/completions/tsrun", bashCompletion(line));
install("usr/share/zsh/vendor-completions/_tsrun", zshCompletion(line));
install("usr/share/fish/vendor_completions.d/tsrun.fish", fishCompletion(line));
install("usr/share/doc/tsrun/copyright", copyright());
install("usr/share/doc/tsrun/changelog.gz", gzip(readFileSync(join(root, "CHANGELOG.md"), "utf8")));
for (const document of readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")))
	install(`usr/share/doc/tsrun/${document}`, readFileSync(join(root, "docs", document)));
const size = said("du", "--summarize", "--apparent-size", "--block-size=1024", tree).split("\t")[0];
install("DEBIAN/control", control(size ?? "0"));

const file = join(root, `dist/tsrun_${version}_${architecture}.deb`);
execFileSync("dpkg-deb", ["--build", "--root-owner-group", tree, file], {
	env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
	stdio: ["ignore", "ignore", "inherit"],
});
console.log(file.slice(root.length + 1));

/**
 * @param {string} path in the package
 * @param {string | Buffer} content
 */
function install(path, content, mode = 0o644) {
	const target = join(tree, path);
	mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
	writeFileSync(target, content, { mode });
}

/** Without the time of packing. */
function gzip(/** @type {string} */ text) {
	return gzipSync(text, { level: 9 });
}

/** deb-control(5). The binary is static: nothing is needed, a few things are of use. */
function control(/** @type {string} */ kilobytes) {
	return `Package: tsrun
Version: ${version}
Architecture: ${architecture}
Maintainer: ${said("git", "log", "-1", "--format=%an <%ae>")}
Installed-Size: ${kilobytes}
Recommends: procps
Suggests: uidmap, criu
Section: admin
Priority: optional
Description: ${description}
 Makes and runs containers as the OCI runtime specification describes them, in
 the place of runc under containerd, Docker and Podman, and shows and explains
 what happens on the way.
`;
}

/** In the machine-readable form of Debian's copyright files. */
function copyright() {
	const licence = readFileSync(join(root, "LICENSE"), "utf8").split("\n").slice(4).join("\n").trim();
	const indented = licence.replace(/^$/gm, ".").replace(/^/gm, " ");
	return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tsrun

Files: *
Copyright: 2026 The tsrun authors
License: MIT

License: MIT
${indented}
Comment: The binary has QuickJS (MIT), musl (MIT) and libseccomp (LGPL-2.1) linked in.
`;
}
