/**
 * The OCI runtime specification 1.3 on Linux as types, one file per chapter, in the specification's own spelling.
 * They are the single source: the JSON Schemas and the validators under generated/ are made from them.
 */
export type * from "./types/config.js";
export type * from "./types/features.js";
export type * from "./types/linux.js";
export type * from "./types/process.js";
export type * from "./types/resources.js";
export type * from "./types/scalars.js";
export type * from "./types/seccomp.js";
export type * from "./types/state.js";
