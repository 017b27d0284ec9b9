/** The session keyring (session-keyring(7)): a container gets one of its own, so that it does not see the host's keys. */
import { KEY_OTH_SEARCH, KEY_USR_SEARCH } from "../sys/constants.js";
import { attempt, errnoText, failure, hasCode } from "../sys/errors.js";
import { sys } from "../sys/index.js";

const stage = "keyring";

export interface SessionKeyring {
	/** The keyring's serial; null where keyrings are missing or blocked. */
	readonly key: number | null;
	readonly warnings: readonly string[];
}

/**
 * Joins the container's session keyring, made when it does not exist; exec finds the one of create by its name.
 * Best effort where keyctl(2) is missing or forbidden, as in a nested container.
 */
export function joinSessionKeyring(containerId: string): SessionKeyring {
	try {
		return { key: sys.keyctl_join_session_keyring(`_ses.${containerId}`), warnings: [] };
	} catch (error) {
		if (hasCode(error, "ENOSYS", "EPERM")) {
			return { key: null, warnings: [`unable to join session keyring: ${errnoText(error)}`] };
		}
		const full = hasCode(error, "EDQUOT");
		throw failure("process-failed", "unable to join session keyring: unable to create session key", error, {
			stage,
			...(full ? { hint: "raise /proc/sys/kernel/keys/maxkeys, or use --no-new-keyring" } : {}),
		});
	}
}

/**
 * Lets the container's processes search the keyring: as its user, or with a user namespace of their own, where they
 * are somebody else, as anybody.
 */
export function allowSearch(key: number, ownUserNamespace: boolean): void {
	attempt(
		"process-failed",
		"unable to mod keyring permissions",
		() => {
			// type;uid;gid;perm;description, perm in hexadecimal
			const permissions = Number.parseInt(sys.keyctl_describe(key).split(";")[3] ?? "", 16);
			sys.keyctl_setperm(key, permissions | (ownUserNamespace ? KEY_OTH_SEARCH : KEY_USR_SEARCH));
		},
		{ stage },
	);
}
