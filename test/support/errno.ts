/** The errors that the native door throws, made on Node: `SysError {errno, code, syscall, args}` with strerror's text. */
import { constants } from "node:os";
import type { SysError } from "../../src/sys/door.js";

/** What strerror(3) says; only the errnos that tests ask for. */
const texts = {
	EPERM: "Operation not permitted",
	ENOENT: "No such file or directory",
	ESRCH: "No such process",
	EINTR: "Interrupted system call",
	EIO: "Input/output error",
	ENXIO: "No such device or address",
	E2BIG: "Argument list too long",
	ENOEXEC: "Exec format error",
	EBADF: "Bad file descriptor",
	ECHILD: "No child processes",
	EAGAIN: "Resource temporarily unavailable",
	ENOMEM: "Cannot allocate memory",
	EACCES: "Permission denied",
	EFAULT: "Bad address",
	EBUSY: "Device or resource busy",
	EEXIST: "File exists",
	EXDEV: "Invalid cross-device link",
	ENODEV: "No such device",
	ENOTDIR: "Not a directory",
	EISDIR: "Is a directory",
	EINVAL: "Invalid argument",
	ENFILE: "Too many open files in system",
	EMFILE: "Too many open files",
	ENOTTY: "Inappropriate ioctl for device",
	ETXTBSY: "Text file busy",
	EFBIG: "File too large",
	ENOSPC: "No space left on device",
	EROFS: "Read-only file system",
	EMLINK: "Too many links",
	EPIPE: "Broken pipe",
	EDOM: "Numerical argument out of domain",
	ERANGE: "Numerical result out of range",
	ENAMETOOLONG: "File name too long",
	ENOSYS: "Function not implemented",
	ENOTEMPTY: "Directory not empty",
	ELOOP: "Too many levels of symbolic links",
	EOVERFLOW: "Value too large for defined data type",
	EOPNOTSUPP: "Operation not supported",
	EADDRINUSE: "Address already in use",
	ECONNREFUSED: "Connection refused",
	ECONNRESET: "Connection reset by peer",
	ENOTCONN: "Transport endpoint is not connected",
	ETIMEDOUT: "Connection timed out",
	EDQUOT: "Disk quota exceeded",
} as const;

export type ErrnoName = keyof typeof texts;

export function sysError(syscall: string, code: ErrnoName, args: readonly unknown[] = []): SysError {
	return Object.assign(new Error(texts[code]), { errno: constants.errno[code], code, syscall, args });
}
