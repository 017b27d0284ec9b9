/** The directories that hold a checkpoint: CRIU's images with what the streams were, and CRIU's log. */
import { descriptorsFile } from "../../linux/criu/outside-streams.js";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode, TsrunError } from "../../sys/errors.js";
import { readFileAt, replaceFileAt, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { CriuFlags } from "./criu-options.js";

/** By everybody: S_IXOTH. */
const searchable = 0o001;

export interface Directory {
	readonly fd: Fd;
	readonly path: string;
}

export interface ImageDirectories {
	readonly images: Directory;
	/** Where CRIU's log goes; the same unless told otherwise. */
	readonly work: Directory;
}

/** For a checkpoint, which makes them, or a restore, which finds the images. */
export function withDirectories<T>(
	{ imagePath, workPath }: CriuFlags,
	purpose: "save" | "restore",
	use: (directories: ImageDirectories) => T,
): T {
	return withFd(openDirectory(imagePath, purpose === "save"), (fd) => {
		const images = { fd, path: imagePath };
		if (workPath === undefined || workPath === imagePath) return use({ images, work: images });
		return withFd(openDirectory(workPath, true), (work) => use({ images, work: { fd: work, path: workPath } }));
	});
}

function openDirectory(path: string, make: boolean): Fd {
	const what = `open the checkpoint's directory ${JSON.stringify(path)}`;
	return attempt(
		make ? "file-failed" : "checkpoint-invalid",
		what,
		() => {
			if (make) makeDirectory(path);
			return sys.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
		},
		{
			stage: "criu",
			object: path,
			hint: "--image-path names the directory of the images, --work-path that of CRIU's log",
		},
	);
}

function makeDirectory(path: string): void {
	try {
		sys.mkdirat(AT_FDCWD, path, 0o700);
	} catch (error) {
		if (!hasCode(error, "EEXIST")) throw error;
	}
}

/**
 * CRIU also reads images as root of the container's user namespace: as the group that its gid 0 is on the host, which may look
 * into the directory from now on.
 */
export function letContainerIn({ images }: ImageDirectories, gid: number): void {
	const { mode, uid } = sys.fstat(images.fd);
	if (mode & searchable) return;
	attempt(
		"file-failed",
		`let group ${gid} into ${JSON.stringify(images.path)}`,
		() => {
			sys.fchown(images.fd, uid, gid);
			sys.fchmod(images.fd, (mode & 0o7707) | 0o010);
		},
		{ stage: "criu", object: images.path },
	);
}

export function saveStreams({ images }: ImageDirectories, streams: readonly string[]): void {
	attempt("file-failed", `write "${images.path}/${descriptorsFile}"`, () =>
		replaceFileAt(images.fd, descriptorsFile, JSON.stringify(streams), 0o600),
	);
}

/** @throws checkpoint-invalid where there is no checkpoint */
export function readSavedStreams({ images }: ImageDirectories): readonly string[] {
	const file = `${images.path}/${descriptorsFile}`;
	const details = {
		stage: "criu",
		object: file,
		hint: "--image-path names the directory that checkpoint has filled",
	};
	const text = attempt(
		"checkpoint-invalid",
		`read ${JSON.stringify(file)}`,
		() => readFileAt(images.fd, descriptorsFile),
		details,
	);
	const streams = parse(text);
	if (Array.isArray(streams) && streams.every((each): each is string => typeof each === "string")) return streams;
	throw new TsrunError("checkpoint-invalid", `${JSON.stringify(file)} is no list of streams`, details);
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
