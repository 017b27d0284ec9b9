/** The door as the rest of the runtime imports it. The binary puts it into the global scope; tests put a recording one there. */
import type { Door } from "./door.js";

declare global {
	var tsrunDoor: Door;
}

export const sys: Door = globalThis.tsrunDoor;
