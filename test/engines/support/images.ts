/** The image that all engines run, made of the tests' own root filesystem: as a docker archive. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { built, rootfs } from "../../support/paths.js";

/** Its name in every engine. */
export const image = "localhost/tsrun-test:1";

/** For `docker load` and `ctr images import`. */
export const dockerArchive = join(built, "images/docker.tar");

const settings = {
	Cmd: ["/bin/sh"],
	Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "FROM_IMAGE=yes"],
	WorkingDir: "/",
};

const digestOf = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

function makeLayer(folder: string): Buffer {
	const file = join(folder, "layer.tar");
	// the same bytes for the same files
	const same = ["--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--mtime=@0"];
	execFileSync("tar", ["--create", "--file", file, ...same, "--directory", rootfs, "."]);
	return readFileSync(file);
}

function imageConfig(layer: Buffer): string {
	const architecture = process.arch === "x64" ? "amd64" : process.arch;
	const root = { type: "layers", diff_ids: [`sha256:${digestOf(layer)}`] };
	return JSON.stringify({ architecture, os: "linux", config: settings, rootfs: root, history: [{}] });
}

function writeDockerArchive(folder: string, config: string): void {
	const name = `${digestOf(config)}.json`;
	writeFileSync(join(folder, name), config);
	const manifest = [{ Config: name, RepoTags: [image], Layers: ["layer.tar"] }];
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	const archive = join(folder, "docker.tar");
	execFileSync("tar", ["--create", "--file", archive, "--directory", folder, "manifest.json", name, "layer.tar"]);
}

export function makeImages(): void {
	const folder = mkdtempSync(join(built, "images-"));
	const layer = makeLayer(folder);
	const config = imageConfig(layer);
	writeDockerArchive(folder, config);
	rmSync(join(built, "images"), { recursive: true, force: true });
	renameSync(folder, join(built, "images"));
}
