/** The image that all engines run, made of the tests' own root filesystem: as a docker archive and as an archive of an OCI layout. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { built, rootfs } from "../../support/paths.js";

/** Its name in every engine. */
export const image = "localhost/tsrun-test:1";

/** For `docker load`. */
export const dockerArchive = join(built, "images/docker.tar");

/** For `podman load` and `ctr images import`. */
export const ociArchive = join(built, "images/oci.tar");

const settings = {
	Cmd: ["/probe", "sleep"],
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

function writeOciArchive(folder: string, config: string, layer: Buffer): void {
	const layout = join(folder, "oci");
	const blobs = join(layout, "blobs/sha256");
	mkdirSync(blobs, { recursive: true });
	const blob = (type: string, bytes: Buffer | string) => {
		writeFileSync(join(blobs, digestOf(bytes)), bytes);
		const mediaType = `application/vnd.oci.image.${type}`;
		return { mediaType, digest: `sha256:${digestOf(bytes)}`, size: Buffer.byteLength(bytes) };
	};
	const manifest = blob(
		"manifest.v1+json",
		JSON.stringify({
			schemaVersion: 2,
			mediaType: "application/vnd.oci.image.manifest.v1+json",
			config: blob("config.v1+json", config),
			layers: [blob("layer.v1.tar", layer)],
		}),
	);
	const annotations = { "org.opencontainers.image.ref.name": image, "io.containerd.image.name": image };
	const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
	writeFileSync(join(layout, "index.json"), JSON.stringify(index));
	writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
	execFileSync("tar", ["--create", "--file", join(folder, "oci.tar"), "--directory", layout, "."]);
}

export function makeImages(): void {
	const folder = mkdtempSync(join(built, "images-"));
	const layer = makeLayer(folder);
	const config = imageConfig(layer);
	writeDockerArchive(folder, config);
	writeOciArchive(folder, config, layer);
	rmSync(join(built, "images"), { recursive: true, force: true });
	renameSync(folder, join(built, "images"));
}
