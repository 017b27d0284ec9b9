/**
 * What README.md and docs/install.md say, as it stands: their files are put where they say, their commands are typed, and
 * what comes out is what they show. In a box that has tsrun in /usr/bin, and an image by the name that they use.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, runtimeProgram } from "../support/paths.js";
import { isMet, type NeedName, needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";
import { type Box, openBox } from "./support/box.js";
import { image, ociArchive } from "./support/images.js";

interface Typed {
	readonly command: string;
	/** What the document shows. */
	readonly shown: string;
}

const needed: readonly NeedName[] = ["root", "cgroup v1", "docker", "containerd", "podman", "buildah", "tini", "tsrun"];
const patience = 120_000;

/** Of a document's fenced blocks of one kind: their text, and the file of /etc that was named last before each. */
function blocksOf(text: string, kind: string): readonly { readonly text: string; readonly file: string }[] {
	return [...text.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\`$`, "gms"))].map((match) => ({
		text: match[1] ?? "",
		file: [...text.slice(0, match.index).matchAll(/`(\/etc\/\S+)`/g)].at(-1)?.[1] ?? "",
	}));
}

/** A session of the document, which begins a command with "# " or "$ ". */
function sessionOf(block: string): readonly Typed[] {
	const parts = block.split(/^[#$] /m).filter(Boolean);
	return parts.map((part) => {
		const [command = "", ...shown] = part.split("\n");
		return { command, shown: shown.join("\n") };
	});
}

const read = (file: string) => readFileSync(join(repository, file), "utf8");
const readme = blocksOf(read("README.md"), "console").find(({ text }) => text.includes("dockerd --add-runtime"));
const install = read("docs/install.md");
const sessions = [readme?.text ?? "", ...blocksOf(install, "console").map(({ text }) => text)].flatMap(sessionOf);
const files = [...blocksOf(install, "json"), ...blocksOf(install, "toml")];

/** The command that begins like this, which says the same in each document that has it. */
function typed(start: string): Typed {
	const [found, ...others] = sessions.filter(({ command }) => command.startsWith(start));
	if (found === undefined) throw new Error(`no document has a command "${start} …"`);
	for (const other of others) expect(other).toEqual(found);
	return found;
}

/** A file of docs/install.md, with its text. */
function fileFor(engine: "docker" | "containerd" | "containers"): { readonly file: string; readonly text: string } {
	const found = files.find(({ file }) => file.startsWith(`/etc/${engine}/`));
	if (found === undefined) throw new Error(`docs/install.md has no file below /etc/${engine}`);
	return found;
}

describe("as documented", () => {
	let opened: Box | undefined;
	let env: Readonly<Record<string, string>> = {};

	const box = (): Box => {
		if (opened === undefined) throw new Error("the box has not been opened");
		return opened;
	};
	const shell = (script: string) => box().run(["sh", "-c", script], { env, deadline: patience });
	const ok = async (script: string): Promise<string> => {
		const { status, stdout, stderr } = await shell(script);
		if (status !== 0) throw new Error(`${script}: status ${status}: ${stderr}`);
		return stdout;
	};
	const put = (path: string, text: string) => {
		const file = box().path(path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, text);
	};
	const types = async ({ command, shown }: Typed) => expect(await ok(command), command).toBe(shown);

	beforeAll(async () => {
		// without what it takes there is no box, and each test says so
		if (!needed.every(isMet)) return;
		opened = await openBox();
		const { folder } = opened;
		copyFileSync(runtimeProgram, join(folder, "tsrun"));
		// /usr of the box alone has it
		await ok(`mkdir -p /run/.bin/upper /run/.bin/work
			mount -t overlay -o lowerdir=/usr/bin,upperdir=/run/.bin/upper,workdir=/run/.bin/work bin /usr/bin
			install -m 755 ${folder}/tsrun /usr/bin/tsrun`);
		// what belongs to the box and not to the documents: no systemd, no network, and data that is not on an overlay
		put(
			"/etc/containers/containers.conf.d/box.conf",
			'[containers]\nnetns = "none"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
		);
		const storage = join(folder, "storage.conf");
		writeFileSync(
			storage,
			`[storage]\ndriver = "overlay"\ngraphroot = "${folder}/graph"\nrunroot = "/run/containers"\n`,
		);
		env = { CONTAINERS_STORAGE_CONF: storage };
		await ok(`podman load --input ${ociArchive} && podman tag ${image} busybox`);
	}, patience);

	afterAll(() => opened?.close(), patience);

	test("Podman runs it for one command, and for all", { timeout: patience }, async ({ skip }) => {
		needs(skip, ...needed);
		await types(typed("podman --runtime"));
		const { file, text } = fileFor("containers");
		put(file, text);
		expect(await ok("podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'")).toBe(
			"tsrun /usr/bin/tsrun\n",
		);
		expect(await ok("podman run --rm busybox echo hello")).toBe("hello\n");
		expect(await ok("tsrun doctor --engine podman")).toMatch(
			/^ {2}works +runtime +"tsrun" is \/usr\/bin\/tsrun, for every container$/m,
		);
	});

	test("buildah runs a step with it", { timeout: patience }, async ({ skip }) => {
		needs(skip, ...needed);
		const { command, shown } = typed("buildah run");
		expect(await ok(`container=$(buildah from busybox) && ${command} && buildah rm $container >/dev/null`)).toBe(shown);
	});

	test("Docker takes it from a flag, and from its file", { timeout: patience }, async ({ skip }) => {
		needs(skip, ...needed);
		const { folder } = box();
		const own = { "data-root": `${folder}/docker`, iptables: false, "userland-proxy": false };
		const answers = () => shell("docker version").then(({ status }) => status === 0);
		const serve = async (command: string, settings: object, use: () => Promise<void>) => {
			put("/etc/docker/daemon.json", JSON.stringify({ ...own, ...settings }));
			const daemon = box().start(["sh", "-c", `exec ${command.replace(/ &$/, "")}`], { env });
			try {
				await waitFor(answers, { what: "dockerd to answer", deadline: patience });
				await use();
			} finally {
				await ok("kill $(cat /run/docker.pid)");
				await daemon.ended(patience);
			}
		};
		await serve(typed("dockerd --add-runtime").command, {}, async () => {
			await ok(`podman save ${image} 2>/dev/null | docker load >/dev/null && docker tag ${image} busybox`);
			await types(typed("docker run"));
		});
		const { file, text } = fileFor("docker");
		expect(file).toBe("/etc/docker/daemon.json");
		await serve("dockerd", JSON.parse(text), async () => {
			await types(typed("docker run"));
			const { command, shown } = typed("tsrun doctor --engine docker");
			const withoutVersions = (page: string) => page.replace(/Docker version .*/, "");
			expect(withoutVersions(await ok(command))).toBe(withoutVersions(shown));
		});
	});

	test("containerd takes it from ctr, and from its file", { timeout: patience }, async ({ skip }) => {
		needs(skip, ...needed);
		const { file, text } = fileFor("containerd");
		put(file, `version = 2\n${text}`);
		const { folder } = box();
		const daemon = box().start(["containerd", "--root", `${folder}/containerd`, "--log-level", "warn"], { env });
		try {
			const answers = () => shell("ctr version").then(({ status }) => status === 0);
			await waitFor(answers, { what: "containerd to answer", deadline: patience });
			const run = typed("ctr run");
			const name = /\S+\/busybox:latest/.exec(run.command)?.[0];
			await ok(`ctr image import ${ociArchive} >/dev/null && ctr image tag ${image} ${name} >/dev/null`);
			await types(run);
			// Kubernetes' part starts with the file, and knows both
			expect(await ok("ctr plugins ls")).toMatch(/^io\.containerd\.grpc\.v1 +cri +\S+ +ok *$/m);
			const settings = await ok("containerd config dump");
			expect(settings).toContain('BinaryName = "/usr/bin/tsrun"');
			expect(settings).toContain('default_runtime_name = "runc"');
			expect(await ok("tsrun doctor --engine containerd")).toMatch(
				/^ {2}works +runtime +"tsrun" is \/usr\/bin\/tsrun$/m,
			);
		} finally {
			await ok("kill $(pidof containerd)");
			await daemon.ended(patience);
		}
	});

	test("the version is the one that they show", async ({ skip }) => {
		needs(skip, ...needed);
		await types(typed("tsrun --version"));
	});
});
