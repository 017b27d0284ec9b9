/*
 * Starts QuickJS with nothing but the language and the door: no eval, no modules from disk, no std or os module.
 * Modules are bytecode from the table in the binary, read when they are first imported.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quickjs.h>

#include "door.h"

const char *embedded_find(const char *name, size_t *size)
{
	for (const struct embedded_file *file = embedded_files; file->name; file++) {
		if (!strcmp(file->name, name)) {
			*size = file->size;
			return (const char *)file->bytes;
		}
	}
	return NULL;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque)
{
	(void)opaque;
	size_t size;
	const char *bytes = embedded_find(name, &size);
	if (!bytes) {
		JS_ThrowReferenceError(ctx, "module \"%s\" is not in the binary", name);
		return NULL;
	}
	JSValue module = JS_ReadObject(ctx, (const uint8_t *)bytes, size, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
	if (JS_IsException(module))
		return NULL;
	JSModuleDef *definition = JS_VALUE_GET_PTR(module);
	JS_FreeValue(ctx, module);
	return definition;
}

static int report(JSContext *ctx, JSValue error)
{
	const char *message = JS_ToCString(ctx, error);
	JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
	const char *trace = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
	fprintf(stderr, "engine: %s\n%s", message ? message : "unknown error", trace ? trace : "");
	return 1;
}

static JSContext *new_context(JSRuntime *runtime)
{
	JSContext *ctx = JS_NewContextRaw(runtime);
	if (!ctx)
		return NULL;
	JS_AddIntrinsicBaseObjects(ctx);
	JS_AddIntrinsicDate(ctx);
	JS_AddIntrinsicRegExp(ctx);
	JS_AddIntrinsicJSON(ctx);
	JS_AddIntrinsicMapSet(ctx);
	JS_AddIntrinsicTypedArrays(ctx);
	JS_AddIntrinsicPromise(ctx);
	return ctx;
}

int engine_run(int argc, char **argv)
{
	JSRuntime *runtime = JS_NewRuntime();
	JSContext *ctx = runtime ? new_context(runtime) : NULL;
	if (!ctx) {
		fprintf(stderr, "engine: out of memory\n");
		return 1;
	}
	/* a command is over before cyclic garbage could matter; the limit is for the one that stays, `run` */
	JS_SetGCThreshold(runtime, 64 << 20);
	JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
	door_set_argv(argc, argv);
	JSValue global = JS_GetGlobalObject(ctx);
	JS_SetPropertyStr(ctx, global, "tsrunDoor", door_new(ctx));
	JS_FreeValue(ctx, global);

	JSModuleDef *definition = load_module(ctx, "main.js", NULL);
	JSValue result = JS_EXCEPTION;
	if (definition) {
		JSValue module = JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, definition));
		if (JS_ResolveModule(ctx, module) == 0)
			result = JS_EvalFunction(ctx, module);
	}
	if (JS_IsException(result))
		return report(ctx, JS_GetException(ctx));
	for (;;) {
		JSContext *job;
		int status = JS_ExecutePendingJob(runtime, &job);
		if (status == 0)
			break;
		if (status < 0)
			return report(job, JS_GetException(job));
	}
	if (JS_PromiseState(ctx, result) == JS_PROMISE_REJECTED)
		return report(ctx, JS_PromiseResult(ctx, result));
	return 0;
}
