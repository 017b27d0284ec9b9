/** The experiments about process 1, chapter by chapter, in the order in which one would teach them. */
export { familyExperiments } from "./family.js";
export { shellExperiments } from "./shells.js";
export { signalExperiments } from "./signals.js";
