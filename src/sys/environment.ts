/** One variable of the environment that we were started with. */
import { sys } from "./index.js";

/** "" for one that is not set: nobody here tells it from one that is empty. */
export function environmentValue(name: string): string {
	const entry = sys.environ().find((each) => each.startsWith(`${name}=`));
	return entry?.slice(name.length + 1) ?? "";
}
