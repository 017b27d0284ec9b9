/*
 * The helpers that every binding uses (door.h) and the object that holds the bindings.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "errors.h"

static const int64_t MAX_SAFE_INTEGER = (INT64_C(1) << 53) - 1;

/* --- arguments ------------------------------------------------------------------------------------------------- */

bool get_int64(JSContext *ctx, JSValueConst value, int64_t *result)
{
	double number;

	if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
		*result = JS_VALUE_GET_INT(value);
		return true;
	}
	if (JS_IsBigInt(ctx, value))
		return JS_ToBigInt64(ctx, result, value) == 0;
	/* undefined must not become descriptor 0, nor 1.5 a flag */
	if (!JS_IsNumber(value) || JS_ToFloat64(ctx, &number, value) != 0 ||
	    !(number >= -(double)MAX_SAFE_INTEGER && number <= (double)MAX_SAFE_INTEGER) ||
	    (double)(int64_t)number != number) {
		JS_ThrowTypeError(ctx, "not an integer");
		return false;
	}
	*result = (int64_t)number;
	return true;
}

bool get_int(JSContext *ctx, JSValueConst value, int *result)
{
	int64_t number;

	if (!get_int64(ctx, value, &number))
		return false;
	if (number < INT32_MIN || number > UINT32_MAX) {
		JS_ThrowRangeError(ctx, "not an integer of 32 bits");
		return false;
	}
	*result = (int)(uint32_t)number;
	return true;
}

void text_free(struct text *text)
{
	if (text->at)
		JS_FreeCString(text->ctx, text->at);
}

bool get_text(JSContext *ctx, JSValueConst value, struct text *text)
{
	size_t length;

	if (!JS_IsString(value)) {
		JS_ThrowTypeError(ctx, "not a string");
		return false;
	}
	text->ctx = ctx;
	text->at = JS_ToCStringLen(ctx, &length, value);
	if (!text->at)
		return false;
	/* the kernel would take the part before it for the whole */
	if (strlen(text->at) != length) {
		JS_ThrowTypeError(ctx, "string with a NUL");
		return false;
	}
	return true;
}

bool get_text_or_null(JSContext *ctx, JSValueConst value, struct text *text)
{
	return JS_IsNull(value) || get_text(ctx, value, text);
}

bool get_count(JSContext *ctx, JSValueConst array, uint32_t *count)
{
	JSValue length;
	bool converted;

	if (JS_IsArray(ctx, array) <= 0) {
		JS_ThrowTypeError(ctx, "not an array");
		return false;
	}
	length = JS_GetPropertyStr(ctx, array, "length");
	converted = JS_ToUint32(ctx, count, length) == 0;
	JS_FreeValue(ctx, length);
	return converted;
}

void texts_free(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->count; i++)
		if (texts->at[i])
			JS_FreeCString(texts->ctx, texts->at[i]);
	if (texts->at)
		js_free(texts->ctx, texts->at);
}

bool get_texts(JSContext *ctx, JSValueConst value, struct texts *texts)
{
	uint32_t count;

	if (!get_count(ctx, value, &count))
		return false;
	texts->ctx = ctx;
	texts->at = js_mallocz(ctx, ((size_t)count + 1) * sizeof(*texts->at));
	if (!texts->at)
		return false;
	texts->count = count;
	for (uint32_t i = 0; i < count; i++) {
		JSValue item = JS_GetPropertyUint32(ctx, value, i);
		struct text text = {0};
		bool converted = get_text(ctx, item, &text);
		texts->at[i] = text.at;
		JS_FreeValue(ctx, item);
		if (!converted)
			return false;
	}
	return true;
}

void ints_free(struct ints *ints)
{
	if (ints->at)
		js_free(ints->ctx, ints->at);
}

bool get_ints(JSContext *ctx, JSValueConst value, struct ints *ints)
{
	if (!get_count(ctx, value, &ints->count))
		return false;
	ints->ctx = ctx;
	ints->at = js_malloc(ctx, ((size_t)ints->count + 1) * sizeof(*ints->at));
	if (!ints->at)
		return false;
	for (uint32_t i = 0; i < ints->count; i++) {
		JSValue item = JS_GetPropertyUint32(ctx, value, i);
		bool converted = get_int(ctx, item, &ints->at[i]);
		JS_FreeValue(ctx, item);
		if (!converted)
			return false;
	}
	return true;
}

void bytes_free(struct bytes *bytes)
{
	if (bytes->text)
		JS_FreeCString(bytes->ctx, bytes->text);
}

bool get_bytes(JSContext *ctx, JSValueConst value, struct bytes *bytes)
{
	bytes->ctx = ctx;
	if (JS_IsString(value)) {
		bytes->text = JS_ToCStringLen(ctx, &bytes->length, value);
		bytes->at = (const uint8_t *)bytes->text;
		return bytes->text != NULL;
	}
	bytes->at = JS_GetArrayBuffer(ctx, &bytes->length, value);
	/* an empty ArrayBuffer may have no memory, and is no error */
	return bytes->at != NULL || !JS_HasException(ctx);
}

void memory_free(struct memory *memory)
{
	if (memory->at)
		js_free(memory->ctx, memory->at);
}

void *get_memory(JSContext *ctx, size_t size, struct memory *memory)
{
	memory->ctx = ctx;
	memory->at = js_malloc(ctx, size > 0 ? size : 1);
	return memory->at;
}

bool field_int(JSContext *ctx, JSValueConst object, const char *name, int *result)
{
	JSValue value = JS_GetPropertyStr(ctx, object, name);
	bool converted = !JS_IsException(value) && get_int(ctx, value, result);

	JS_FreeValue(ctx, value);
	return converted;
}

