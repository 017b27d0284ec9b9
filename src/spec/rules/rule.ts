/** What a rule is: one small named check of something that types cannot say. */

import type { Issue } from "../issue.js";

/**
 * Reports a violation.
 *
 * @param requirement id in docs/conformance.md, "NS-15"
 * @param path from the rule's subject, ".namespaces[1].type"
 */
export type Report = (requirement: string, path: string, message: string, severity?: Issue["severity"]) => void;

/** The subject has passed the check of types; when something in it has not, a rule may throw and is dropped. */
export type Rule<Subject> = (subject: Subject, report: Report) => void;
