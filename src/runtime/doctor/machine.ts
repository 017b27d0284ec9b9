/** All that is looked at on a machine, in the order in which it is told. */
import { cgroupsArea } from "./cgroups.js";
import { companionsArea } from "./companions.js";
import type { Area } from "./finding.js";
import { kernelArea } from "./kernel.js";
import { rightsArea } from "./rights.js";
import { securityArea } from "./security.js";
import { usersArea } from "./users.js";

export const machineAreas: readonly Area[] = [
	kernelArea,
	rightsArea,
	cgroupsArea,
	securityArea,
	usersArea,
	companionsArea,
];