bool field_int64(JSContext *ctx, JSValueConst object, const char *name, int64_t *result)
{
	JSValue value = JS_GetPropertyStr(ctx, object, name);
	bool converted = !JS_IsException(value) && get_int64(ctx, value, result);

	JS_FreeValue(ctx, value);
	return converted;
}

bool get_capability_sets(JSContext *ctx, JSValueConst value, struct __user_cap_data_struct *sets)
{
	int64_t effective, permitted, inheritable;

	if (!field_int64(ctx, value, "effective", &effective) || !field_int64(ctx, value, "permitted", &permitted) ||
	    !field_int64(ctx, value, "inheritable", &inheritable))
		return false;
	for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
		sets[word].effective = (uint32_t)((uint64_t)effective >> 32 * word);
		sets[word].permitted = (uint32_t)((uint64_t)permitted >> 32 * word);
		sets[word].inheritable = (uint32_t)((uint64_t)inheritable >> 32 * word);
	}
	return true;
}

/* --- results --------------------------------------------------------------------------------------------------- */

JSValue new_integer(JSContext *ctx, int64_t value)
{
	if (value < -MAX_SAFE_INTEGER || value > MAX_SAFE_INTEGER)
		return JS_NewBigInt64(ctx, value);
	return JS_NewInt64(ctx, value);
}

JSValue new_unsigned(JSContext *ctx, uint64_t value)
{
	if (value > (uint64_t)MAX_SAFE_INTEGER)
		return JS_NewBigUint64(ctx, value);
	return JS_NewInt64(ctx, (int64_t)value);
}

JSValue complete(JSContext *ctx, JSValue value)
{
	if (!JS_HasException(ctx))
		return value;
	JS_FreeValue(ctx, value);
	return JS_EXCEPTION;
}

JSValue new_ints(JSContext *ctx, const int *values, size_t count)
{
	JSValue array = JS_NewArray(ctx);

	for (size_t i = 0; i < count; i++)
		JS_SetPropertyUint32(ctx, array, (uint32_t)i, JS_NewInt32(ctx, values[i]));
	return complete(ctx, array);
}

JSValue new_texts(JSContext *ctx, char *const *values, size_t count)
{
	JSValue array = JS_NewArray(ctx);

	for (size_t i = 0; i < count; i++)
		JS_SetPropertyUint32(ctx, array, (uint32_t)i, JS_NewString(ctx, values[i]));
	return complete(ctx, array);
}

JSValue throw_errno_detail(JSContext *ctx, const char *syscall, int error, const char *detail, int argc,
			   JSValueConst *argv)
{
	const int hidden = JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE;
	JSValue thrown = JS_NewError(ctx);
	JSValue args = JS_NewArray(ctx);
	MEMORY(message);
	size_t size = strlen(error_text(error)) + 2 + strlen(detail) + 1;

	if (!get_memory(ctx, size, &message)) {
		JS_FreeValue(ctx, thrown);
		JS_FreeValue(ctx, args);
		return JS_EXCEPTION;
	}
	snprintf(message.at, size, "%s%s%s", error_text(error), *detail ? ": " : "", detail);
	for (int i = 0; i < argc; i++)
		JS_SetPropertyUint32(ctx, args, (uint32_t)i, JS_DupValue(ctx, argv[i]));
	JS_DefinePropertyValueStr(ctx, thrown, "message", JS_NewString(ctx, message.at), hidden);
	JS_SetPropertyStr(ctx, thrown, "errno", JS_NewInt32(ctx, error));
	JS_SetPropertyStr(ctx, thrown, "code", JS_NewString(ctx, error_name(error)));
	JS_SetPropertyStr(ctx, thrown, "syscall", JS_NewString(ctx, syscall));
	JS_SetPropertyStr(ctx, thrown, "args", args);
	return JS_Throw(ctx, thrown);
}

JSValue throw_errno(JSContext *ctx, const char *syscall, int error, int argc, JSValueConst *argv)
{
	return throw_errno_detail(ctx, syscall, error, "", argc, argv);
}

JSValue return_number(JSContext *ctx, long result, const char *syscall, int argc, JSValueConst *argv)
{
	if (result == -1)
		return throw_errno(ctx, syscall, errno, argc, argv);
	return new_integer(ctx, result);
}

JSValue return_nothing(JSContext *ctx, long result, const char *syscall, int argc, JSValueConst *argv)
{
	if (result == -1)
		return throw_errno(ctx, syscall, errno, argc, argv);
	return JS_UNDEFINED;
}

/* --- the object ------------------------------------------------------------------------------------------------ */

JSValue door_new(JSContext *ctx)
{
	JSValue door = JS_NewObject(ctx);

	JS_SetPropertyFunctionList(ctx, door, door_fs, door_fs_count);
	JS_SetPropertyFunctionList(ctx, door, door_mount, door_mount_count);
	JS_SetPropertyFunctionList(ctx, door, door_process, door_process_count);
	JS_SetPropertyFunctionList(ctx, door, door_exec, door_exec_count);
	JS_SetPropertyFunctionList(ctx, door, door_signal, door_signal_count);
	JS_SetPropertyFunctionList(ctx, door, door_schedule, door_schedule_count);
	JS_SetPropertyFunctionList(ctx, door, door_credentials, door_credentials_count);
	JS_SetPropertyFunctionList(ctx, door, door_network, door_network_count);
	JS_SetPropertyFunctionList(ctx, door, door_tty, door_tty_count);
	JS_SetPropertyFunctionList(ctx, door, door_poll, door_poll_count);
	JS_SetPropertyFunctionList(ctx, door, door_bpf, door_bpf_count);
	JS_SetPropertyFunctionList(ctx, door, door_seccomp, door_seccomp_count);
	JS_SetPropertyFunctionList(ctx, door, door_time, door_time_count);
	return door;
}
