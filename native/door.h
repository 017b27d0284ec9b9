/*
 * What the bindings share: taking JavaScript values apart into C, and giving results or errors back.
 *
 * A binding converts its arguments, makes one system call and returns. The get_* functions answer false with a
 * JavaScript exception pending; the binding then returns JS_EXCEPTION. What they hold is given back by scope.
 */
#ifndef TSRUN_DOOR_H
#define TSRUN_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* The object with every binding: `globalThis.tsrunDoor`. */
JSValue door_new(JSContext *ctx);

/* The command line that argv() answers with; the strings must outlive the context. */
void door_set_argv(int argc, char **argv);

/* The chapters: sys_NAME.c. */
extern const JSCFunctionListEntry door_fs[];
extern const int door_fs_count;
extern const JSCFunctionListEntry door_mount[];
extern const int door_mount_count;
extern const JSCFunctionListEntry door_process[];
extern const int door_process_count;
extern const JSCFunctionListEntry door_exec[];
extern const int door_exec_count;
extern const JSCFunctionListEntry door_signal[];
extern const int door_signal_count;
extern const JSCFunctionListEntry door_schedule[];
extern const int door_schedule_count;
extern const JSCFunctionListEntry door_credentials[];
extern const int door_credentials_count;
extern const JSCFunctionListEntry door_network[];
extern const int door_network_count;
extern const JSCFunctionListEntry door_tty[];
extern const int door_tty_count;
extern const JSCFunctionListEntry door_poll[];
extern const int door_poll_count;
extern const JSCFunctionListEntry door_bpf[];
extern const int door_bpf_count;
extern const JSCFunctionListEntry door_seccomp[];
extern const int door_seccomp_count;
extern const JSCFunctionListEntry door_time[];
extern const int door_time_count;

/* BINDING opens the definition of the function behind `tsrunDoor.name`, ENTRY is its place in the chapter's table. */
#define UNUSED __attribute__((unused))
#define BINDING(name)                                                                                                  \
	static JSValue call_##name(UNUSED JSContext *ctx, UNUSED JSValueConst this_value, UNUSED int argc,             \
				   UNUSED JSValueConst *argv)
#define ENTRY(name, length) JS_CFUNC_DEF(#name, length, call_##name)

/* --- arguments ------------------------------------------------------------------------------------------------- */

/* An integer of 64 bits: a whole number up to 2^53, or a BigInt of which the low 64 bits are taken. */
bool get_int64(JSContext *ctx, JSValueConst value, int64_t *result);

/* An integer of 32 bits, signed or unsigned (a flag word may use the highest bit). */
bool get_int(JSContext *ctx, JSValueConst value, int *result);

/* A string without a NUL, for the kernel. */
struct text {
	JSContext *ctx;
	const char *at; /* NULL for JavaScript's null */
};
void text_free(struct text *text);
#define TEXT(name) __attribute__((cleanup(text_free))) struct text name = {0}
bool get_text(JSContext *ctx, JSValueConst value, struct text *text);
bool get_text_or_null(JSContext *ctx, JSValueConst value, struct text *text);

/* A vector of strings that ends with NULL, as execve(2) wants it. */
struct texts {
	JSContext *ctx;
	const char **at;
	uint32_t count;
};
void texts_free(struct texts *texts);
#define TEXTS(name) __attribute__((cleanup(texts_free))) struct texts name = {0}
bool get_texts(JSContext *ctx, JSValueConst value, struct texts *texts);

/* An array of integers: descriptors, signals, group ids. */
struct ints {
	JSContext *ctx;
	int *at;
	uint32_t count;
};
void ints_free(struct ints *ints);
#define INTS(name) __attribute__((cleanup(ints_free))) struct ints name = {0}
bool get_ints(JSContext *ctx, JSValueConst value, struct ints *ints);

/* The bytes of an ArrayBuffer, or of a string in UTF-8. */
struct bytes {
	JSContext *ctx;
	const char *text; /* what to free when it was a string */
	const uint8_t *at;
	size_t length;
};
void bytes_free(struct bytes *bytes);
#define BYTES(name) __attribute__((cleanup(bytes_free))) struct bytes name = {0}
bool get_bytes(JSContext *ctx, JSValueConst value, struct bytes *bytes);

/* Memory for a binding's own use, given back by scope; NULL with an exception pending. */
struct memory {
	JSContext *ctx;
	void *at;
};
void memory_free(struct memory *memory);
#define MEMORY(name) __attribute__((cleanup(memory_free))) struct memory name = {0}
void *get_memory(JSContext *ctx, size_t size, struct memory *memory);

/* The length of an array. */
bool get_count(JSContext *ctx, JSValueConst array, uint32_t *count);

/* A property of an object, converted. */
bool field_int(JSContext *ctx, JSValueConst object, const char *name, int *result);
bool field_int64(JSContext *ctx, JSValueConst object, const char *name, int64_t *result);

/* {effective, permitted, inheritable} as capset(2) takes them: two words of 32 bits each. */
struct __user_cap_data_struct;
bool get_capability_sets(JSContext *ctx, JSValueConst value, struct __user_cap_data_struct *sets);

/* --- results --------------------------------------------------------------------------------------------------- */

/* A number, or a BigInt beyond 2^53 - 1. */
JSValue new_integer(JSContext *ctx, int64_t value);
JSValue new_unsigned(JSContext *ctx, uint64_t value);

/* The object or array when all of it could be made; a part of it, without memory for the rest, is none. */
JSValue complete(JSContext *ctx, JSValue value);

/* An array of numbers. */
JSValue new_ints(JSContext *ctx, const int *values, size_t count);
JSValue new_texts(JSContext *ctx, char *const *values, size_t count);

/* Throws the Error {message, errno, code, syscall, args}; `error` is positive. */
JSValue throw_errno(JSContext *ctx, const char *syscall, int error, int argc, JSValueConst *argv);

/* The same with a text of its own after strerror(3)'s. */
JSValue throw_errno_detail(JSContext *ctx, const char *syscall, int error, const char *detail, int argc,
			   JSValueConst *argv);

/* What a call returned: -1 throws errno, anything else is the number. */
JSValue return_number(JSContext *ctx, long result, const char *syscall, int argc, JSValueConst *argv);

/* The same for calls that return nothing else than success. */
JSValue return_nothing(JSContext *ctx, long result, const char *syscall, int argc, JSValueConst *argv);

/* How a binding ends. A call interrupted by a signal is made again. */
#define RETRY(call)                                                                                                    \
	({                                                                                                             \
		long retried;                                                                                          \
		do                                                                                                     \
			retried = (call);                                                                              \
		while (retried == -1 && errno == EINTR);                                                               \
		retried;                                                                                               \
	})
#define THROW(syscall, error) throw_errno(ctx, syscall, error, argc, argv)
#define RETURN_NUMBER(syscall, call) return return_number(ctx, (call), syscall, argc, argv)
#define RETURN_NOTHING(syscall, call) return return_nothing(ctx, (call), syscall, argc, argv)

#endif
