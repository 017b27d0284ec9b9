/** The one thing we ever read from a container's /etc/passwd (passwd(5)): the home directory of a numeric uid. */

/** HOME of the first entry with that uid; undefined when there is none, or it names no directory. */
export function homeDirectory(passwd: string, uid: number): string | undefined {
	const wanted = String(uid);
	for (const line of passwd.split("\n")) {
		// name:password:uid:gid:comment:home:shell
		const fields = line.split(":");
		if (fields[2] === wanted && fields.length >= 6) return fields[5] || undefined;
	}
	return undefined;
}
