/*
 * QuickJS with nothing but the language and the door: no eval, no modules from disk, no std or os module.
 * The release binary has a started engine at its end (payload.c). The debug binary, and the one that saves the image, start
 * it here from bytecode.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <quickjs.h>

#include "door.h"
#include "engine/substitutes.h"
#include "errors.h"
#include "heap.h"
#include "payload.h"

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque)
{
	(void)opaque;
	size_t size;
	const char *bytes = payload_find(name, &size);
	if (!bytes) {
		JS_ThrowReferenceError(ctx, "module \"%s\" is not in the binary", name);
		return NULL;
	}
	JSValue module = JS_ReadObject(ctx, (const uint8_t *)bytes, size, JS_READ_OBJ_BYTECODE);
	if (JS_IsException(module))
		return NULL;
	JSModuleDef *definition = JS_VALUE_GET_PTR(module);
	JS_FreeValue(ctx, module);
	return definition;
}

static int report(JSContext *ctx, JSValue error)
{
	/* of the engine's own errors ("out of memory") the kind says nothing to anybody */
	static const char kind[] = "InternalError: ";
	const char *message = JS_ToCString(ctx, error);
	if (message && !strncmp(message, kind, strlen(kind)))
		message += strlen(kind);
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

/* The engine with the door in it and main.js read. */
static bool start(void)
{
	JSRuntime *runtime = heap_new_runtime();

	if (!runtime)
		return false;
	HEAP->runtime = runtime;
	HEAP->context = new_context(runtime);
	if (!HEAP->context)
		return false;
	/* a command is over before cyclic garbage could matter; the limit is for the one that stays, `run` */
	JS_SetGCThreshold(HEAP->runtime, 64 << 20);
	JS_SetModuleLoaderFunc(HEAP->runtime, NULL, load_module, NULL);
	JSValue global = JS_GetGlobalObject(HEAP->context);
	JS_SetPropertyStr(HEAP->context, global, "tsrunDoor", door_new(HEAP->context));
	JS_FreeValue(HEAP->context, global);
	HEAP->main = load_module(HEAP->context, "main.js", NULL);
	return HEAP->main != NULL;
}

/* Runs all that the evaluation of a module, a promise, has put off; its exit status, 1 after an exception. */
static int finish(JSContext *ctx, JSValue result)
{
	if (JS_IsException(result))
		return report(ctx, JS_GetException(ctx));
	for (;;) {
		JSContext *job;
		int status = JS_ExecutePendingJob(JS_GetRuntime(ctx), &job);
		if (status == 0)
			break;
		if (status < 0)
			return report(job, JS_GetException(job));
	}
	if (JS_PromiseState(ctx, result) == JS_PROMISE_REJECTED)
		return report(ctx, JS_PromiseResult(ctx, result));
	return 0;
}

/*
 * The modules are evaluated before saving, but main.js. None may ask the kernel anything then, or facts about the build
 * machine would be baked in: the strict filter ends the process at the first system call but write and exit.
 */
static int save(char **modules)
{
	engine_time_stands = true;
	if (!start() || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		return 1;
	JSContext *ctx = HEAP->context;
	for (; *modules; modules++) {
		if (strcmp(*modules, "main.js") && finish(ctx, JS_LoadModule(ctx, NULL, *modules)) != 0)
			syscall(SYS_exit, 1);
	}
	HEAP->zeroing = engine_time_stands = false;
	syscall(SYS_exit, payload_save_image(STDOUT_FILENO) ? 0 : 1);
	return 1;
}

int engine_run(int argc, char **argv)
{
	enum payload payload = payload_map();

	if (payload == PAYLOAD_MISSING) {
		fprintf(stderr, "map our own code from \"/proc/self/exe\": %s%s\n", error_text(errno),
			errno == ENOENT ? ": mount a proc file system at /proc" : "");
		return 1;
	}
	if (payload == PAYLOAD_FILES && argc >= 2 && !strcmp(argv[1], "--save-image"))
		return save(argv + 2);
	if (payload == PAYLOAD_FILES && !start()) {
		fprintf(stderr, "engine: out of memory\n");
		return 1;
	}
	JSContext *ctx = HEAP->context;
	JSValue module = JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, HEAP->main));

	JS_UpdateStackTop(HEAP->runtime);
	door_set_argv(argc, argv);
	return finish(ctx, JS_ResolveModule(ctx, module) == 0 ? JS_EvalFunction(ctx, module) : JS_EXCEPTION);
}
